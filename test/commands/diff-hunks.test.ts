import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparePlans } from "../../agent/commands/diff/compare-plans.ts";
import type { Action } from "../../agent/plan/action.ts";
import type { StagePlan } from "../../agent/plan/plan.ts";
import { files } from "./support/compare-files.ts";

describe("hunks", () => {
	const action = (content: string): Action => ({ kind: "putFile", path: "/f", mode: "0644", content });
	const plan = (...actions: Action[]): StagePlan[] => [
		{ name: "init", steps: [{ name: "1", onFailure: "warn", actions }] },
	];

	test.each([
		["a\nb\nc\n", "a\nB\nc\n"],
		["", "a\nb\n"],
		["a\nb\n", ""],
		["a\nb", "a\nb\n"],
		["a\nb\n", "a\nc"],
		[`${"x\n".repeat(20)}a\n${"y\n".repeat(20)}`, `${"x\n".repeat(20)}b\n${"y\n".repeat(20)}z\n`],
	])("%j → %j as diff -u writes them", async (before, after) => {
		const [old, next] = files(before, after);
		const { stdout } = await execa("diff", ["-u", old, next], { reject: false, stripFinalNewline: false });
		const [change] = comparePlans(plan(action(before)), plan(action(after)))[0]?.steps[0]?.changes ?? [];
		expect(change).toHaveProperty("diff", stdout.split("\n").slice(2).join("\n"));
	});

	test("with the changes taken away from both, old and new plan are the same, whatever they were", () => {
		const anyAction = fc.oneof(
			fc.record({
				kind: fc.constant("putFile" as const),
				path: fc.constantFrom("/a", "/b"),
				mode: fc.constantFrom("0644", "0600"),
				content: fc.constantFrom("", "x", "x\n", "x\ny\n"),
				because: fc.constantFrom("A (lts.conf:1)", "A (lts.conf:2)"),
			}),
			fc.record({
				kind: fc.constant("spawn" as const),
				argv: fc.constantFrom<readonly [string]>(["a"], ["b"]),
				environment: fc.constantFrom({}, { X: "1" }, { X: "2" }),
				timeoutMs: fc.constant(1),
			}),
		);
		const textOf = ({ because: _, ...rest }: Action) => JSON.stringify(rest);
		const remaining = (actions: readonly Action[], taken: readonly Action[]) => {
			const left = actions.map(textOf);
			for (const each of taken.map(textOf)) {
				expect(left).toContain(each);
				left.splice(left.indexOf(each), 1);
			}
			return left.sort();
		};
		fc.assert(
			fc.property(fc.array(anyAction), fc.array(anyAction), (before, after) => {
				const found = comparePlans(plan(...before), plan(...after)).flatMap(({ steps }) =>
					steps.flatMap((step) => step.changes),
				);
				const gone = found.flatMap((each) => ("old" in each ? [each.old] : []));
				const come = found.flatMap((each) => ("new" in each && each.change !== "moved" ? [each.new] : []));
				expect(remaining(before, gone)).toEqual(remaining(after, come));
				expect(found.length > 0).toBe(before.map(textOf).join() !== after.map(textOf).join());
			}),
		);
	});
});
