import { execa } from "execa";
import { atLeast, medianOf, type Row } from "./table.ts";

/** What one run cost. */
export interface Measurement {
	readonly seconds: number;
	/** User and system time of the program, the server's not included. */
	readonly cpuSeconds: number;
	readonly peakMemoryMib: number;
}

export type Results = ReadonlyMap<string, readonly Measurement[]>;

export interface Contestant {
	/** Makes the start the same for all; not measured. */
	prepare?(): void | Promise<void>;
	/** Does the same work as the others, once. */
	run(): Promise<Measurement>;
}

/** Lets them run in turns, so that what else happens on the machine hits all of them. */
export async function contest(
	contestants: Readonly<Record<string, Contestant>>,
	rounds: number,
	options: { readonly warmUp: boolean },
): Promise<Results> {
	const results = new Map<string, Measurement[]>();
	for (let round = options.warmUp ? -1 : 0; round < rounds; round++) {
		for (const [name, contestant] of Object.entries(contestants)) {
			await contestant.prepare?.();
			const measurement = await contestant.run();
			// The first round warms up caches and memory, and is not counted.
			if (round >= 0) results.set(name, [...(results.get(name) ?? []), measurement]);
		}
	}
	return results;
}

/** Two that run one after the other in each round, as one. */
export function inSequence(results: Results, first: string, second: string): readonly Measurement[] {
	const seconds = results.get(second) ?? [];
	return (results.get(first) ?? []).flatMap((measurement, round) => {
		const next = seconds[round];
		return next === undefined ? [] : [sum(measurement, next)];
	});
}

/** Median and spread of a contestant. */
export function resultRow(results: Results, name: string, sizeMib: number): Row {
	const all = results.get(name) ?? [];
	const seconds = all.map((one) => one.seconds);
	const cpuPerGib = medianOf(all.map(({ cpuSeconds }) => cpuSeconds)) / (sizeMib / 1024);
	const peakMib = Math.max(...all.map(({ peakMemoryMib }) => peakMemoryMib));
	return {
		what: `  ${name}`,
		measured:
			`${medianOf(seconds).toFixed(2)} s (${spread(seconds)}), ` +
			`${(sizeMib / medianOf(seconds)).toFixed(0)} MiB/s, ${cpuPerGib.toFixed(2)} CPU s/GiB, ${peakMib.toFixed(0)} MiB`,
	};
}

/** How many times as fast the first is: the median of the rounds, each of which compares its own two. */
export function ratioRow(results: Results, ours: string, theirs: string, wanted: number): Row {
	const own = results.get(ours) ?? [];
	const others = results.get(theirs) ?? [];
	const ratios = own.map(({ seconds }, round) => (others[round]?.seconds ?? 0) / seconds);
	const ratio = medianOf(ratios);
	return {
		what: "  times as fast, round by round",
		measured: `${ratio.toFixed(2)} (${spread(ratios)})`,
		wanted: atLeast(ratio, wanted),
	};
}

/** Runs a program to its end, measured by time(1). */
export async function timed(argv: readonly string[], prefix: readonly string[] = []): Promise<Measurement> {
	const [program = "", ...args] = [...prefix, "/usr/bin/time", "--format=%e %U %S %M", ...argv];
	const { stderr } = await execa(program, args);
	const [seconds = 0, user = 0, system = 0, peakKib = 0] = (stderr.split("\n").at(-1) ?? "")
		.split(" ")
		.map(Number);
	return { seconds, cpuSeconds: user + system, peakMemoryMib: peakKib / 1024 };
}

function sum(first: Measurement, second: Measurement): Measurement {
	return {
		seconds: first.seconds + second.seconds,
		cpuSeconds: first.cpuSeconds + second.cpuSeconds,
		peakMemoryMib: Math.max(first.peakMemoryMib, second.peakMemoryMib),
	};
}

function spread(values: readonly number[]): string {
	return `${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)}`;
}
