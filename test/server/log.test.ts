import { expect, test } from "vitest";
import { type CompanionEvent, describeEvent } from "../../server/events.ts";
import { createLog, type LogOptions } from "../../server/log.ts";

function logged(events: readonly CompanionEvent[], options: Partial<LogOptions> = {}): string {
	let text = "";
	const emit = createLog({
		format: "text",
		level: "info",
		colours: false,
		now: () => new Date("2026-01-02T03:04:05.678Z"),
		write(line) {
			text += line;
		},
		...options,
	});
	events.forEach(emit);
	return text;
}

const mac = "52:54:00:00:00:01";
const request = {
	event: "http.request",
	client: "10.0.0.11",
	method: "GET",
	bytes: 8,
	durationMs: 3,
} as const;
const events: CompanionEvent[] = [
	{ event: "companion.starting", version: "0.1.0", folder: "/srv", config: "c.ini" },
	{ event: "service.started", service: "nbdkit", pid: 7 },
	{
		event: "companion.ready",
		http: "http://10.0.0.1:80",
		nbd: "nbd://10.0.0.1:10809",
		tftp: "tftp://10.0.0.1",
		dhcp: "server",
		images: ["node", "storage"],
	},
	{ event: "dhcp.offer", mac, address: "10.0.0.11" },
	{ event: "dhcp.ack", mac, address: "10.0.0.11", hostname: "node1", bootFile: "undionly.kpxe" },
	{ event: "dhcp.proxy", mac, bootFile: "snponly.efi" },
	{ event: "dhcp.refused", mac, address: "10.9.9.9", reason: "wrong network" },
	{ event: "dhcp.unanswered", mac, reason: "no address available" },
	{ event: "tftp.sent", file: "undionly.kpxe", client: "10.0.0.11" },
	{ event: "tftp.missing", file: "pxelinux.0", client: "10.0.0.11" },
	{ event: "tftp.failed", file: "snponly.efi", client: "10.0.0.11" },
	{ ...request, path: "/boot.ipxe", status: 200, complete: true },
	{ ...request, path: "/lts.conf", status: 404, complete: true },
	{ ...request, path: "/images/x", status: 404, complete: true },
	{ ...request, path: "/images/node/1/vmlinuz", status: 200, complete: false },
	{ ...request, path: "/health", status: 200, complete: true },
	{ ...request, path: "/events", status: 204, complete: true },
	{ event: "nbd.opened", client: "10.0.0.11", exportName: "/node", image: "node", version: "7" },
	{ event: "nbd.closed", client: "10.0.0.11", exportName: "/node", bytes: 300_000, durationMs: 900 },
	{ event: "nbd.refused", client: "10.0.0.11", exportName: "x", reason: "there is no such export" },
	{ event: "node.report", client: "10.0.0.11", report: { stage: "join", state: "ready" } },
	{ event: "service.died", service: "dhcp", reason: "killed by SIGKILL", lastOutput: "", restartInMs: 250 },
	{ event: "service.died", service: "dhcp", reason: "exit code 2", lastOutput: "no", restartInMs: 500 },
	{ event: "service.restarted", service: "dhcp", pid: 8, restarts: 2 },
	{ event: "service.output", service: "dhcp", line: "hidden" },
	{ event: "companion.warning", code: "server.x", message: "odd", hint: "do this" },
	{ event: "companion.stopping", reason: "SIGTERM" },
	{ event: "companion.stopped" },
];

test("for people", () => {
	expect(logged(events).replaceAll("2026-01-02T03:04:05.678Z ", "")).toMatchInlineSnapshot(`
		"companion version 0.1.0 serves /srv as c.ini says
		service   nbdkit runs, process 7
		companion ready: http://10.0.0.1:80/boot.ipxe, nbd://10.0.0.1:10809, tftp://10.0.0.1, DHCP server; images: node, storage
		dhcp      offer 10.0.0.11 to 52:54:00:00:00:01
		dhcp      ack 10.0.0.11 to 52:54:00:00:00:01 (node1), boot file undionly.kpxe
		dhcp      told 52:54:00:00:00:01 where to boot from, boot file snponly.efi
		dhcp      warning: refused 10.9.9.9 to 52:54:00:00:00:01: wrong network
		dhcp      warning: no answer to 52:54:00:00:00:01: no address available
		tftp      sent undionly.kpxe to 10.0.0.11
		tftp      warning: 10.0.0.11 asked for pxelinux.0, which is not there
		tftp      warning: sending snponly.efi to 10.0.0.11 failed
		http      10.0.0.11 GET /boot.ipxe 200, 8 bytes in 3 ms
		http      10.0.0.11 GET /lts.conf 404, 8 bytes in 3 ms
		http      warning: 10.0.0.11 GET /images/x 404, 8 bytes in 3 ms
		http      warning: 10.0.0.11 GET /images/node/1/vmlinuz 200, 8 bytes in 3 ms, cut off by the client
		nbd       10.0.0.11 opened /node: image node, version 7
		nbd       10.0.0.11 closed /node after 300000 bytes in 900 ms
		nbd       warning: 10.0.0.11 refused, export "x": there is no such export
		node      10.0.0.11 {"stage":"join","state":"ready"}
		service   error: dhcp died: killed by SIGKILL; starting it again in 0.25 s, and again until it stays
		service   error: dhcp died: exit code 2 (last words: no); starting it again in 0.5 s, and again until it stays
		service   dhcp runs again, process 8, restart 2
		companion warning: odd [server.x]; what to do: do this
		companion stopping: SIGTERM
		companion stopped
		"
	`);
	expect(logged(events)).toMatch(/^2026-01-02T03:04:05.678Z companion version/);
});

test("for programs: the event's fields, time, level and the sentence", () => {
	const [line] = logged(events.slice(4, 5), { format: "json" }).split("\n");
	expect(JSON.parse(line ?? "")).toEqual({
		time: "2026-01-02T03:04:05.678Z",
		level: "info",
		event: "dhcp.ack",
		mac,
		address: "10.0.0.11",
		hostname: "node1",
		bootFile: "undionly.kpxe",
		message: "ack 10.0.0.11 to 52:54:00:00:00:01 (node1), boot file undionly.kpxe",
	});
});

test("what the children say is for the level debug", () => {
	const output: CompanionEvent = { event: "service.output", service: "dhcp", line: "something" };
	expect(logged([output])).toBe("");
	expect(logged([output], { level: "debug" })).toContain("dhcp: something");
});

test("colours are for terminals", () => {
	const died = events.filter(({ event }) => event === "service.died").slice(0, 1);
	expect(logged(died)).not.toContain("\x1b");
	expect(logged(died, { colours: true })).toContain("\x1b[31merror: dhcp died");
	expect(logged(died, { colours: true, format: "json" })).not.toContain("\x1b");
});

test("what others chose cannot move the cursor or begin a line", () => {
	const path = "/\x1b[2J\nfake";
	expect(describeEvent({ ...request, path, status: 404, complete: true })).toBe(
		"10.0.0.11 GET /?[2J?fake 404, 8 bytes in 3 ms",
	);
	const line = logged([{ event: "node.report", client: "10.0.0.11", report: { text: "a\nb\x1b[2J" } }]);
	expect(line.split("\n")).toHaveLength(2);
	expect(line).not.toContain("\x1b");
});
