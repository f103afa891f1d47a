import { join } from "node:path";
import { type Contestant, contest, type Results, ratioRow, resultRow, timed } from "./contest.ts";
import { type Stage, setStage } from "./image-stage.ts";
import { type Link, makeLink } from "./link.ts";
import { atLeast, heading, medianOf, type Row } from "./table.ts";

const bitsPerSecond = 1e9;
const delayMs = 1;

/** Of 1,500 bytes of an IP packet, 52 are headers of IP and TCP (with timestamps). */
const payloadShare = 1448 / 1500;

/** The image over a link of 1 Gbit/s with 1 ms of delay, without loss and with 1 %, beside curl and nbdcopy. */
export async function benchImageLink(options: { sizeMib: number; pairs: number }): Promise<readonly Row[]> {
	const rows: Row[] = [];
	for (const lostShare of [0, 0.01]) {
		// What takes 5 s without loss takes much longer with it.
		const stage = await setStage(Math.min(options.sizeMib, lostShare === 0 ? 512 : 32));
		try {
			const link = await makeLink({ bitsPerSecond, delayMs, lostShare });
			try {
				const results = await overLink(stage, link, options.pairs);
				rows.push(...(lostShare === 0 ? cleanRows(stage, link, results) : lossyRows(stage, link, results)));
			} finally {
				link.close();
			}
		} finally {
			stage.close();
		}
	}
	return rows;
}

const names = {
	http: "netherd HTTP, every chunk verified",
	curl: "curl -o, not verified",
	nbd: "netherd NBD, every chunk verified",
	nbdcopy: "nbdcopy, not verified",
} as const;

async function overLink(stage: Stage, link: Link, rounds: number): Promise<Results> {
	const destination = join(stage.plain, "copy");
	const servers = await stage.serve(link.serverAddress, link.inServer);
	const contestant = (run: Contestant["run"]): Contestant => ({
		prepare: () => stage.clear(),
		run,
	});
	const fetch = (source: typeof servers.nbd) =>
		contestant(() => stage.fetch({ source, destination, isVerified: true }, link.inClient));
	const peer = (...argv: string[]) => contestant(() => timed(argv, link.inClient));
	try {
		return await contest(
			{
				[names.http]: fetch(servers.http),
				[names.curl]: peer("curl", "--silent", "--fail", "-o", destination, servers.httpUrl),
				[names.nbd]: fetch(servers.nbd),
				[names.nbdcopy]: peer("nbdcopy", servers.nbdUri, destination),
			},
			rounds,
			{ warmUp: false },
		);
	} finally {
		await servers.stop();
	}
}

function cleanRows(stage: Stage, { how }: Link, results: Results): Row[] {
	const mostPercent = (100 * payloadShare).toFixed(1);
	return [
		heading(
			`1 Gbit/s, no loss, ${stage.sizeMib} MiB; headers of IP and TCP leave ${mostPercent} % for the image (${how})`,
		),
		resultRow(results, names.http, stage.sizeMib),
		lineRateRow(stage, results, names.http, 95),
		resultRow(results, names.curl, stage.sizeMib),
		lineRateRow(stage, results, names.curl),
		resultRow(results, names.nbd, stage.sizeMib),
		lineRateRow(stage, results, names.nbd, 95),
		resultRow(results, names.nbdcopy, stage.sizeMib),
		lineRateRow(stage, results, names.nbdcopy),
	];
}

function lineRateRow(stage: Stage, results: Results, name: string, wanted?: number): Row {
	const seconds = medianOf((results.get(name) ?? []).map((one) => one.seconds));
	const onWire = (100 * stage.sizeMib * 1024 ** 2 * 8) / payloadShare / seconds / bitsPerSecond;
	return {
		what: "  of the line rate, headers included",
		measured: `${onWire.toFixed(1)} % (of the image alone: ${(onWire * payloadShare).toFixed(1)} %)`,
		...(wanted !== undefined && { wanted: atLeast(onWire, wanted, " %") }),
	};
}

function lossyRows(stage: Stage, { how }: Link, results: Results): Row[] {
	return [
		heading(`1 Gbit/s, 1 % of the packets from the server lost, ${stage.sizeMib} MiB (${how})`),
		resultRow(results, names.http, stage.sizeMib),
		resultRow(results, names.curl, stage.sizeMib),
		ratioRow(results, names.http, names.curl, 1.5),
		resultRow(results, names.nbd, stage.sizeMib),
		resultRow(results, names.nbdcopy, stage.sizeMib),
		ratioRow(results, names.nbd, names.curl, 1.5),
	];
}
