import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { readReleasedImage } from "../../../server/boot-tree.ts";
import { parseConfig } from "../../../server/config/read-config.ts";
import { findProgram } from "../../../server/programs.ts";
import { lockShared } from "../../../server/releases/folder-lock.ts";
import { listReleases } from "../../../server/releases/list.ts";
import { promote } from "../../../server/releases/promote.ts";
import { prune as pruneIn } from "../../../server/releases/prune.ts";
import { writeBootTree, writeVersion } from "../support/boot-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const flock = findProgram("flock");
const program = join(import.meta.dirname, "../../../server/main.ts");

/** Versions 1 to 6, the newer the higher; 2 was current, 3 is. */
async function tree() {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	for (const version of ["2", "3", "4", "5", "6"]) await writeVersion(folder, { name: "node", version });
	for (const version of ["1", "2", "3", "4", "5", "6"]) {
		const file = join(folder, "images/node", version, "image.json");
		writeFileSync(file, readFileSync(file, "utf8").replace("2026-01-01T", `2026-01-0${version}T`));
	}
	for (const version of ["2", "3"])
		await promote(folder, { image: "node", version }, { flock, isToVerify: false });
	const image = join(folder, "images/node");
	const pinsOf = (text: string) =>
		parseConfig(`[network]\ninterface = eth0\n[dhcp]\nmode = off\n[pins]\n${text}`, "c.ini").pins;
	return {
		folder,
		image,
		versions: () => readdirSync(image).filter((name) => /^\d$/.test(name)),
		prune: (keep: number, pins = "", isTrial = false) =>
			pruneIn(folder, "node", { flock, keep, pins: pinsOf(pins), isTrial }),
	};
}

test("what is old goes; what is current, previous or among the newest stays, and each is told", async () => {
	const { prune, versions } = await tree();
	const report = prune(2);
	expect(report).toEqual({
		removed: [
			{ image: "node", version: "4", freedBytes: expect.any(Number) },
			{ image: "node", version: "1", freedBytes: expect.any(Number) },
		],
		kept: [
			{ image: "node", version: "6", reasons: ["among the newest 2"] },
			{ image: "node", version: "5", reasons: ["among the newest 2"] },
			{ image: "node", version: "3", reasons: ["current"] },
			{ image: "node", version: "2", reasons: ["previous"] },
		],
		failed: [],
	});
	for (const { freedBytes } of report.removed) expect(freedBytes).toBeGreaterThanOrEqual(300_000);
	expect(versions()).toEqual(["2", "3", "5", "6"]);
	expect(prune(2).removed).toEqual([]);
});

test("a trial only says it", async () => {
	const { prune, versions } = await tree();
	expect(prune(1, "", true).removed.map(({ version }) => version)).toEqual(["5", "4", "1"]);
	expect(versions()).toHaveLength(6);
});

test("pinned versions stay, a pin without version is no reason", async () => {
	const { prune, versions } = await tree();
	const pins = "52:54:00:00:00:01 = node/1\n52:54:00:00:00:02 = node\n52:54:00:00:00:03 = other/4\n";
	expect(prune(1, pins).kept).toContainEqual({
		image: "node",
		version: "1",
		reasons: ["pinned by 52:54:00:00:00:01"],
	});
	expect(versions()).toEqual(["1", "2", "3", "6"]);
});

test("a version that somebody uses stays until that is over", async () => {
	const { prune, image, versions, folder } = await tree();
	const lock = await lockShared(flock, join(image, "1"), 0);
	expect(prune(1).kept).toContainEqual({ image: "node", version: "1", reasons: ["in use"] });
	expect(versions()).toEqual(["1", "2", "3", "6"]);
	expect(listReleases(folder, { flock, pins: [] })[0]?.versions.filter(({ inUse }) => inUse)).toMatchObject([
		{ version: "1" },
	]);
	lock.close();
	expect(prune(1).removed.map(({ version }) => version)).toEqual(["1"]);
});

test("what is not whole stays: somebody may be copying it", async () => {
	const { prune, image, versions } = await tree();
	rmSync(join(image, "6/image.json"));
	expect(prune(1).kept).toContainEqual({
		image: "node",
		version: "6",
		reasons: [expect.stringMatching(/^not whole, remove it yourself: cannot read .*6\/image\.json$/)],
	});
	// It does not count among the newest either.
	expect(versions()).toEqual(["2", "3", "5", "6"]);
});

