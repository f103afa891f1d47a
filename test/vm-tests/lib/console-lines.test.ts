import fc from "fast-check";
import { expect, test } from "vitest";
import { ConsoleLines } from "../../../vm-tests/lib/console-lines.ts";

test("cuts at line ends and keeps the time of each line's first byte", () => {
	const lines = new ConsoleLines();
	expect(lines.push(Buffer.from("SeaBIOS\r\n\r\niP"), 100)).toEqual([{ atMs: 100, text: "SeaBIOS" }]);
	expect(lines.partial).toEqual({ atMs: 100, text: "iP" });
	expect(lines.push(Buffer.from("XE  \r\nnext"), 200)).toEqual([{ atMs: 100, text: "iPXE" }]);
	expect(lines.partial).toEqual({ atMs: 200, text: "next" });
});

test("a carriage return alone ends a line, as in a progress display", () => {
	const lines = new ConsoleLines();
	expect(lines.push(Buffer.from("10 %\r20 %\r"), 1)).toEqual([{ atMs: 1, text: "10 %" }]);
	expect(lines.partial?.text).toBe("20 %");
	expect(lines.push(Buffer.from("30 %\n"), 2)).toEqual([
		{ atMs: 1, text: "20 %" },
		{ atMs: 2, text: "30 %" },
	]);
});

test("removes what moves a terminal's cursor; going to a position starts a line", () => {
	const text =
		"\x1b[2J\x1b[1;1HBdsDxe\x1b[0m: \x1b[1mloading\x1b[5;1HBoot0001\x1b[!p\x1b]0;title\x07\x1b(B\x1bM.\x08\n";
	expect(new ConsoleLines().push(Buffer.from(text), 5).map((line) => line.text)).toEqual([
		"BdsDxe: loading",
		"Boot0001.",
	]);
});

test("a cleared or reset screen starts a line, also after one that lost its end", () => {
	const text = "initramfs... o\x1bc\x1b[?7l\x1b[2Jthe guest\r\nmore\x1b[2Jnext\x1bclast\n";
	expect(new ConsoleLines().push(Buffer.from(text), 5).map((line) => line.text)).toEqual([
		"initramfs... o",
		"the guest",
		"more",
		"next",
		"last",
	]);
});

const pieces = fc.array(
	fc.constantFrom(
		"a",
		"b",
		" ",
		"é",
		"\n",
		"\r\n",
		"\r",
		"\x1b[1m",
		"\x1b[3;4H",
		"\x1b[2J",
		"\x1bc",
		"\x1b]0;t\x07",
		"\x1b[!p",
		"\x1b(B",
		"\x1bM",
	),
	{ maxLength: 30 },
);

test("it does not matter where the bytes were cut", () => {
	fc.assert(
		fc.property(pieces, fc.array(fc.nat(60)), (pieces, cuts) => {
			const bytes = Buffer.from(`${pieces.join("")}end\n`);
			const whole = new ConsoleLines().push(bytes, 0);
			const inParts = new ConsoleLines();
			const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
			const lines = places
				.slice(1)
				.flatMap((end, index) => inParts.push(bytes.subarray(places[index] ?? 0, end), 0));
			expect(lines).toEqual(whole);
		}),
	);
});
