import { expect, test } from "vitest";
import { failureText } from "../../tools/failure-text.ts";

function messageOf(assertion: () => void): string {
	try {
		assertion();
	} catch (error) {
		return error instanceof Error ? error.message : String(error);
	}
	throw new Error("the assertion holds");
}

test("what an assertion compared is there to its end", () => {
	const console = `${"    0.069  SeaBIOS\n".repeat(50)}    9.123  its end`;
	expect(failureText(messageOf(() => expect(console).toMatch(/^the text$/)))).toContain("9.123  its end");
	const events = Array.from({ length: 30 }, (_, index) => ({ event: "source-used", number: index }));
	expect(failureText(messageOf(() => expect(events).toHaveLength(31)))).toContain("number: 29");
	expect(failureText(messageOf(() => expect(events).toEqual([])))).toContain("number: 29");
	expect(failureText(messageOf(() => expect(events.at(-1)).toMatchObject({ number: 30 })))).toContain(
		"number: 29",
	);
});

test("further lines are indented below the first", () => {
	expect(failureText("\none\ntwo\n\nthree\n")).toBe("one\n  two\n  \n  three");
});

test("what is too long is cut, and says so", () => {
	const many = failureText(Array.from({ length: 61 }, (_, index) => `line ${index}`).join("\n"));
	expect(many).toContain("line 59\n  … (all of it is above)");
	expect(many).not.toContain("line 60");
	expect(failureText("x".repeat(4_001))).toBe(`${"x".repeat(4_000)}\n  … (all of it is above)`);
	expect(failureText("x".repeat(4_000))).toBe("x".repeat(4_000));
});
