/** Something that was seen during a boot. */
export interface Sighting {
	/** Milliseconds since power-on. */
	readonly atMs: number;
	readonly text: string;
}

/** What a machine was busy with, in order. */
export const phaseNames = ["firmware", "loader", "kernel", "stage 1", "stage 2", "systemd", "join"] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface Phase {
	readonly name: PhaseName;
	/** Milliseconds since power-on. */
	readonly startMs: number;
	readonly endMs: number;
}

/** Where the time of a boot went. */
export interface Timeline {
	/** Without gaps, from power-on on; a phase whose start was not seen is part of the one before. */
	readonly phases: readonly Phase[];
	/** From power-on to the end of the last phase. */
	readonly totalMs: number;
	/** Whether the end of the last phase, the join, was seen; else the boot is not finished or did not come so far. */
	readonly finished: boolean;
}

/**
 * How the start of each phase shows, on the console or in the companion's log; `end` is that of the join. Of several
 * texts the first one that is seen at all counts.
 */
export type PhaseStarts = Readonly<Record<Exclude<PhaseName, "firmware"> | "end", readonly RegExp[]>>;

/** Cuts a boot into its phases: each starts at the first sighting of its text that is not before the previous phase. */
export function timelineOf(sightings: readonly Sighting[], starts: PhaseStarts): Timeline {
	const ordered = sightings.toSorted((a, b) => a.atMs - b.atMs);
	const found: { name: PhaseName | "end"; startMs: number }[] = [{ name: "firmware", startMs: 0 }];
	let position = 0;
	for (const name of [...phaseNames.slice(1), "end"] as (keyof PhaseStarts)[]) {
		const indexes = starts[name].map((start) =>
			ordered.findIndex(({ text }, index) => index >= position && start.test(text)),
		);
		const index = indexes.find((index) => index >= 0) ?? -1;
		const sighting = ordered[index];
		if (sighting === undefined) continue;
		found.push({ name, startMs: sighting.atMs });
		position = index;
	}
	const finished = found.at(-1)?.name === "end";
	const totalMs = finished ? (found.at(-1)?.startMs ?? 0) : (ordered.at(-1)?.atMs ?? 0);
	const phases = found.flatMap(({ name, startMs }, index) =>
		name === "end" ? [] : [{ name, startMs, endMs: found[index + 1]?.startMs ?? totalMs }],
	);
	return { phases, totalMs, finished };
}

const barWidth = 40;

/** The timeline as a table with a bar for each phase, where it starts and as long as it takes. */
export function renderTimeline({ phases, totalMs, finished }: Timeline): string {
	const column = (ms: number) => Math.round((ms / Math.max(totalMs, 1)) * barWidth);
	const rows = phases.map(({ name, startMs, endMs }) => {
		const bar = "█".repeat(Math.max(column(endMs) - column(startMs), 0)) || "▏";
		return `${name.padEnd(9)}${seconds(endMs - startMs)}  ${" ".repeat(column(startMs))}${bar}`;
	});
	const total = `${(finished ? "total" : "so far").padEnd(9)}${seconds(totalMs)}`;
	return [`${"phase".padEnd(9)} seconds`, ...rows, total, ""].join("\n");
}

function seconds(ms: number): string {
	return (ms / 1000).toFixed(1).padStart(8);
}
