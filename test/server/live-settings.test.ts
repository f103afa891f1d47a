import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { readBootTree } from "../../server/boot-tree.ts";
import { readConfig } from "../../server/config/read-config.ts";
import type { CompanionEvent } from "../../server/events.ts";
import { LiveSettings } from "../../server/live-settings.ts";
import { findProgram } from "../../server/programs.ts";
import { lockAlone } from "../../server/releases/folder-lock.ts";
import { VersionUses } from "../../server/releases/version-uses.ts";
import { writeBootTree, writeVersion } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const flock = findProgram("flock");
const start = "[network]\ninterface = lan\n[dhcp]\nmode = off\n";
const hour = 3_600_000;

/** @param lookMs By default only when somebody asks. */
async function settings(text: string, lookMs = hour, file = "c.ini") {
	const top = temporaryFolder();
	const folder = join(top, "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	await writeVersion(folder, { name: "node", version: "2" });
	const path = join(top, file);
	if (file === "c.ini") writeFileSync(path, text);
	else {
		// As Kubernetes mounts a ConfigMap.
		mkdirSync(join(top, "..2026_01"));
		writeFileSync(join(top, "..2026_01", file), text);
		symlinkSync("..2026_01", join(top, "..data"));
		symlinkSync(`..data/${file}`, path);
	}
	const events: CompanionEvent[] = [];
	const emit = (event: CompanionEvent) => events.push(event);
	const uses = new VersionUses(folder, flock, emit, 0);
	const config = readConfig(path);
	const live = new LiveSettings(readBootTree(folder, config), config, uses, emit, lookMs);
	onTestFinished(async () => {
		live.stop();
		await uses.stop();
	});
	const rewrite = (newText: string) => {
		writeFileSync(`${path}.new`, newText);
		renameSync(`${path}.new`, path);
	};
	return { top, folder, live, events, rewrite };
}

test("a changed file counts at once, and the log says what still needs a restart", async () => {
	const { live, events, rewrite } = await settings(start);
	expect(live.current).toMatchObject({ defaultImage: "node", kernelParameters: "", pins: [] });
	expect(events).toEqual([]);
	rewrite(
		`${start}[kernel]\nparameters = quiet\n[pins]\n52:54:00:00:00:01 = node/2\n[http]\nport = 8080\n[hosts]\n52:54:00:00:00:02 = 10.0.0.2\n`,
	);
	expect(live.current).toMatchObject({ kernelParameters: "quiet", pins: [{ version: "2" }] });
	expect(events).toEqual([
		{ event: "companion.reloaded", config: expect.stringContaining("c.ini"), needsRestart: ["[http]"] },
	]);
});

test("nobody has to ask: a mistake is told while no machine boots", async () => {
	const { events, rewrite } = await settings(start, 10);
	rewrite(`${start}[pins]\n52:54:00:00:00:01 = nod\n`);
	while (events.length === 0) await sleep(5);
	expect(events).toMatchObject([{ event: "companion.warning", code: "server.pin-wrong" }]);
});

test("a file that is wrong is told once, and the old one counts until it is right", async () => {
	const { folder, live, events, rewrite } = await settings(`${start}[kernel]\nparameters = quiet\n`);
	rewrite(`${start}[kernel]\nparameters = loud\n[pins]\n52:54:00:00:00:01 = node/3\n`);
	for (let times = 0; times < 3; times++) expect(live.current.kernelParameters).toBe("quiet");
	expect(events).toMatchObject([
		{
			code: "server.pin-wrong",
			message: expect.stringMatching(/c\.ini has changed and is not taken: .*node\/3/),
		},
	]);
	await writeVersion(folder, { name: "node", version: "3" });
	expect(live.current).toMatchObject({ kernelParameters: "loud", pins: [{ version: "3" }] });
	rewrite("[network");
	expect(live.current.kernelParameters).toBe("loud");
	expect(events.slice(1)).toMatchObject([
		{ event: "companion.reloaded" },
		{ event: "companion.warning", code: "server-config.several-problems" },
	]);
});

test("a file that goes away is told, and one that comes back counts", async () => {
	const { top, live, events, rewrite } = await settings(start);
	rmSync(join(top, "c.ini"));
	expect(live.current.defaultImage).toBe("node");
	expect(events).toMatchObject([{ code: "server-config.not-readable" }]);
	rewrite(`${start}[kernel]\nparameters = quiet\n`);
	expect(live.current.kernelParameters).toBe("quiet");
});

test("a ConfigMap that Kubernetes exchanges counts; one that changed elsewhere is no news", async () => {
	const { top, live, events } = await settings(start, hour, "companion.ini");
	const exchange = (name: string, text: string) => {
		mkdirSync(join(top, name));
		writeFileSync(join(top, name, "companion.ini"), text);
		symlinkSync(name, join(top, "..data_tmp"));
		renameSync(join(top, "..data_tmp"), join(top, "..data"));
	};
	exchange("..2026_02", start);
	expect(live.current.kernelParameters).toBe("");
	expect(events).toEqual([]);
	exchange("..2026_03", `${start}[kernel]\nparameters = quiet\n`);
	expect(live.current.kernelParameters).toBe("quiet");
	expect(events).toMatchObject([{ event: "companion.reloaded" }]);
});

test("pinned versions are locked as long as they are pinned", async () => {
	const pinned = `${start}[pins]\n52:54:00:00:00:01 = node/2\n`;
	const { folder, live, rewrite } = await settings(pinned);
	const isFree = () => {
		const lock = lockAlone(flock, join(folder, "images/node/2"), 0);
		lock?.close();
		return lock !== undefined;
	};
	while (isFree()) await sleep(5);
	rewrite(pinned.replace("node/2", "node/2\n52:54:00:00:00:02 = node/2"));
	expect(live.current.pins).toHaveLength(2);
	await sleep(50);
	expect(isFree()).toBe(false);
	rewrite(start);
	expect(live.current.pins).toEqual([]);
	while (!isFree()) await sleep(5);
});
