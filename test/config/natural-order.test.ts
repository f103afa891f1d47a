import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compareNaturally } from "../../agent/config/natural-order.ts";

test("2 before 10, whatever follows", () => {
	const names = [
		"FSTAB_10",
		"FSTAB_2_DATA",
		"FSTAB_1",
		"FSTAB_01_SSH",
		"FSTAB_LAST",
		"FSTAB_",
		"FSTAB_2_",
		"FSTAB_02_0",
	];
	expect(names.toSorted(compareNaturally)).toEqual([
		"FSTAB_",
		"FSTAB_1",
		"FSTAB_01_SSH",
		"FSTAB_02_0",
		"FSTAB_2_",
		"FSTAB_2_DATA",
		"FSTAB_10",
		"FSTAB_LAST",
	]);
});

test("is the order of sort -V", () => {
	const name = fc.stringMatching(/^FSTAB_[A-C0-2_]{0,6}$/);
	for (const names of fc.sample(fc.uniqueArray(name, { minLength: 40, maxLength: 60 }), {
		numRuns: 20,
		seed: 3,
	})) {
		const expected = execFileSync("sort", ["-V"], { input: `${names.join("\n")}\n`, env: { LC_ALL: "C" } })
			.toString()
			.trim()
			.split("\n");
		expect(names.toSorted(compareNaturally)).toEqual(expected);
	}
});
