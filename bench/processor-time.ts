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
	const records = recordsOf(log);
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

/** Of the log's last record: what its process had taken by then. */
export function lastProcessorTimeMs(log: string): number {
	return recordsOf(log).at(-1)?.cpuMs ?? 0;
}

function recordsOf(log: string): readonly LogRecord[] {
	return log
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as LogRecord);
}

const starts = 5;

/**
 * What starting anything on Node takes in the same virtual machine: `node -e 0`, the agent that only says its version, and
 * bare-join.cjs. The first one of each is what counts for a join: nothing has run before it that an emulator could have
 * translated already. The best of several shows what is left then.
 */
export async function bareStartRows(
	cluster: ClusterFarm,
	{ machine, folder, name }: ClusterNode,
): Promise<readonly Row[]> {
	// Node as it is, without the agent.
	await send(cluster, machine, folder, process.execPath, "/dev/shm/node");
	await send(cluster, machine, folder, join(import.meta.dirname, "bare-join.cjs"), "/dev/shm/bare-join.cjs");
	const server = await machine.guest.output("awk '/server:/ { print $2 }' /etc/kubernetes/kubelet.conf");
	const firstAndBest = async (command: string) => {
		const times = await machine.guest.output(
			`for _ in $(seq ${starts}); do bash -c 'TIMEFORMAT="%U %S"; time ${command} >/dev/null' 2>&1; done`,
		);
		const sums = times
			.split("\n")
			.map((line) => line.split(" ").reduce((sum, each) => sum + Number(each), 0));
		if (sums.length !== starts || sums.some(Number.isNaN)) throw new Error(`${command}: ${times}`);
		return `${seconds((sums[0] ?? 0) * 1000)} first, ${seconds(Math.min(...sums) * 1000)} best`;
	};
	const compared = [
		["node -e 0", "/dev/shm/node -e 0"],
		[
			"a bare Node that makes a join's requests and starts one program",
			`/dev/shm/node --use-openssl-ca /dev/shm/bare-join.cjs ${server.trim()} ${name}`,
		],
		["agent --version", "/usr/lib/netherd/agent --version"],
	] as const;
	const rows: Row[] = [];
	for (const [what, command] of compared) {
		rows.push({ what: `  for comparison: ${what}`, measured: await firstAndBest(command) });
	}
	return rows;
}

/** A file into the guest's memory; bash speaks TCP. */
async function send(
	cluster: ClusterFarm,
	machine: ClusterNode["machine"],
	folder: string,
	file: string,
	to: string,
): Promise<void> {
	const serving = [process.execPath, join(import.meta.dirname, "serve-file.ts"), file];
	const log = join(folder, "serve-file.log");
	const server = cluster.farm.start([...serving, farmNetwork.address], log);
	while (server.lines.length === 0) await sleep(50);
	const port = server.lines[0]?.text;
	await machine.guest.output(
		`bash -c 'cat <>/dev/tcp/${farmNetwork.address}/${port} >${to} && chmod +x ${to}'`,
	);
	await server.stop();
}

function seconds(milliseconds: number): string {
	return `${(milliseconds / 1000).toFixed(2)} s`;
}
