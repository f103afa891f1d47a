import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { repository } from "../../../tools/cache.ts";
import { Farm } from "../../../vm-tests/lib/farm.ts";
import { processIds } from "../../../vm-tests/lib/network-namespace.ts";

/** A process that makes a farm, starts a program in it that outlives signals, and says the farm's name. */
const farmer = `
import { Farm } from "${repository}/vm-tests/lib/farm.ts";
import { exitOnSignals } from "${repository}/vm-tests/lib/prepare.ts";
exitOnSignals();
const farm = new Farm();
const program = farm.start(["setsid", "--fork", "sh", "-c", "trap '' TERM INT HUP; echo; sleep 1000"], "/dev/null");
setInterval(() => {}, 1000);
program.onLine(() => console.log(farm.namespace));
`;

const farmers: ChildProcess[] = [];

/** A farmer that a failed test left alive removes its farm itself. */
afterEach(async () => {
	for (const child of farmers.splice(0)) {
		if (child.exitCode !== null || child.signalCode !== null) continue;
		child.kill("SIGTERM");
		await once(child, "exit");
	}
});

async function startFarmer() {
	const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", farmer], {
		stdio: ["ignore", "pipe", "inherit"],
		cwd: repository,
	});
	farmers.push(child);
	const [namespace] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
	return { child, namespace };
}

/** Its parent may not have been told yet (state Z, proc_pid_stat(5)). */
function runs(id: number): boolean {
	try {
		return !/\) [ZX] /.test(readFileSync(`/proc/${id}/stat`, "utf8"));
	} catch {
		return false;
	}
}

const exists = (namespace: string) => existsSync(`/run/netns/${namespace}`);

test("disposing ends everything in the farm and removes it", () => {
	const farm = new Farm();
	farm.start(["setsid", "--fork", "sleep", "1000"], "/dev/null");
	expect(exists(farm.namespace)).toBe(true);
	expect(existsSync(farm.folder)).toBe(true);
	farm[Symbol.dispose]();
	expect(exists(farm.namespace)).toBe(false);
	expect(existsSync(farm.folder)).toBe(false);
});

test("an interrupted process removes its farm", async () => {
	const { child, namespace } = await startFarmer();
	expect(processIds(namespace).length).toBeGreaterThan(0);
	child.kill("SIGINT");
	expect((await once(child, "exit"))[0]).toBe(130);
	expect(exists(namespace)).toBe(false);
});

test("the next farm removes what a killed process left, and leaves a live process's alone", async () => {
	const killed = await startFarmer();
	const alive = await startFarmer();
	// Before it is killed: a farm of another test file may tidy up after it, too.
	const left = processIds(killed.namespace);
	expect(left.length).toBeGreaterThan(0);
	killed.child.kill("SIGKILL");
	await once(killed.child, "exit");
	using farm = new Farm();
	expect([killed.namespace, alive.namespace, farm.namespace].map(exists)).toEqual([false, true, true]);
	expect(left.filter(runs)).toEqual([]);
	alive.child.kill("SIGTERM");
	await once(alive.child, "exit");
	expect(exists(alive.namespace)).toBe(false);
});

test("when the servers lose power their programs end", async () => {
	using farm = new Farm();
	const program = farm.start(["sleep", "1000"], "/dev/null");
	const ended = once(program.process, "exit");
	await farm.losePower();
	expect((await ended)[1]).toBe("SIGKILL");
	expect(processIds(farm.namespace)).toEqual([]);
});
