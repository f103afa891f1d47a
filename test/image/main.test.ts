import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { recipeNames } from "../../image/recipe.ts";
import { repository } from "../../tools/cache.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

async function image(...words: string[]) {
	return await execa(process.execPath, [join(repository, "image/main.ts"), ...words], { reject: false });
}

test.each([[[]], [["--help"]], [["help"]]])("%j explains the command", async (words) => {
	const { exitCode, stdout, stderr } = await image(...words);
	expect([exitCode, stderr]).toEqual([0, ""]);
	expect(stdout).toContain("image build [OPTIONS]");
});

test("build --help names every option, every recipe and every key of a recipe", async () => {
	const { exitCode, stdout } = await image("build", "--help");
	expect(exitCode).toBe(0);
	for (const word of [
		"--recipe",
		"--out",
		"--name",
		"--fast",
		"--renew-packages",
		"--keep",
		...recipeNames(),
	]) {
		expect(stdout).toContain(word);
	}
	// The error for an unknown key lists them all.
	const { stderr } = await image("build", "--recipe", recipeWith("nonsense = 1"));
	const keys = /known keys: (.+)/.exec(stderr)?.[1]?.split(", ") ?? [];
	expect(keys.length).toBeGreaterThan(8);
	expect(keys.filter((key) => !stdout.includes(`  ${key} = `))).toEqual([]);
});

test.each([
	[["bake"], "usage.unknown-command", 2],
	[["build", "--outt", "x"], "usage.bad-option", 2],
	[["build", "--name", "../x"], "usage.bad-option", 2],
	[["build", "--keep", "some"], "usage.bad-option", 2],
	[["build", "--recipe", "mettal"], "image.recipe-not-found", 1],
	[["build", "--recipe", "/no/such.conf"], "image.recipe-not-found", 1],
])("%j ends with %s and says what to do", async (words, code, expectedExitCode) => {
	const { exitCode, stdout, stderr } = await image(...words);
	expect([exitCode, stdout]).toEqual([expectedExitCode, ""]);
	expect(stderr).toContain(`[${code}]`);
	expect(stderr).toContain("what to do: ");
});

test("without root it says so before it does anything", async () => {
	// In a user namespace without a mapping nobody is root, and the repository can still be read, wherever it is.
	const argv = ["--user", process.execPath, join(repository, "image/main.ts"), "build"];
	const { exitCode, stderr } = await execa("unshare", argv, { reject: false });
	expect([exitCode, stderr]).toEqual([1, expect.stringContaining("[image.needs-root]")]);
});

function recipeWith(text: string): string {
	const file = join(temporaryFolder(), "farm.conf");
	writeFileSync(file, text);
	return file;
}
