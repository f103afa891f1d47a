import { expect, test } from "vitest";
import { phaseStarts } from "../../../vm-tests/lib/console-texts.ts";
import { renderTimeline, timelineOf } from "../../../vm-tests/lib/timeline.ts";

/** Shortened from a real boot: console, and companion's log. */
const boot = [
	{ atMs: 110, text: "SeaBIOS (version 1.16.3-debian-1.16.3-2)" },
	{ atMs: 200, text: "iPXE initialising devices..." },
	{
		atMs: 9000,
		text: "Probing EDD (edd=off to disable)... o[    0.000000] Linux version 6.12.107+deb13-cloud-amd64",
	},
	{ atMs: 14000, text: "Begin: Mounting root file system ... Begin: netherd: network ... done." },
	{ atMs: 16000, text: "netherd: initramfs 10-load-modules" },
	{ atMs: 22000, text: "netherd: initramfs done in 6.0 s" },
	{ atMs: 23000, text: "netherd: init done in 1.0 s" },
	{ atMs: 23500, text: "Welcome to Debian GNU/Linux 13 (trixie)!" },
	{
		atMs: 39000,
		text: '{"event":"node.report","report":{"mac":"…","event":"stage-started","stage":"join"}}',
	},
	{ atMs: 40000, text: '{"event":"node.report","report":{"mac":"…","event":"stage-done","stage":"join"}}' },
	{ atMs: 60000, text: "node1 login:" },
];

test("every phase starts with its text and ends with the next", () => {
	const timeline = timelineOf(boot, phaseStarts);
	expect(timeline).toEqual({
		phases: [
			{ name: "firmware", startMs: 0, endMs: 200 },
			{ name: "loader", startMs: 200, endMs: 9000 },
			{ name: "kernel", startMs: 9000, endMs: 14000 },
			{ name: "stage 1", startMs: 14000, endMs: 22000 },
			{ name: "stage 2", startMs: 22000, endMs: 23000 },
			{ name: "systemd", startMs: 23000, endMs: 39000 },
			{ name: "join", startMs: 39000, endMs: 40000 },
		],
		totalMs: 40000,
		finished: true,
	});
});

test("the order of arrival does not matter, the times do", () => {
	expect(timelineOf(boot.toReversed(), phaseStarts)).toEqual(timelineOf(boot, phaseStarts));
});

test("a phase whose start was not seen belongs to the one before", () => {
	const quiet = boot.filter(({ text }) => !text.includes("Linux version"));
	expect(timelineOf(quiet, phaseStarts).phases[1]).toEqual({ name: "loader", startMs: 200, endMs: 14000 });
});

test("a boot that stops early ends with what was seen last", () => {
	const stopped = timelineOf(boot.slice(0, 5), phaseStarts);
	expect(stopped.finished).toBe(false);
	expect(stopped.phases.at(-1)).toEqual({ name: "stage 1", startMs: 14000, endMs: 16000 });
});

test("a table with bars", () => {
	expect(renderTimeline(timelineOf(boot, phaseStarts))).toMatchInlineSnapshot(`
		"phase     seconds
		firmware      0.2  ▏
		loader        8.8  █████████
		kernel        5.0           █████
		stage 1       8.0                ████████
		stage 2       1.0                        █
		systemd      16.0                         ████████████████
		join          1.0                                         █
		total        40.0
		"
	`);
	expect(renderTimeline(timelineOf([], phaseStarts))).toMatchInlineSnapshot(`
		"phase     seconds
		firmware      0.0  ▏
		so far        0.0
		"
	`);
});
