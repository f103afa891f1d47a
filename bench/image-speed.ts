import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Contestant, contest, type Results, ratioRow, resultRow, sum, timed } from "./contest.ts";
import { type Servers, type Stage, setStage } from "./image-stage.ts";
import { heading, type Row } from "./table.ts";

/** All of 127.0.0.0/8 is loopback; nobody else uses this address. */
const host = "127.78.66.68";

interface Protocol {
	readonly name: "NBD" | "HTTP";
	readonly server: string;
	/** What gets the image from it. */
	readonly peer: string;
	get(servers: Servers, destination: string): readonly string[];
}

const protocols: readonly Protocol[] = [
	{
		name: "NBD",
		server: "nbdkit",
		peer: "nbdcopy",
		get: ({ nbdUri }, destination) => ["nbdcopy", nbdUri, destination],
	},
	{
		name: "HTTP",
		server: "nginx",
		peer: "curl",
		get: ({ httpUrl }, destination) => ["curl", "--silent", "--fail", "-o", destination, httpUrl],
	},
];

/** How fast the image comes over loopback into a tmpfs, beside nbdcopy and curl, from the same servers, in turns. */
export async function benchImageSpeed(options: { sizeMib: number; pairs: number }): Promise<readonly Row[]> {
	const stage = await setStage(options.sizeMib);
	try {
		const servers = await stage.serve(host);
		try {
			const results = await contest(contestants(stage, servers), options.pairs, {
				warmUp: true,
				cleanUp: () => removeCopies(stage),
			});
			return [...rows(stage, results), ...(await limits(stage, servers))];
		} finally {
			await servers.stop();
		}
	} finally {
		await stage.close();
	}
}

function contestants(stage: Stage, servers: Servers): Record<string, Contestant> {
	const all: Record<string, Contestant> = {};
	const plain = join(stage.plain, "copy");
	for (const { name, peer, get } of protocols) {
		const source = name === "NBD" ? servers.nbd : servers.http;
		const fetch = (folder: string, isVerified: boolean) => () =>
			stage.fetch({ source, destination: join(folder, "copy"), isVerified });
		all[ours(name, true, "plain")] = fetch(stage.plain, true);
		all[`${peer}, then sha256sum`] = async () =>
			sum(await timed(get(servers, plain)), await timed(["sha256sum", plain]));
		if (stage.huge !== undefined) all[ours(name, true, "huge")] = fetch(stage.huge, true);
		all[ours(name, false, "plain")] = fetch(stage.plain, false);
		all[peer] = () => timed(get(servers, plain));
		if (stage.huge !== undefined) all[ours(name, false, "huge")] = fetch(stage.huge, false);
	}
	return all;
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
	for (const { name, server, peer } of protocols) {
		const from = `${name} from ${server}, ${stage.sizeMib} MiB`;
		all.push(
			heading(`${from}: like for like, all into a tmpfs with its default options`),
			...pair(ours(name, true, "plain"), `${peer}, then sha256sum`, 1.3),
			...pair(ours(name, false, "plain"), peer, 1),
		);
		if (stage.huge === undefined) {
			all.push(
				heading(`${from}: this kernel has no huge pages for tmpfs, so there is nothing else to compare`),
			);
			continue;
		}
		all.push(
			heading(`${from}: as each tool's user would run it, netherd into the tmpfs that the agent mounts`),
			...pair(ours(name, true, "huge"), `${peer}, then sha256sum`, 1.3),
			...pair(ours(name, false, "huge"), peer, 1),
		);
	}
	return all;
}

/** What nothing on this machine can be faster than, to judge the numbers above by. */
async function limits(stage: Stage, servers: Servers): Promise<Row[]> {
	const write = (folder: string) => ["cp", stage.image, join(folder, "copy")];
	const works: Record<string, readonly string[]> = {
		"sha256sum of the image (one core)": ["sha256sum", stage.image],
		"nbdcopy to nowhere": ["nbdcopy", servers.nbdUri, "null:"],
		"curl to nowhere": ["curl", "--silent", "-o", "/dev/null", servers.httpUrl],
		"cp into a tmpfs": write(stage.plain),
	};
	if (stage.huge !== undefined) works["cp into a tmpfs, huge pages"] = write(stage.huge);
	const contestants = Object.fromEntries(
		Object.entries(works).map(([name, argv]) => [name, () => timed(argv)] as const),
	);
	const results = await contest(contestants, 3, { warmUp: false, cleanUp: () => removeCopies(stage) });
	return [
		heading("What this machine gives at best"),
		...Object.keys(works).map((name) => resultRow(results, name, stage.sizeMib)),
	];
}

function removeCopies(stage: Stage): void {
	for (const folder of [stage.plain, stage.huge]) {
		if (folder !== undefined) rmSync(join(folder, "copy"), { force: true });
	}
}
