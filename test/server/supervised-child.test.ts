import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { CompanionEvent } from "../../server/events.ts";
import { type ChildPlan, SupervisedChild } from "../../server/supervised-child.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** A child that is a shell script, and what it and its supervisor said. */
function childOf(script: string, plan: Partial<ChildPlan> = {}) {
	const events: CompanionEvent[] = [];
	const lines: string[] = [];
	const child = new SupervisedChild(
		{
			name: "child",
			argv: ["sh", "-c", script],
			ready: { line: /^ready/ },
			onLine: (line) => lines.push(line),
			...plan,
		},
		(event) => events.push(event),
	);
	onTestFinished(() => child.stop());
	const count = (name: string) => events.filter(({ event }) => event === name).length;
	return { child, events, lines, count };
}

const serves = "echo ready; exec sleep 1000";

test("it is started when it says that it serves", async () => {
	const { child, events } = childOf(`echo getting there >&2; sleep 0.1; ${serves}`);
	expect(child.state).toEqual({ state: "stopped", restarts: 0 });
	await child.start();
	expect(child.state).toEqual({ state: "running", restarts: 0 });
	expect(events).toEqual([{ event: "service.started", service: "child", pid: expect.any(Number) }]);
});

test("it reads its input and hears nothing of our environment", async () => {
	const { child, lines } = childOf(`cat; echo "$HOME"; ${serves}`, { input: "line one\nline two\n" });
	await child.start();
	expect(lines.slice(0, 3)).toEqual(["line one", "line two", ""]);
});

test("what fails at first is told with its last words, and not tried again", async () => {
	const { child, events } = childOf("echo first >&2; echo cannot bind >&2; exit 3");
	await expect(child.start()).rejects.toMatchObject({
		code: "server.service-failed",
		message: "child does not start: exit code 3; its last words: first; cannot bind",
	});
	await sleep(400);
	expect(events).toEqual([]);
});

test("a program that does not exist", async () => {
	const { child } = childOf("", { argv: ["/nonexistent/program"] });
	await expect(child.start()).rejects.toMatchObject({ message: expect.stringContaining("ENOENT") });
});

test("each death is answered, after a pause that grows, and preparations are made again", async () => {
	const marker = join(temporaryFolder(), "marker");
	let prepared = 0;
	const { child, events, count } = childOf(`[ -e ${marker} ] && exit 4; ${serves}`, {
		prepare() {
			prepared += 1;
		},
	});
	await child.start();
	writeFileSync(marker, "");
	const started = events[0];
	if (started?.event === "service.started") process.kill(started.pid, "SIGKILL");
	while (count("service.died") < 3) await sleep(10);
	rmSync(marker);
	while (count("service.restarted") < 1) await sleep(10);
	expect(events.slice(1)).toEqual([
		{
			event: "service.died",
			service: "child",
			reason: "killed by SIGKILL",
			lastOutput: "ready",
			restartInMs: 250,
		},
		{ event: "service.died", service: "child", reason: "exit code 4", lastOutput: "", restartInMs: 500 },
		{ event: "service.died", service: "child", reason: "exit code 4", lastOutput: "", restartInMs: 1000 },
		{ event: "service.restarted", service: "child", pid: expect.any(Number), restarts: 3 },
	]);
	expect(prepared).toBe(4);
	expect(child.state).toEqual({ state: "running", restarts: 3 });
});

test("stopping waits for the end, and forces it when asking does not help", async () => {
	const { child, events } = childOf("trap '' TERM; echo ready; while :; do sleep 0.1; done");
	await child.start();
	const started = events[0];
	await child.stop();
	expect(existsSync(`/proc/${started?.event === "service.started" ? started.pid : ""}/status`)).toBe(false);
	expect(child.state.state).toBe("stopped");
});

test("stopping while it waits to start again leaves it stopped", async () => {
	const file = join(temporaryFolder(), "starts");
	const { child, count } = childOf(`echo x >>${file}; echo ready; exit 0`);
	await child.start();
	while (count("service.died") < 1) await sleep(5);
	await child.stop();
	await sleep(400);
	expect(readFileSync(file, "utf8")).toBe("x\n");
	expect(child.state.state).toBe("stopped");
});
