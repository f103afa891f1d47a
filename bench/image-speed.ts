import { join } from "node:path";
import { type Contestant, contest, inSequence, type Results, ratioRow, resultRow, timed } from "./contest.ts";
import { type Servers, type Stage, setStage } from "./image-stage.ts";
import { heading, type Row } from "./table.ts";

/** All of 127.0.0.0/8 is loopback; nobody else uses this address. */
const host = "127.78.66.68";

interface Protocol {
	readonly name: "NBD" | "HTTP";
	readonly server: string;
	/** What gets the image from it. */
	readonly peer: string;
	/** A file that grows gets small pages in a tmpfs with `huge=within_size`, so there is nothing to compare like for like. */
	readonly peerGetsHugePages: boolean;
	get(servers: Servers, destination: string): readonly string[];
}

const protocols: readonly Protocol[] = [
	{
		name: "NBD",
		server: "nbdkit",
		peer: "nbdcopy",
		peerGetsHugePages: true,
		get: ({ nbdUri }, destination) => ["nbdcopy", nbdUri, destination],
	},
	{
		name: "HTTP",
		server: "nginx",
		peer: "curl",
		peerGetsHugePages: false,
		get: ({ httpUrl }, destination) => ["curl", "--silent", "--fail", "-o", destination, httpUrl],
	},
];

/** How fast the image comes over loopback into a tmpfs, beside nbdcopy and curl, from the same servers, in turns. */
export async function benchImageSpeed(options: { sizeMib: number; pairs: number }): Promise<readonly Row[]> {
	const stage = await setStage(options.sizeMib);
	try {
		const servers = await stage.serve(host);
		try {
			const results = await contest(contestants(stage, servers), options.pairs, { warmUp: true });
			const inAll = protocols.map(
				({ peer }) => [thenHash(peer), inSequence(results, peer, hashing(peer))] as const,
			);
			return [...rows(stage, new Map([...results, ...inAll])), ...(await limits(stage, servers))];
		} finally {
			await servers.stop();
		}
	} finally {
		stage.close();
	}
}

function contestants(stage: Stage, servers: Servers): Record<string, Contestant> {
	const all: Record<string, Contestant> = {};
	const { plain, huge, hugeForPeers } = stage;
	const copy = join(plain, "copy");
	for (const { name, peer, peerGetsHugePages, get } of protocols) {
		const source = name === "NBD" ? servers.nbd : servers.http;
		const fetch = (folder: string, isVerified: boolean): Contestant => ({
			prepare: () => stage.free(folder),
			run: () => stage.fetch({ source, destination: join(folder, "copy"), isVerified }),
		});
		all[ours(name, true, "plain")] = fetch(plain, true);
		all[peer] = { prepare: () => stage.free(plain), run: () => timed(get(servers, copy)) };
		all[hashing(peer)] = { run: () => timed(["sha256sum", copy]) };
		all[ours(name, false, "plain")] = fetch(plain, false);
		if (huge === undefined || hugeForPeers === undefined) continue;
		const hugeCopy = join(hugeForPeers, "copy");
		all[ours(name, true, "huge")] = fetch(huge, true);
		if (peerGetsHugePages)
			all[intoHuge(peer)] = {
				prepare: () => stage.free(hugeForPeers),
				run: () => timed(get(servers, hugeCopy)),
			};
		all[ours(name, false, "huge")] = fetch(huge, false);
	}
	return all;
}

function intoHuge(peer: string): string {
	return `${peer}, huge pages`;
}

function thenHash(peer: string): string {
	return `${peer}, then sha256sum`;
}

function hashing(peer: string): string {
	return `sha256sum of what ${peer} wrote`;
}

function ours(protocol: string, isVerified: boolean, pages: "plain" | "huge"): string {
	return `netherd ${protocol}, ${isVerified ? "every chunk" : "not"} verified${pages === "huge" ? ", huge pages" : ""}`;
}

function rows(stage: Stage, results: Results): Row[] {
	const pair = (own: string, other: string, wanted: number) => [
		resultRow(results, own, stage.sizeMib),
		resultRow(results, other, stage.sizeMib),
		ratioRow(results, own, other, wanted),
	];
	const all: Row[] = [];
	for (const { name, server, peer, peerGetsHugePages } of protocols) {
		const from = `${name} from ${server}, ${stage.sizeMib} MiB`;
		all.push(
			heading(`${from}: like for like, all into a tmpfs with its default options`),
			...pair(ours(name, true, "plain"), thenHash(peer), 1.3),
			...pair(ours(name, false, "plain"), peer, 1),
		);
		if (stage.huge === undefined) {
			all.push(
				heading(`${from}: this kernel has no huge pages for tmpfs, so there is nothing else to compare`),
			);
			continue;
		}
		const hugePages = `${from}: like for like, all into a tmpfs with huge pages, as the agent mounts it`;
		if (peerGetsHugePages) {
			all.push(heading(hugePages), ...pair(ours(name, false, "huge"), intoHuge(peer), 1));
		} else {
			all.push(heading(`${hugePages}: ${peer} lets its file grow, for which there are none`));
		}
		all.push(
			heading(`${from}: as each tool's user would run it, netherd with huge pages, ${peer} without`),
			...pair(ours(name, true, "huge"), thenHash(peer), 1.3),
			...pair(ours(name, false, "huge"), peer, 1),
		);
	}
	return all;
}

/** What nothing on this machine can be faster than, to judge the numbers above by. */
async function limits(stage: Stage, servers: Servers): Promise<Row[]> {
	const { image, plain, huge } = stage;
	const work = (folder: string, ...argv: string[]): Contestant => ({
		prepare: () => stage.free(folder),
		run: () => timed(argv),
	});
	const works: Record<string, Contestant> = {
		"sha256sum of the image (one core)": work(plain, "sha256sum", image),
		"nbdcopy to nowhere": work(plain, "nbdcopy", servers.nbdUri, "null:"),
		"curl to nowhere": work(plain, "curl", "--silent", "-o", "/dev/null", servers.httpUrl),
		"cp into a tmpfs": work(plain, "cp", image, join(plain, "copy")),
	};
	if (huge !== undefined) works["cp into a tmpfs, huge pages"] = work(huge, "cp", image, join(huge, "copy"));
	const results = await contest(works, 3, { warmUp: false });
	return [
		heading("What this machine gives at best"),
		...Object.keys(works).map((name) => resultRow(results, name, stage.sizeMib)),
	];
}
