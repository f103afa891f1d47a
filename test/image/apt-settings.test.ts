import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { aptSettings, hostSources } from "../../image/apt-settings.ts";
import { parseRecipe } from "../../image/recipe.ts";
import { repository } from "../../tools/cache.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const bookworm = `Debian|bookworm|bookworm|http://mirror.example/debian/
Debian|bookworm-updates|bookworm-updates|http://mirror.example/debian/
Debian|bookworm-security|bookworm-security|http://security.example/debian-security/
Docker|bookworm|bookworm|https://download.example/linux/debian/
|nodistro|nodistro|https://deb.example/node_20.x/
Debian Backports|bookworm-backports|bookworm-backports|http://mirror.example/debian/`;

test("another suite is found where the host's own is, updates and security each at its own address", () => {
	expect(hostSources(bookworm, { suite: "trixie", components: ["main", "non-free-firmware"] })).toEqual([
		"deb http://mirror.example/debian trixie main non-free-firmware",
		"deb http://mirror.example/debian trixie-updates main non-free-firmware",
		"deb http://security.example/debian-security trixie-security main non-free-firmware",
	]);
});

test("a host that says `stable` is understood by its code names", () => {
	const targets =
		"Debian|trixie|stable|http://m.example/debian/\nDebian|trixie|stable|http://m.example/debian/";
	expect(hostSources(targets, { suite: "trixie", components: ["main"] })).toEqual([
		"deb http://m.example/debian trixie main",
	]);
});

test("unstable has neither updates nor security", () => {
	expect(hostSources(bookworm, { suite: "sid", components: ["main"] })).toEqual([
		"deb http://mirror.example/debian sid main",
	]);
});

test("a host without Debian offers nothing", () => {
	expect(
		hostSources("Ubuntu|noble|noble|http://u.example/ubuntu/", { suite: "trixie", components: ["main"] }),
	).toEqual([]);
});

test("on a machine whose apt knows no Debian, a recipe without a mirror is refused", async () => {
	const folder = temporaryFolder();
	mkdirSync(join(folder, "lists/partial"), { recursive: true });
	const configuration = join(folder, "apt.conf");
	writeFileSync(
		configuration,
		`Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\nDir::State::lists "${folder}/lists";\n`,
	);
	const build = [join(repository, "image/main.ts"), "build", "--out", join(folder, "tree")];
	const { exitCode, stderr } = await execa(
		process.execPath,
		[...build, "--recipe", "test", "--key", join(folder, "key.pem")],
		{ reject: false, env: { APT_CONFIG: configuration } },
	);
	expect([exitCode, stderr]).toEqual([1, expect.stringContaining("[image.no-debian-mirror]")]);
	expect(stderr).toContain("so trixie has no source");
});

test("the recipe's mirror takes the place of the host's", async () => {
	const { sources } = await aptSettings(parseRecipe("mirror = http://mirror.example/debian/", "farm.conf"));
	expect(sources).toEqual([
		"deb http://mirror.example/debian trixie main",
		"deb http://mirror.example/debian trixie-updates main",
	]);
});
