import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterFarm, ClusterNode } from "../vm-tests/kubernetes/cluster-farm.ts";
import { farmNetwork } from "../vm-tests/lib/farm.ts";
import type { Row } from "./table.ts";

/** A record of the agent's log; `cpuMs` is what the process has taken so far. */
export interface LogRecord {
	readonly msg: string;
	readonly cpuMs: number;
	readonly event?: string;
}

/** What the join's agent takes processor time for, in order: each ends with the first record that fits. */
const parts: readonly { readonly what: string; readonly ends: (record: LogRecord) => boolean }[] = [
	{ what: "Node starts and loads what is ours", ends: ({ msg }) => isStart(msg) },
	{ what: "facts and plan", ends: ({ msg }) => /^join \d+-/.test(msg) },
	{
		what: "looks for runtime and API server, starts kubeadm",
		ends: ({ msg }) => msg.includes("[preflight] Running pre-flight checks"),
	},
	{ what: "while kubeadm runs", ends: ({ event }) => event === "joined" },
	{ what: "asks for the Node until it is Ready", ends: ({ event }) => event === "node-ready" },
];

const isStart = (msg: string) => /^agent \S+ joins$/.test(msg);

/**
 * The join's processor time by cause.
 *
 * @param log The agent's log, with the boot's records before.
 * @param totalMs What the kernel counted until the process ended.
 * @throws {Error} When the log lacks the end of a part.
 */
export function processorTimeRows(log: string, totalMs: number): readonly Row[] {
	const records = log
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as LogRecord);
	const join = records.slice(records.findLastIndex(({ msg }) => isStart(msg)));
	let beforeMs = 0;
	const rows = parts.map(({ what, ends }) => {
		const end = join.find(ends);
		if (end === undefined) throw new Error(`the agent's log does not say when this was over: ${what}`);
		const tookMs = end.cpuMs - beforeMs;
		beforeMs = end.cpuMs;
		return { what: `  ${what}`, measured: seconds(tookMs) };
	});
	return [...rows, { what: "  the end", measured: seconds(totalMs - beforeMs) }];
}

const starts = 5;

/**
 * What starting anything on Node takes in the same virtual machine: `node -e 0`, the agent that only says its version, and
 * a TLS client without a connection. The first one of each is what counts for a join: nothing has run before it that an
 * emulator could have translated already. The best of several shows what is left then.
 */
export async function bareStartRows(
	cluster: ClusterFarm,
	{ machine, folder }: ClusterNode,
): Promise<readonly Row[]> {
	const serving = [process.execPath, join(import.meta.dirname, "serve-file.ts"), process.execPath];
	const server = cluster.farm.start([...serving, farmNetwork.address], join(folder, "serve-file.log"));
	while (server.lines.length === 0) await sleep(50);
	const port = server.lines[0]?.text;
	// Node as it is, without the agent; bash speaks TCP.
	await machine.guest.output(
		`bash -c 'cat <>/dev/tcp/${farmNetwork.address}/${port} >/dev/shm/node && chmod +x /dev/shm/node'`,
	);
	await server.stop();
	const firstAndBest = async (command: string) => {
		const times = await machine.guest.output(
			`for _ in $(seq ${starts}); do bash -c 'TIMEFORMAT="%U %S"; time ${command} >/dev/null' 2>&1; done`,
		);
		const sums = times
			.split("\n")
			.map((line) => line.split(" ").reduce((sum, each) => sum + Number(each), 0));
		return `${seconds((sums[0] ?? 0) * 1000)} first, ${seconds(Math.min(...sums) * 1000)} best`;
	};
	return [
		{ what: "  for comparison: node -e 0", measured: await firstAndBest("/dev/shm/node -e 0") },
		{
			what: "  for comparison: the same, with node:tls and node:child_process",
			measured: await firstAndBest(
				`/dev/shm/node --use-openssl-ca -e "require(\\"tls\\"), require(\\"child_process\\")"`,
			),
		},
		{
			what: "  for comparison: agent --version",
			measured: await firstAndBest("/usr/lib/netherd/agent --version"),
		},
	];
}

function seconds(milliseconds: number): string {
	return `${(milliseconds / 1000).toFixed(2)} s`;
}
