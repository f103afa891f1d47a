import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa, execaSync } from "execa";
import { undoAtTheEnd } from "./leftovers.ts";
import type { LinkOptions } from "./link-relay.ts";

/** Two network namespaces with a slow link between them; nothing else is reached from there. */
export interface Link {
	readonly serverAddress: string;
	/** Before a command line: runs it in the server's namespace, or in the client's. */
	readonly inServer: readonly string[];
	readonly inClient: readonly string[];
	/** What makes the link slow, for the table. */
	readonly how: string;
	close(): void;
}

const serverAddress = "10.78.66.1";
const clientAddress = "10.78.66.2";

/** By netem where the kernel has it, else by a relay between TUN devices. */
export async function makeLink(options: Omit<LinkOptions, "names">): Promise<Link> {
	const server = `netherd-bench-s${process.pid}`;
	const client = `netherd-bench-c${process.pid}`;
	const undoings: (() => void)[] = [];
	const close = () => {
		for (const undo of undoings.toReversed()) undo();
	};
	try {
		for (const name of [server, client]) {
			undoings.push(
				undoAtTheEnd(() => execaSync("setsid", ["--wait", "ip", "netns", "del", name], { reject: false })),
			);
			await ip("netns", "add", name);
		}
		const how = (await hasNetem(server))
			? await linkByNetem(server, client, options)
			: await linkByRelay(server, client, options, undoings);
		return {
			serverAddress,
			inServer: inNamespace(server),
			inClient: inNamespace(client),
			how: `${how}, ${options.delayMs} ms in each direction, queue of 1,000 packets, cubic`,
			close,
		};
	} catch (error) {
		close();
		throw error;
	}
}

async function hasNetem(namespace: string): Promise<boolean> {
	const onLoopback = (verb: string) => ["-netns", namespace, "qdisc", verb, "dev", "lo", "root"];
	const { failed } = await execa("tc", [...onLoopback("add"), "netem", "delay", "1ms"], { reject: false });
	if (!failed) await execa("tc", onLoopback("del"));
	return !failed;
}

async function linkByNetem(
	server: string,
	client: string,
	{ bitsPerSecond, delayMs, lostShare }: Omit<LinkOptions, "names">,
): Promise<string> {
	await ip("link", "add", "wire", "netns", server, "type", "veth", "peer", "name", "wire", "netns", client);
	for (const namespace of [server, client]) {
		// A train of packets that the kernel handles as one would be lost as one.
		if (lostShare > 0) await ip("-netns", namespace, "link", "set", "wire", "gso_max_segs", "1");
		const loss = lostShare > 0 && namespace === server ? ["loss", `${100 * lostShare}%`] : [];
		const netem = ["netem", "limit", "1000", "rate", `${bitsPerSecond}bit`, "delay", `${delayMs}ms`, ...loss];
		await execa("tc", ["-netns", namespace, "qdisc", "add", "dev", "wire", "root", ...netem]);
	}
	await address(server, "wire", serverAddress, clientAddress);
	await address(client, "wire", clientAddress, serverAddress);
	return "tc netem on a veth pair";
}

async function linkByRelay(
	server: string,
	client: string,
	options: Omit<LinkOptions, "names">,
	undoings: (() => void)[],
): Promise<string> {
	const names = [`nhbs${process.pid}`, `nhbc${process.pid}`] as const;
	// It is the wire: it must not wait for those that use it.
	const relay = execa(
		"chrt",
		[
			"--fifo",
			"10",
			process.execPath,
			"--disable-warning=ExperimentalWarning",
			join(import.meta.dirname, "link-relay.ts"),
			JSON.stringify({ ...options, names }),
		],
		{ reject: false },
	);
	undoings.push(undoAtTheEnd(() => relay.kill("SIGKILL")));
	let ended: string | undefined;
	relay.then(({ stderr }) => {
		ended = stderr;
	});
	while (!existsSync(`/sys/class/net/${names[1]}`)) {
		if (ended !== undefined) throw new Error(`the relay ended: ${ended}`);
		await sleep(20);
	}
	const ends = [
		[names[0], server, serverAddress, clientAddress],
		[names[1], client, clientAddress, serverAddress],
	] as const;
	for (const [device, namespace, own, other] of ends) {
		await ip("link", "set", device, "netns", namespace);
		await address(namespace, device, own, other);
	}
	return "this kernel has no netem: a relay between two TUN devices";
}

async function address(namespace: string, device: string, own: string, other: string): Promise<void> {
	await ip("-netns", namespace, "link", "set", "lo", "up");
	await ip("-netns", namespace, "address", "add", own, "peer", other, "dev", device);
	// As much as the sender may have on its way: what is to be lost, the link loses.
	await ip("-netns", namespace, "link", "set", device, "up", "txqueuelen", "10000");
	// What a server has if nobody chose another one; the machine of the benchmark may have.
	await ip("-netns", namespace, "route", "replace", other, "dev", device, "src", own, "congctl", "cubic");
}

function inNamespace(name: string): readonly string[] {
	return ["nsenter", `--net=/run/netns/${name}`];
}

async function ip(...args: readonly string[]): Promise<void> {
	await execa("ip", args);
}
