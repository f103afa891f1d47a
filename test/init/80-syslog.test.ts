import { execFileSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { syslog } from "../../agent/init/80-syslog.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { planStep, planText } from "../lib/plan-step.ts";

beforeAll(() => ensureDebianPackages(["bsdutils", "iproute2"], "send syslog messages"));

test("rsyslog, where the image has it", () => {
	const node = { root: { units: ["rsyslog.service"] } };
	expect(planText(syslog, "SYSLOG_HOST = 192.0.2.9 2001:db8::9 logs.example", node)).toMatchInlineSnapshot(`
		"put file      /etc/rsyslog.d/90-netherd.conf  (0644, 64 B)
		  because SYSLOG_HOST (lts.conf:2 [default])
		  │ *.* @192.0.2.9:514
		  │ *.* @[2001:db8::9]:514
		  │ *.* @logs.example:514"
	`);
});

test("without rsyslog, the journal through logger", () => {
	expect(planText(syslog, "SYSLOG_HOST = 192.0.2.9")).toMatchInlineSnapshot(`
		"put file      /etc/systemd/system/netherd-syslog-1.service  (0644, 312 B)
		  because SYSLOG_HOST (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=Send the journal to 192.0.2.9
		  │ After=network.target
		  │ 
		  │ [Service]
		  │ ExecStart=/bin/sh -c '/usr/bin/journalctl --follow --boot --lines=all --output=short | /usr/bin/logger --server 192.0.2.9 --port 514 --udp --rfc3164 --tag journal'
		  │ Restart=always
		  │ RestartSec=5s
		  │ 
		  │ [Install]
		  │ WantedBy=multi-user.target
		make link     /etc/systemd/system/multi-user.target.wants/netherd-syslog-1.service -> ../netherd-syslog-1.service
		  because SYSLOG_HOST (lts.conf:2 [default])"
	`);
});

test("nothing set, nothing sent", () => {
	expect(planStep(syslog, "")).toEqual([]);
});

test("what the unit runs arrives as syslog messages", () => {
	const [operation] = planStep(syslog, "SYSLOG_HOST = 127.0.0.1");
	const command =
		operation?.kind === "installUnit" ? /ExecStart=\S+ -c '(.*)'/.exec(operation.content)?.[1] : "";
	const send = command?.split(" | ")[1] ?? "";
	const receive = `const socket = require("node:dgram").createSocket("udp4");
socket.bind(514, "127.0.0.1", () => require("node:child_process").exec(process.argv[1]));
let left = 2;
socket.on("message", (message) => { console.log(String(message)); if (--left === 0) socket.close(); });`;
	// A network namespace: port 514 of the machine may be taken.
	const received = execFileSync(
		"unshare",
		[
			"--net",
			"sh",
			"-c",
			'ip link set lo up && exec "$0" -e "$1" -- "$2"',
			process.execPath,
			receive,
			`printf 'one\\ntwo\\n' | ${send}`,
		],
		{ encoding: "utf8", timeout: 150_000 },
	);
	expect(received).toMatch(/^<13>\w{3} [\d :]{11} \S+ journal: one\n<13>.* journal: two\n$/);
});
