import { expect, test } from "vitest";
import { SourceChoice } from "../../agent/download/source-choice.ts";
import { NetherdError } from "../../agent/errors.ts";

const error = (code: string) => new NetherdError(code, `${code} happened`, { hint: "none" });
const lost = error("nbd.connection-lost");

test("the first source is preferred while it works", () => {
	const choice = new SourceChoice(["a", "b"], () => 0);
	expect(choice.choose(0)).toEqual({ index: 0, waitMs: 0 });
	choice.succeeded(0);
	expect(choice.choose(1)).toEqual({ index: 0, waitMs: 0 });
});

test("a source that failed is set aside for a while, and the next one used", () => {
	const choice = new SourceChoice(["a", "b"], () => 0);
	expect(choice.failed(0, lost, 1000)).toBe(250);
	expect(choice.choose(1000)).toEqual({ index: 1, waitMs: 0 });
	expect(choice.choose(1250)).toEqual({ index: 0, waitMs: 0 });
});

test("when all are set aside, the one that is ready first is waited for", () => {
	const choice = new SourceChoice(["a", "b"], () => 0);
	choice.failed(0, lost, 1000);
	choice.failed(1, lost, 1100);
	expect(choice.choose(1100)).toEqual({ index: 0, waitMs: 150 });
});

test("delays double up to ten seconds, with jitter between half and whole", () => {
	const least = new SourceChoice(["a"], () => 0);
	const most = new SourceChoice(["a"], () => 0.999_999);
	const delays = Array.from({ length: 8 }, () => [least.failed(0, lost, 0), most.failed(0, lost, 0)]);
	expect(delays).toEqual([
		[250, 500],
		[500, 1000],
		[1000, 2000],
		[2000, 4000],
		[4000, 8000],
		[5000, 10_000],
		[5000, 10_000],
		[5000, 10_000],
	]);
	least.succeeded(0);
	expect(least.failed(0, lost, 0)).toBe(250);
});

test("wrong configuration sets a source aside for good", () => {
	const choice = new SourceChoice(["a"], () => 0);
	const unknown = error("nbd.unknown-export");
	expect(choice.failed(0, unknown, 0)).toBeUndefined();
	expect(() => choice.choose(0)).toThrow(unknown);
});

test("odd failures are tolerated four times in a row; a good chunk forgives them", () => {
	const choice = new SourceChoice(["a"], () => 0);
	const odd = error("nbd.protocol-violation");
	for (let time = 0; time < 4; time++) expect(choice.failed(0, odd, 0)).toBeDefined();
	choice.succeeded(0);
	for (let time = 0; time < 4; time++) expect(choice.failed(0, odd, 0)).toBeDefined();
	expect(choice.failed(0, odd, 0)).toBeUndefined();
	expect(() => choice.choose(0)).toThrow(odd);
});

test("an error that is not ours counts as odd", () => {
	const choice = new SourceChoice(["a"], () => 0);
	for (let time = 0; time < 4; time++) expect(choice.failed(0, new TypeError("bug"), 0)).toBeDefined();
	expect(choice.failed(0, new TypeError("bug"), 0)).toBeUndefined();
});

test("lost connections are never too many", () => {
	const choice = new SourceChoice(["a"], () => 0);
	for (let time = 0; time < 1000; time++) expect(choice.failed(0, lost, 0)).toBeDefined();
});

test("when every one of several sources is out, the error lists the reasons", () => {
	const choice = new SourceChoice(["nbd://a", "nbd://b"], () => 0);
	choice.failed(0, error("nbd.not-nbd"), 0);
	choice.failed(1, error("image.size-mismatch"), 0);
	expect(() => choice.choose(0)).toThrow(
		"no source can give the image\n  nbd://a: nbd.not-nbd happened\n  nbd://b: image.size-mismatch happened",
	);
});
