import { expect, test } from "vitest";
import { contest, inSequence, ratioRow, resultRow, timed } from "../../bench/contest.ts";
import { atLeast, atMost, heading, renderTable } from "../../bench/table.ts";

test("contestants run in turns, the first round is not counted, and ratios are those of the rounds", async () => {
	const order: string[] = [];
	const run = (name: string, seconds: readonly number[]) => {
		let times = 0;
		return {
			prepare() {
				order.push("-");
			},
			async run() {
				order.push(name);
				return { seconds: seconds[times++] ?? 0, cpuSeconds: 0.5, peakMemoryMib: times };
			},
		};
	};
	const contestants = { ours: run("ours", [99, 1, 2, 1]), theirs: run("theirs", [1, 2, 2, 3]) };
	const results = await contest(contestants, 3, { warmUp: true });
	expect(order.join(" ")).toBe("- ours - theirs - ours - theirs - ours - theirs - ours - theirs");
	expect(resultRow(results, "ours", 512).measured).toBe(
		"1.00 s (1.00–2.00), 512 MiB/s, 1.00 CPU s/GiB, 4 MiB",
	);
	expect(ratioRow(results, "ours", "theirs", 1.3)).toMatchObject({
		measured: "2.00 (1.00–3.00)",
		wanted: "≥ 1.3, met",
	});
});

test("two contestants in sequence: times and processor times add up, memory does not", () => {
	const results = new Map([
		["first", [measurement(1, 0.5, 10), measurement(2, 0.5, 20)]],
		["second", [measurement(3, 0.25, 30), measurement(4, 1, 5)]],
	]);
	expect(inSequence(results, "first", "second")).toEqual([measurement(4, 0.75, 30), measurement(6, 1.5, 20)]);
});

const measurement = (seconds: number, cpuSeconds: number, peakMemoryMib: number) => ({
	seconds,
	cpuSeconds,
	peakMemoryMib,
});

test("a program is measured from outside", async () => {
	const measurement = await timed(["sh", "-c", "echo to stderr >&2; sleep 0.1"]);
	expect(measurement.seconds).toBeGreaterThanOrEqual(0.1);
	expect(measurement.peakMemoryMib).toBeGreaterThan(0.1);
	await expect(timed(["false"])).rejects.toThrow(/false/);
});

test("a table with headings, which may be longer than its columns", () => {
	const rows = [
		heading("what follows has a long explanation"),
		{ what: "  a", measured: "1", wanted: atMost(1, 2, " MB") },
		{ what: "  longer", measured: "3", wanted: atLeast(3, 4) },
	];
	expect(renderTable(rows)).toBe(
		[
			"          measured  wanted",
			"what follows has a long explanation",
			"  a       1         ≤ 2 MB, met",
			"  longer  3         ≥ 4, MISSED",
		].join("\n"),
	);
});
