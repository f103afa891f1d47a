import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { JoinEvent } from "../../agent/cluster/join-event.ts";
import type { JoinState } from "../../agent/cluster/join-state.ts";
import { joinTeller } from "../../agent/host/join-teller.ts";
import type { Log } from "../../agent/log.ts";

let folder: string;
let lines: string[];
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-teller-"));
	lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log: Log = {
	info: (line) => void lines.push(line),
	warn: (line) => void lines.push(`warning: ${line}`),
	error: (line) => void lines.push(`error: ${line}`),
	debug: () => undefined,
};
const started: JoinEvent = { event: "join-started", nodeName: "node7", endpoints: ["10.9.0.20:6443"] };
const waiting: JoinEvent = { event: "join-waiting", for: "API server", reason: "connection refused" };
const ready: JoinEvent = { event: "node-ready", waitedMs: 8_000 };

function tellerIn(stateFile: string, send: (what: string) => Promise<void>) {
	return joinTeller({
		log,
		stateFile,
		serviceStatus: (text) => send(`systemd: ${text}`),
		report: ({ event }) => send(`server: ${event}`),
	});
}

test("everybody hears it, in order, and of a wait not at every look", async () => {
	const heard: string[] = [];
	const teller = tellerIn(join(folder, "join/state.json"), async (what) => void heard.push(what));
	for (const event of [started, waiting, waiting, waiting, ready]) teller.tell(event);
	await teller.flush();
	expect(lines).toEqual([
		"join: node7 joins the cluster at 10.9.0.20:6443",
		"join: waiting for the API server: connection refused",
		"join: the node is Ready, 8 s after it joined",
	]);
	expect(heard).toEqual([
		"server: join-started",
		"systemd: starts",
		"server: join-waiting",
		"systemd: waits for the API server: connection refused",
		"server: node-ready",
		"systemd: the node is Ready",
	]);
});

test("the state is a whole file at any time, for everybody to read", () => {
	const file = join(folder, "join/state.json");
	const teller = tellerIn(file, async () => undefined);
	teller.tell(started);
	teller.tell(waiting);
	const state = JSON.parse(readFileSync(file, "utf8")) as JoinState;
	expect(state).toMatchObject({ version: 1, state: "waiting", nodeName: "node7" });
	expect((statSync(file).mode & 0o777).toString(8)).toBe("644");
	expect(readdirSync(join(folder, "join"))).toEqual(["state.json"]);
});

test("a listener that fails, and a state that cannot be written, don't stop the join", async () => {
	writeFileSync(join(folder, "file"), "");
	const teller = tellerIn(join(folder, "file/state.json"), () => Promise.reject(new Error("no route")));
	teller.tell(started);
	teller.tell(ready);
	await teller.flush();
	expect(lines).toHaveLength(2);
});
