import { expect, test } from "vitest";
import { progressBar, renderProgress } from "../../image/progress-bar.ts";

test("share, amount, rate and the time that is left", () => {
	expect(renderProgress("mksquashfs", 177_000_000, 354_000_000, 2000)).toBe(
		"mksquashfs [############------------]  50 %  177 of 354 MB  89 MB/s  2 s left",
	);
	expect(renderProgress("x", 1_000_000, 151_000_000, 1000)).toContain("1 MB/s  2 min 30 s left");
	expect(renderProgress("x", 0, 1_000_000, 0)).toBe("x [------------------------]   0 %  0 of 1 MB  0 MB/s");
	// What is read twice is not more than all.
	expect(renderProgress("x", 3_000_000, 1_000_000, 1000)).toContain("100 %  1 of 1 MB");
	expect(renderProgress("x", 0, 0, 1000)).toContain("100 %");
});

test("one line that is drawn anew on a terminal, a line every ten seconds in a log", () => {
	const runOn = (isTTY: boolean) => {
		let written = "";
		let nowMs = 0;
		const write = (text: string) => {
			written += text;
		};
		const bar = progressBar("x", { write, isTTY, columns: 40 }, () => nowMs);
		for (nowMs = 0; nowMs <= 25_000; nowMs += 100) bar.update(nowMs * 1000, 25_000_000);
		bar.end();
		return written;
	};
	const terminal = runOn(true).split("\r");
	expect(terminal.length).toBe(127);
	expect(Math.max(...terminal.map((line) => line.replace("\u001b[K", "").length))).toBe(39);
	expect(runOn(true)).not.toContain("\n");
	expect(
		runOn(false)
			.split("\n")
			.map((line) => /\d+ %/.exec(line)?.[0]),
	).toEqual(["40 %", "80 %", undefined]);
});
