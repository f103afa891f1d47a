import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { readPublicKey } from "../../agent/trust/key-files.ts";
import { recipeNames } from "../../image/recipe.ts";
import { repository } from "../../tools/cache.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

async function image(...words: string[]) {
	return await execa(process.execPath, [join(repository, "image/main.ts"), ...words], { reject: false });
}

test.each([[[]], [["--help"]], [["help"]]])("%j explains the command", async (words) => {
	const { exitCode, stdout, stderr } = await image(...words);
	expect([exitCode, stderr]).toEqual([0, ""]);
	expect(stdout).toContain("image build [SOURCE]");
});

test("build --help names every option, every recipe and every key of a recipe", async () => {
	const { exitCode, stdout } = await image("build", "--help");
	expect(exitCode).toBe(0);
	for (const word of [
		"--recipe",
		"--out",
		"--name",
		"--fast",
		"--level",
		"--exclude",
		"--kernel",
		"--loaders",
		"--renew-packages",
		"--keep",
		"--files",
		"--key",
		"--trust",
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
	[["build", "--files", "/no/such/folder"], "usage.bad-option", 2],
	[["build", "--keep", "some"], "usage.bad-option", 2],
	[["build", "metal", "test"], "usage.bad-option", 2],
	[["build", "metal", "--recipe", "test"], "usage.bad-option", 2],
	[["build", "metal", "--kernel", "6.12"], "usage.bad-option", 2],
	[["build", "--level", "23"], "usage.bad-option", 2],
	[["build", "--loaders", "some"], "usage.bad-option", 2],
	[["sign"], "usage.bad-option", 2],
	[["sign", "--kee", "x", "."], "usage.bad-option", 2],
	[["sign", "--key", "/no/such.pem", "."], "trust.key-missing", 1],
	[["keygen", "a", "b"], "usage.bad-option", 2],
	[["build", "--recipe", "mettal"], "image.recipe-not-found", 1],
	[["build", "--recipe", "/no/such.conf"], "image.recipe-not-found", 1],
])("%j ends with %s and says what to do", async (words, code, expectedExitCode) => {
	const { exitCode, stdout, stderr } = await image(...words);
	expect([exitCode, stdout]).toEqual([expectedExitCode, ""]);
	expect(stderr).toContain(`[${code}]`);
	expect(stderr).toContain("what to do: ");
});

test("keygen, sign: a key pair, and signatures that are made once", async () => {
	const folder = temporaryFolder();
	const file = join(folder, "keys/farm.pem");
	const made = await image("keygen", file);
	const id = /^key ([0-9a-f]{16})$/m.exec(made.stdout)?.[1];
	expect([made.exitCode, made.stderr, id]).toEqual([0, "", expect.any(String)]);
	expect(statSync(file).mode & 0o777).toBe(0o600);
	expect(readPublicKey(join(folder, "keys/farm.pub.pem")).id).toBe(id);
	expect(made.stdout).not.toContain("PRIVATE");
	expect(readdirSync(join(folder, "keys")).sort()).toEqual(["farm.pem", "farm.pub.pem"]);

	writeFileSync(join(folder, "lts.conf"), "[default]\n");
	const signed = await image("sign", folder, "--key", file);
	expect([signed.exitCode, signed.stdout]).toEqual([0, `${folder}/lts.conf signed by ${id}`]);
	const again = await image("sign", join(folder, "lts.conf"), "--key", file);
	expect([again.exitCode, again.stdout]).toEqual([0, `${folder}/lts.conf was signed by ${id}`]);
});

test("keygen overwrites nothing", async () => {
	const folder = temporaryFolder();
	for (const name of ["farm.pem", "farm.pub.pem"]) {
		const file = join(folder, name);
		writeFileSync(file, "precious");
		const { exitCode, stderr } = await image("keygen", join(folder, "farm.pem"));
		expect([exitCode, stderr]).toEqual([1, expect.stringContaining("[image.key-exists]")]);
		expect(readFileSync(file, "utf8")).toBe("precious");
		expect(readdirSync(folder)).toEqual([name]);
		rmSync(file);
	}
});

test("no key is made for a source that is not there", async () => {
	const folder = temporaryFolder();
	const words = ["build", "/no/such/root", "--out", join(folder, "tree"), "--key", join(folder, "key.pem")];
	const { exitCode, stderr } = await image(...words);
	expect([exitCode, stderr]).toEqual([1, expect.stringContaining("[image.source-missing]")]);
	expect(readdirSync(folder)).toEqual([]);
});

test("an option that is not known is said in one sentence", async () => {
	const { stderr } = await image("build", "--levl", "3");
	expect(stderr.split("\n")[0]).toBe("image: Unknown option '--levl' [usage.bad-option]");
});

test("a key that cannot be written is named", async () => {
	const file = join(temporaryFolder(), "no-folder");
	writeFileSync(file, "");
	const { exitCode, stderr } = await image("keygen", join(file, "farm.pem"));
	expect([exitCode, stderr]).toEqual([1, expect.stringContaining("[image.key-not-written]")]);
	expect(stderr).toContain(`${file}/farm.pem`);
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