test("an image without a current version is left alone", async () => {
	const { prune, image, versions } = await tree();
	rmSync(join(image, "current"));
	expect(prune(1).removed).toEqual([]);
	expect(versions()).toHaveLength(6);
});

test("files that a build's cache has too free nothing", async () => {
	const { prune, image, folder } = await tree();
	for (const file of ["image.squashfs", "vmlinuz", "initramfs.img", "image.json"]) {
		linkSync(join(image, "1", file), join(folder, file));
	}
	expect(prune(3).removed).toEqual([{ image: "node", version: "1", freedBytes: 0 }]);
	expect(existsSync(join(folder, "vmlinuz"))).toBe(true);
});

describe("interrupted", () => {
	test("what an interrupted command left goes with the next", async () => {
		const { prune, image } = await tree();
		mkdirSync(join(image, ".0.removing"));
		writeFileSync(join(image, ".0.removing/image.squashfs"), "half");
		mkdirSync(join(image, ".7.unfinished-1"));
		prune(6, "", true);
		expect(readdirSync(image)).toContain(".0.removing");
		prune(6);
		expect(readdirSync(image)).not.toContain(".0.removing");
		// Another build may be writing that.
		expect(readdirSync(image)).toContain(".7.unfinished-1");
	});

	test("what cannot be removed is named, and the next command tries again", async () => {
		const { folder, image } = await tree();
		const configuration = join(folder, "../c.ini");
		writeFileSync(configuration, "[network]\ninterface = eth0\n[dhcp]\nmode = off\n");
		mkdirSync(join(image, "1/in-use"));
		const prune = [process.execPath, program, "releases", "prune", folder, "--keep", "4"];
		// Nobody can remove what is mounted; in a namespace, which takes its mounts along.
		const script = 'mount -t tmpfs tmpfs "$0" && "$@"; echo "exit $?"';
		const { stdout, stderr } = await execa("unshare", [
			...["--mount", "sh", "-c", script, join(image, "1/in-use")],
			...[...prune, "--config", configuration],
		]);
		expect(stdout + stderr).toContain("[release.leftovers]");
		expect(stdout).toContain("exit 2");
		expect(readdirSync(image)).not.toContain("1");
		expect(readdirSync(image)).toContain(".1.removing");
		await execa(process.execPath, [...prune.slice(1), "--config", configuration]);
		expect(readdirSync(image)).not.toContain(".1.removing");
	});

	test("killed in the middle, every version is whole or gone, and a second run ends it", async () => {
		const { folder, image } = await tree();
		for (let number = 10; number < 20; number++) {
			await writeVersion(folder, { name: "node", version: String(number), sizeBytes: 70_000 });
		}
		const configuration = join(folder, "../c.ini");
		writeFileSync(configuration, "[network]\ninterface = eth0\n[dhcp]\nmode = off\n");
		const words = ["releases", "prune", folder, "--keep", "1", "--config", configuration];
		const ended = (path: string) => {
			const environment = { ...process.env, PATH: path };
			const child = spawn(process.execPath, [program, ...words], { stdio: "ignore", env: environment });
			return { child, end: once(child, "exit") };
		};

		// Locks like the real one, until the sixth time: then it waits, as long as prune lives.
		const programs = join(folder, "../programs");
		mkdirSync(programs);
		const count = join(programs, "count");
		writeFileSync(
			join(programs, "flock"),
			`#!/bin/sh\necho >>${count}\n[ "$(wc -l <${count})" -lt 6 ] || exec setpriv --pdeathsig=KILL sleep 1000\nexec ${flock} "$@"\n`,
			{ mode: 0o755 },
		);
		const first = ended(`${programs}:${process.env.PATH}`);
		while (!existsSync(count) || readFileSync(count).length < 6) await sleep(5);
		first.child.kill("SIGKILL");
		expect(await first.end).toEqual([null, "SIGKILL"]);
		const left = readdirSync(image).filter((name) => /^\d+$/.test(name));
		// Of 16 versions; the first of the six locks is the image's.
		expect(left).toHaveLength(12);
		for (const version of left) expect(readReleasedImage(folder, "node", version).version).toBe(version);

		expect(await ended(process.env.PATH ?? "").end).toEqual([0, null]);
		expect(readdirSync(image).sort()).toEqual(["2", "3", "6", "current", "history"]);
	});
});
