import { expect, test } from "vitest";
import {
	formatBytes,
	formatCompletion,
	formatDuration,
	formatProgress,
	progressThrottle,
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

test("a line says percent, amount, rate and time left", () => {
	const progress = { doneBytes: 540 * MiB, sizeBytes: 1200 * MiB, elapsedMs: 5000 };
	expect(formatProgress(progress, 110 * MiB)).toBe("image  45 %  540 MiB of 1.2 GiB  110 MiB/s  6 s left");
	expect(formatProgress(progress, 0)).toBe("image  45 %  540 MiB of 1.2 GiB  0 B/s");
	expect(formatProgress(progress, undefined)).toBe("image  45 %  540 MiB of 1.2 GiB");
});

test("100 % is said only at the end", () => {
	const progress = { doneBytes: 1000 * MiB - 1, sizeBytes: 1000 * MiB, elapsedMs: 5000 };
	expect(formatProgress(progress, undefined)).toContain(" 99 %");
	expect(formatProgress({ doneBytes: 0, sizeBytes: 0, elapsedMs: 0 }, undefined)).toContain("100 %");
});

test("the last line has the average, and says whether the image was verified", () => {
	const end = { doneBytes: 1200 * MiB, sizeBytes: 1200 * MiB, elapsedMs: 10_000 };
	expect(formatCompletion(end, true)).toBe(
		"image complete: 1.2 GiB in 10.0 s (120 MiB/s), every chunk verified",
	);
	expect(formatCompletion(end, false)).toContain("NOT verified");
});

test("at most one line a second, with the rate of the last five seconds", () => {
	const throttle = progressThrottle();
	const lines: string[] = [];
	for (let elapsedMs = 0; elapsedMs <= 10_000; elapsedMs += 250) {
		// 100 MiB/s for five seconds, then 10 MiB/s.
		const fastMs = Math.min(elapsedMs, 5000);
		const doneBytes = (fastMs * 100 + (elapsedMs - fastMs) * 10) * (MiB / 1000);
		const line = throttle({ doneBytes, sizeBytes: 1000 * MiB, elapsedMs });
		if (line !== undefined) lines.push(line);
	}
	expect(lines).toHaveLength(10);
	expect(lines[0]).toBe("image  10 %  100 MiB of 1000 MiB  100 MiB/s  9 s left");
	expect(lines[9]).toBe("image  55 %  550 MiB of 1000 MiB  10.0 MiB/s  45 s left");
});

test("a rate is never negative, though a wrong chunk is taken back", () => {
	const throttle = progressThrottle();
	throttle({ doneBytes: 8 * MiB, sizeBytes: 100 * MiB, elapsedMs: 1000 });
	expect(throttle({ doneBytes: 4 * MiB, sizeBytes: 100 * MiB, elapsedMs: 2000 })).toContain("  0 B/s");
});
