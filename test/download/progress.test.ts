import { describe, expect, test } from "vitest";
import {
	consoleLines,
	formatBytes,
	formatCompletion,
	formatDuration,
	formatProgress,
} from "../../agent/download/progress.ts";

const MiB = 1024 ** 2;

test.each([
	[0, "0 B"],
	[1023, "1023 B"],
	[1024, "1.0 KiB"],
	[99.9 * 1024, "99.9 KiB"],
	[100 * 1024, "100 KiB"],
	[1023.9 * 1024, "1.0 MiB"],
	[1.25 * 1024 ** 3, "1.3 GiB"],
	[5000 * 1024 ** 4, "5000 TiB"],
])("%d bytes are %s", (bytes, text) => {
	expect(formatBytes(bytes)).toBe(text);
});

test.each([
	[0, "0 s"],
	[1, "1 s"],
	[59_001, "1 min 00 s"],
	[125_000, "2 min 05 s"],
	[3_725_000, "1 h 02 min"],
])("%d ms are %s", (milliseconds, text) => {
	expect(formatDuration(milliseconds)).toBe(text);
});

test("a line says percent, amount, rate, time left and sources", () => {
	const progress = { doneBytes: 540 * MiB, sizeBytes: 1200 * MiB, bytesPerSecond: 110 * MiB, sources: [] };
	const line = "image  45 %  540 MiB of 1.2 GiB  110 MiB/s  6 s left";
	expect(formatProgress(progress)).toBe(line);
	const sources = ["nbd://192.0.2.1:10809/node/7", "http://192.0.2.2/node.squashfs", "file:///dev/sda1"];
	expect(formatProgress({ ...progress, sources })).toBe(
		`${line}  nbd://192.0.2.1:10809 + http://192.0.2.2 + file:///dev/sda1`,
	);
	expect(formatProgress({ ...progress, bytesPerSecond: 0 })).toBe("image  45 %  540 MiB of 1.2 GiB  0 B/s");
	expect(formatProgress({ ...progress, bytesPerSecond: undefined })).toBe("image  45 %  540 MiB of 1.2 GiB");
});

test("100 % is said only at the end", () => {
	const progress = { sizeBytes: 1000 * MiB, bytesPerSecond: undefined, sources: [] };
	expect(formatProgress({ ...progress, doneBytes: 1000 * MiB - 1 })).toContain(" 99 %");
	expect(formatProgress({ ...progress, doneBytes: 0, sizeBytes: 0 })).toContain("100 %");
});

test("the last line has the average, and says whether the image was verified", () => {
	const end = { sizeBytes: 1200 * MiB, elapsedMs: 10_000, isVerified: true };
	expect(formatCompletion(end)).toBe("image complete: 1.2 GiB in 10.0 s (120 MiB/s), every chunk verified");
	expect(formatCompletion({ ...end, isVerified: false })).toContain("NOT verified");
});

describe("lines of a download", () => {
	const source = "nbd://192.0.2.1:10809/node";
	const failed = { source, code: "nbd.stalled", message: "it sent nothing" };

	test("what happens to a source", () => {
		const lineOf = consoleLines();
		expect([
			lineOf({ kind: "source-used", source, isBack: false }),
			lineOf({ kind: "source-set-aside", ...failed, retryInMs: 700 }),
			lineOf({ kind: "source-used", source, isBack: true }),
			lineOf({ kind: "source-set-aside", ...failed, code: "image.chunk-corrupt", retryInMs: 1001 }),
			lineOf({ kind: "source-given-up", ...failed }),
		]).toEqual([
			`image: from ${source}`,
			"image: it sent nothing; trying it again in 1 s",
			`image: again from ${source}`,
			`image: wrong data from ${source}; trying it again in 2 s`,
			"image: it sent nothing; not trying it again",
		]);
	});

	test("while nothing comes, a line every five seconds", () => {
		let nowMs = 0;
		const lineOf = consoleLines(() => nowMs);
		const lines: (string | undefined)[] = [];
		for (const doneBytes of [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4]) {
			nowMs += 1000;
			lines.push(
				lineOf({
					kind: "progress",
					doneBytes,
					sizeBytes: 9,
					elapsedMs: nowMs,
					bytesPerSecond: 0,
					sources: [],
				}),
			);
		}
		expect(lines.flatMap((line, second) => (line === undefined ? [] : [second]))).toEqual([
			0, 1, 6, 11, 12, 13,
		]);
	});

	test("a thousand wrong chunks are a line a second", () => {
		let nowMs = 0;
		const lineOf = consoleLines(() => nowMs);
		const lines: (string | undefined)[] = [];
		for (let index = 0; index < 1000; index++) {
			nowMs += 10;
			lines.push(lineOf({ kind: "wrong-chunk", source, index, message: `chunk ${index} is wrong` }));
		}
		expect(lines.filter((line) => line !== undefined)).toHaveLength(10);
		expect(lines[0]).toBe("image: chunk 0 is wrong; fetching it again");
		expect(lines[100]).toBe("image: chunk 100 is wrong; fetching it again (99 other chunks were wrong, too)");
	});
});
