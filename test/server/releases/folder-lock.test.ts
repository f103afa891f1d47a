import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CompanionEvent } from "../../../server/events.ts";
import { findProgram } from "../../../server/programs.ts";
import { lockAlone, lockShared } from "../../../server/releases/folder-lock.ts";
import { VersionUses } from "../../../server/releases/version-uses.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const flock = findProgram("flock");

test("alone excludes everybody, shared only those who want it alone, until it is closed", async () => {
	const folder = temporaryFolder();
	const first = await lockShared(flock, folder, 0);
	const second = await lockShared(flock, folder, 0);
	expect(lockAlone(flock, folder, 0)).toBeUndefined();
	first.close();
	expect(lockAlone(flock, folder, 0)).toBeUndefined();
	second.close();
	const alone = lockAlone(flock, folder, 0);
	expect(alone).toBeDefined();
	expect(lockAlone(flock, folder, 0)).toBeUndefined();
	await expect(lockShared(flock, folder, 0)).rejects.toMatchObject({ code: "release.cannot-lock" });
	const patient = lockShared(flock, folder, 10);
	alone?.close();
	(await patient).close();
});

test("a folder that is not there, a program that is not there", async () => {
	const folder = temporaryFolder();
	expect(() => lockAlone(flock, join(folder, "nothing"), 0)).toThrow("ENOENT");
	await expect(lockShared(flock, join(folder, "nothing"), 0)).rejects.toThrow("ENOENT");
	expect(() => lockAlone("/nonexistent", folder, 0)).toThrow(
		expect.objectContaining({ code: "release.cannot-lock", message: expect.stringContaining(folder) }),
	);
	await expect(lockShared("/nonexistent", folder, 0)).rejects.toMatchObject({ code: "release.cannot-lock" });
});

function usesOf(lingerMs: number) {
	const folder = temporaryFolder();
	const version = join(folder, "images/node/1");
	mkdirSync(version, { recursive: true });
	const events: CompanionEvent[] = [];
	const uses = new VersionUses(folder, flock, (event) => events.push(event), lingerMs);
	const isFree = () => {
		const lock = lockAlone(flock, version, 0);
		lock?.close();
		return lock !== undefined;
	};
	return { uses, events, isFree };
}

test("a version is locked while anybody reads it, and free a while after the last", async () => {
	const { uses, isFree } = usesOf(20);
	const [first, second] = [uses.begin("node", "1"), uses.begin("node", "1")];
	await uses.locked("node", "1");
	expect(isFree()).toBe(false);
	first();
	// Once is enough; the second call must not end somebody else's.
	first();
	await sleep(60);
	expect(isFree()).toBe(false);
	second();
	while (!isFree()) await sleep(5);
});

test("somebody who comes back in time finds it locked still", async () => {
	const { uses, isFree } = usesOf(3_600_000);
	uses.touch("node", "1");
	await uses.locked("node", "1");
	expect(isFree()).toBe(false);
	await uses.stop();
	expect(isFree()).toBe(true);
});

test("a version that cannot be locked is told once, and served all the same", async () => {
	const { uses, events } = usesOf(3_600_000);
	for (let times = 0; times < 3; times++) uses.touch("node", "2");
	await uses.locked("node", "2");
	expect(events).toMatchObject([{ event: "companion.warning", message: expect.stringContaining("ENOENT") }]);
	await uses.stop();
});
