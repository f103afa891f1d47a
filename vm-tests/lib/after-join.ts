import assert from "node:assert/strict";
import { type BootedNode, bootLimit, machineIdentity } from "./booted-node.ts";
import type { GuestCheck, ScenarioStage } from "./scenario.ts";
import { joinTokenSecret } from "./states.ts";

/** Waits for the join of a node with `joiningConfiguration` and checks everything that the boot promised. */
export async function checkJoinedNode(
	stage: ScenarioStage,
	node: BootedNode,
	where: readonly GuestCheck[] = imageInMemory,
): Promise<void> {
	await checkJoin(stage, node);
	await stage.checkGuest(node, [...afterJoin, ...where, ...withServer]);
}

/** The join itself, wherever the node's root is. */
export async function checkJoin(stage: ScenarioStage, node: BootedNode): Promise<void> {
	stage.say("until kubeadm join was called");
	const record = await node.joined();
	await stage.check("kubeadm got a complete JoinConfiguration that only root can read", () => {
		assert.deepEqual(record.problems, []);
		assert.deepEqual({ exitCode: record.exitCode, mode: record.mode }, { exitCode: 0, mode: "0600" });
	});
	await stage.check("the server heard of all three stages", async () => {
		for (const name of ["initramfs", "init", "join"]) await stageDone(node, name);
	});
	await stage.checkGuest(node, nodeIsReady);
}

/** Waits until the node has told the server that a stage is over. */
export async function stageDone(node: BootedNode, name: string): Promise<void> {
	await node.companion.waitFor(
		`stage ${name} done`,
		(event) =>
			event.event === "node.report" &&
			"stage" in event.report &&
			event.report.stage === name &&
			"event" in event.report &&
			event.report.event === "stage-done",
		bootLimit,
	);
}

/** What the node itself says about its join. */
const nodeIsReady: readonly GuestCheck[] = [
	{
		what: "agent status says that the node is Ready",
		run: "/usr/lib/netherd/agent status | head -n 1",
		prints: /^node1 is Ready/,
	},
	{
		what: "so does the unit",
		// It is active when the agent has ended, after its last report to the server.
		run: "until systemctl is-active --quiet netherd-join; do sleep 0.3; done; systemctl show --property StatusText netherd-join; systemctl is-active netherd-join",
		prints: "StatusText=the node is Ready\nactive",
	},
];

/** The node needs nothing but its RAM. */
export const imageInMemory: readonly GuestCheck[] = [
	{
		what: "no disk, no NBD device is in use",
		run: "lsblk --noheadings --nodeps --output NAME | grep -v loop || true",
		prints: "",
	},
];

/** What `joiningConfiguration` asks for. */
export const configured: readonly GuestCheck[] = [
	{ what: "the node has the name that DHCP gave it", run: "hostname", prints: machineIdentity.hostname },
	{
		what: "/etc/hosts names node, server and the lines of lts.conf",
		run: "getent hosts api.rack.example server; getent ahostsv4 node1 | head -n 1",
		prints: /192\.168\.67\.1 +api\.rack\.example\n192\.168\.67\.1 +server\n127\.0\.0\.2 /,
	},
	{ what: "the time zone is set", run: "date -d '2026-07-01 12:00 UTC' +%H", prints: "14" },
	{ what: "the sysctl is set", run: "sysctl --values net.ipv4.ip_forward", prints: "1" },
	{
		what: "rc.local has run",
		run: "until [ -s /run/rc-local-ran ]; do sleep 0.3; done; cat /run/rc-local-ran",
		prints: "rc.local",
	},
	{ what: "PREINIT has run with its variables", run: "cat /etc/preinit-ran", prints: "node1 192.168.67.1" },
	{
		what: "the token's secret is in no log, plan or journal, nor in the system's journal",
		run: `cd /run/netherd && ! grep -l ${joinTokenSecret} */*.json */*.jsonl agent.log | grep -vx 'join/[0-9]*\\.json' && ! journalctl --quiet | grep ${joinTokenSecret}`,
		prints: "",
	},
];

/** The state of a node with `joiningConfiguration` after its join, wherever its image is. */
export const afterJoin: readonly GuestCheck[] = [
	{ what: "the root is an overlay in RAM", run: "stat --file-system --format %T /", prints: "overlayfs" },
	{
		what: "the read-only image shows at /rofs",
		run: "findmnt --noheadings --output FSTYPE /rofs",
		prints: "squashfs",
	},
	{
		what: "the writable layer shows at /cow, in a tmpfs of its own",
		run: "findmnt --noheadings --output FSTYPE --target /cow && echo changed >/etc/changed && find /cow -name changed | wc -l && rm /etc/changed",
		prints: "tmpfs\n1",
	},
	...configured,
];

/** What holds only while the server is there. */
export const withServer: readonly GuestCheck[] = [
	{
		what: "the boot interface has its address, lent by the server",
		run: "until networkctl --no-pager list | grep -q 'ether.*routable.*configured'; do sleep 0.3; done; ip -4 -brief address show scope global; networkctl --no-pager list | grep -c 'ether.*routable.*configured'",
		prints: /192\.168\.67\.11\/24(?:.|\n)*\n1$/,
	},
	{
		what: "no unit has failed",
		run: "systemctl is-system-running --wait; systemctl --failed --no-legend",
		prints: "running",
	},
];

/** GRUB says in the kernel's command line where it found the kernel; iPXE says nothing. */
export const grubLoadedKernel: GuestCheck = {
	what: "GRUB loaded the kernel over HTTP",
	run: "grep -o 'BOOT_IMAGE=(http' /proc/cmdline",
	prints: "BOOT_IMAGE=(http",
};
