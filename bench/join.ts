import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sayWithTime } from "../image/progress.ts";
import { ClusterFarm, type ClusterNode } from "../vm-tests/kubernetes/cluster-farm.ts";
import { ltsConfFor } from "../vm-tests/kubernetes/lts-conf.ts";
import { prepareBoots, vmFolder } from "../vm-tests/lib/prepare.ts";
import { bareStartRows, lastProcessorTimeMs, processorTimeRows } from "./processor-time.ts";
import type { Row } from "./table.ts";

/** What happens on the way to Ready, in order: where a node's log or systemd says so, and who needs the time from there on. */
const milestones: readonly { readonly row: string; readonly from: Source }[] = [
	{ row: "network: until it is online", from: { unit: "systemd" } },
	{
		row: "runtime: until containerd runs, rc.local, the join's unit starts",
		from: { unit: "network-online.target" },
	},
	{ row: "agent: until kubeadm runs", from: { unit: "netherd-join.service", when: "starts" } },
	{ row: "kubeadm: preflight and discovery", from: { log: "[preflight] Running pre-flight checks" } },
	{
		row: "kubeadm: reads the cluster's configuration",
		from: { log: "[preflight] Reading configuration from the cluster" },
	},
	{
		row: "kubeadm: writes the kubelet's, starts it",
		from: { log: "[kubelet-start] Writing kubelet configuration to file" },
	},
	{
		row: "kubelet: starts, gets its certificate, registers",
		from: { log: "[kubelet-start] Waiting for the kubelet to perform" },
	},
	{ row: "CNI: network ready, seen by the cluster", from: { node: ".metadata.creationTimestamp" } },
];
const ready: Source = { node: '.status.conditions[?(@.type=="Ready")].lastTransitionTime' };

/** Where the time of a milestone is found. */
type Source =
	/** systemd itself, or a unit: when it became active, or began to. */
	| { readonly unit: string; readonly when?: "starts" }
	/** The first record of the agent's log that holds this. */
	| { readonly log: string }
	/** A time in the Node object, in whole seconds. */
	| { readonly node: string };

/** From the start of systemd to Ready, of one node that boots over PXE and joins a real cluster. */
export async function benchJoin(): Promise<readonly Row[]> {
	const say = sayWithTime();
	const setup = await prepareBoots(say);
	const folder = join(vmFolder, "bench-join");
	rmSync(folder, { recursive: true, force: true });
	await using cluster = await ClusterFarm.create({ folder, setup, say }, ltsConfFor);
	await cluster.controlPlane.start();
	const node = await cluster.powerOn();
	const cpu = node.machine.guest.output(agentCpuSeconds, { timeoutMs: 600_000 });
	await cluster.ready(node);
	await cluster.showNodes();

	const watchedMs = Number(await cpu) * 1000;
	const log = await node.machine.guest.output("cat /run/netherd/agent.log");
	// Whoever looks from time to time misses the last moments, and the log has them.
	const totalMs = Math.max(watchedMs, lastProcessorTimeMs(log));
	writeFileSync(join(node.folder, "agent.log"), log);
	await cluster.saveJournal(node);
	const clock = new NodeClock(cluster, node);
	const startMs = await clock.timeOf({ unit: "systemd" });
	const times: number[] = [];
	for (const { from } of milestones) times.push(await clock.timeOf(from));
	times.push(await clock.timeOf(ready));
	const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
	return [
		...milestones.map(({ row }, index) => ({
			what: row,
			measured: seconds((times[index + 1] ?? 0) - (times[index] ?? 0)),
		})),
		{ what: "from the start of systemd to Ready", measured: seconds((times.at(-1) ?? 0) - startMs) },
		{
			what: "processor time of the agent in the join",
			measured: `${(totalMs / 1000).toFixed(2)} s`,
			wanted: "≤ 1 s",
		},
		...processorTimeRows(log, totalMs),
		...(await bareStartRows(cluster, node)),
	];
}

/** Watches the unit's main process, whose children count for themselves (proc_pid_stat(5)), until it ends. */
const agentCpuSeconds = `until id=$(systemctl show --property MainPID --value netherd-join) && [ "\${id:-0}" != 0 ]; do sleep 0.3; done
while read -r line 2>/dev/null </proc/$id/stat; do last=$line; sleep 0.3; done
set -- \${last##*) }
awk -v ticks=$((\${12} + \${13})) -v rate=$(getconf CLK_TCK) 'BEGIN { printf "%.2f", ticks / rate }'`;

/** Reads times of one node, in milliseconds since 1970. */
class NodeClock {
	readonly #cluster: ClusterFarm;
	readonly #node: ClusterNode;
	#log: readonly { readonly time: string; readonly text: string }[] | undefined;

	constructor(cluster: ClusterFarm, node: ClusterNode) {
		this.#cluster = cluster;
		this.#node = node;
	}

	async timeOf(source: Source): Promise<number> {
		const timeMs = await this.#find(source);
		if (Number.isFinite(timeMs)) return timeMs;
		throw new Error(`the node does not say when this was: ${JSON.stringify(source)}`);
	}

	async #find(source: Source): Promise<number> {
		if ("node" in source) {
			const path = `--output=jsonpath={${source.node}}`;
			return Date.parse(await this.#cluster.controlPlane.kubectl("get", "node", this.#node.name, path));
		}
		if ("log" in source) {
			this.#log ??= (await this.#node.machine.guest.output("cat /run/netherd/agent.log"))
				.split("\n")
				.map((text) => ({
					time: /"time":"([^"]+)"/.exec(text)?.[1] ?? "",
					text,
				}));
			return Date.parse(this.#log.find(({ text }) => text.includes(source.log))?.time ?? "");
		}
		const property =
			source.unit === "systemd"
				? "UserspaceTimestamp"
				: source.when === "starts"
					? "InactiveExitTimestamp"
					: "ActiveEnterTimestamp";
		const unit = source.unit === "systemd" ? "" : source.unit;
		const microseconds = await this.#node.machine.guest.output(
			`systemctl show --property ${property}Monotonic --value ${unit}`,
		);
		// The node's own clock at boot: systemd's times are those of the monotonic clock.
		const bootMs = await this.#node.machine.guest.output(
			`awk -v now="$(date +%s.%N)" '{ printf "%.0f", (now - $1) * 1000 }' /proc/uptime`,
		);
		return Number(bootMs) + Number(microseconds) / 1000;
	}
}
