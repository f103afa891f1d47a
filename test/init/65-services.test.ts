import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { services } from "../../agent/init/65-services.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { makeTestRoot, planStep, planText, planUnchecked, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
beforeAll(() => ensureDebianPackages(["systemd"], "ask systemctl what is masked"));
afterEach(() => root?.remove());

const units = [
	"NetworkManager-dispatcher.service",
	"NetworkManager.service",
	"alsa-restore.service",
	"apt-daily.timer",
	"avahi-daemon.service",
	"avahi-daemon.socket",
	"containerd.service",
	"cron.service",
	"cups.path",
	"cups.service",
	"dbus.service",
	"lvm2-lvmetad.service",
	"lvm2-lvmetad.socket",
	"lvm2-monitor.service",
	"nbd-client.service",
	"rpcbind.service",
	"rpcbind.socket",
	"run-rpc_pipefs.mount",
	"ssh.service",
	"ssh.socket",
	"ssh@.service",
	"sshd.service",
	"systemd-journald.service",
	"systemd-logind.service",
	"systemd-networkd.service",
];

const masked = (ltsConf: string, present: readonly string[] = units) =>
	planStep(services, ltsConf, { root: { units: present } }).map((operation) =>
		operation.kind === "maskUnit" ? operation.name : operation.kind,
	);

test("only what the image has, and what a server does without", () => {
	expect(planText(services, "RM_SYSTEM_SERVICES = cron.service nothing")).toBe("");
	expect(
		planText(services, "RM_SYSTEM_SERVICES = cron.service nothing", { root: { units } }),
	).toMatchInlineSnapshot(`
		"make link     /etc/systemd/system/alsa-restore.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/nbd-client.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/ssh.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/ssh.socket -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/ssh@.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/sshd.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/avahi-daemon.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/avahi-daemon.socket -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/cups.path -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/cups.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/NetworkManager.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/NetworkManager-dispatcher.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/systemd-logind.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/apt-daily.timer -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/rpcbind.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/rpcbind.socket -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/lvm2-lvmetad.service -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/lvm2-lvmetad.socket -> /dev/null
		  because not in KEEP_SYSTEM_SERVICES (default)
		make link     /etc/systemd/system/cron.service -> /dev/null
		  because RM_SYSTEM_SERVICES (lts.conf:2 [default])"
	`);
});

test("KEEP_SYSTEM_SERVICES exempts by bare name, all that starts the service", () => {
	const all = masked("");
	const kept = masked("KEEP_SYSTEM_SERVICES = ssh cups nothing");
	expect(all.filter((unit) => !kept.includes(unit))).toEqual([
		"ssh.service",
		"ssh.socket",
		"ssh@.service",
		"sshd.service",
		"cups.path",
		"cups.service",
	]);
	expect(kept.filter((unit) => !all.includes(unit))).toEqual([]);
});

test("keeping one of a pattern keeps that one", () => {
	expect(masked("KEEP_SYSTEM_SERVICES = NetworkManager-dispatcher")).toContain("NetworkManager.service");
	expect(masked("KEEP_SYSTEM_SERVICES = NetworkManager-dispatcher")).not.toContain(
		"NetworkManager-dispatcher.service",
	);
});

test("what is kept wins over what is removed", () => {
	expect(masked("RM_SYSTEM_SERVICES = containerd cron\nKEEP_SYSTEM_SERVICES = cron")).toContain(
		"containerd.service",
	);
	expect(masked("RM_SYSTEM_SERVICES = containerd cron\nKEEP_SYSTEM_SERVICES = cron")).not.toContain(
		"cron.service",
	);
});

test("a farm that hands out ssh keys keeps ssh", () => {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk a@b";
	expect(masked(`SSH_AUTHORIZED_KEY_1 = "${key}"`).filter((unit) => unit.startsWith("ssh"))).toEqual([]);
});

const nfs = ["rpcbind.service", "rpcbind.socket"];
const lvm = ["lvm2-lvmetad.service", "lvm2-lvmetad.socket"];

test.each([
	["an fstab without both", 'FSTAB_1 = "/dev/sda1 /data ext4 nofail 0 2"', [...nfs, ...lvm]],
	["nfs", 'FSTAB_1 = "192.0.2.1:/home /home nfs4 defaults 0 0"', lvm],
	["a volume by the name of its group", 'FSTAB_1 = "/dev/vg0/data /data ext4 nofail 0 2"', nfs],
	["a volume of the device mapper", 'FSTAB_1 = "/dev/mapper/vg0-data /data ext4 nofail 0 2"', nfs],
	["a label, which may be on a volume", 'FSTAB_1 = "LABEL=data /data ext4 nofail 0 2"', nfs],
	["the image's own fstab", "CONFIGURE_FSTAB = no", []],
])("%s", (_, ltsConf, expected) => {
	expect(masked(ltsConf, [...nfs, ...lvm])).toEqual(expected);
});

test("consoles two to six, not one, where the image has consoles", () => {
	expect(masked("", ["getty@.service"])).toEqual([2, 3, 4, 5, 6].map((tty) => `getty@tty${tty}.service`));
	expect(masked("KEEP_SYSTEM_SERVICES = getty@tty3", ["getty@.service"])).not.toContain("getty@tty3.service");
});

test.each([
	"dbus",
	"systemd-journald.service",
	"netherd-join",
	"systemd-udevd",
	"*",
	"systemd-*",
	"d*s",
	"*journald",
])("%s can't be removed", (name) => {
	expect(() => masked(`RM_SYSTEM_SERVICES = "cron ${name}"`)).toThrow(
		expect.objectContaining({ code: "config.invalid", message: expect.stringContaining("lts.conf:2:23:") }),
	);
});

const essential = expect.objectContaining({
	code: "init.essential-service",
	message: expect.stringContaining("RM_SYSTEM_SERVICES (lts.conf:2 [default])"),
});

test("a pattern must not match what is essential in this image either", () => {
	expect(() => masked('RM_SYSTEM_SERVICES = "*-dev-log"', ["systemd-journald-dev-log.socket"])).toThrow(
		essential,
	);
});

test("the step looks for itself, too", () => {
	expect(() => planUnchecked(services, "RM_SYSTEM_SERVICES", "dbus")).toThrow(essential);
});

test("a pattern takes what it matches", () => {
	expect(masked('RM_SYSTEM_SERVICES = "cro* *.nothing"')).toContain("cron.service");
});

test("nothing in the lists is essential", () => {
	const essential = [
		"dbus",
		"systemd-journald",
		"systemd-networkd",
		"systemd-udevd",
		"containerd",
		"kubelet",
		"cron",
	];
	expect(
		masked(
			"",
			essential.map((name) => `${name}.service`),
		),
	).toEqual([]);
});

test("systemctl agrees", async () => {
	root = makeTestRoot();
	cpSync("/usr/lib/systemd/system", join(root.path, "usr/lib/systemd/system"), {
		recursive: true,
		verbatimSymlinks: true,
	});
	const node = { root: { units: ["systemd-logind.service", "getty@.service"] } };
	const state = (unit: string) =>
		spawnSync("systemctl", [`--root=${root?.path}`, "is-enabled", unit], { encoding: "utf8" }).stdout.trim();
	expect(state("systemd-logind.service")).toBe("static");
	await root.run(services, "", node);
	expect(state("systemd-logind.service")).toBe("masked");
	expect(state("getty@tty2.service")).toBe("masked");
	expect(state("getty@tty1.service")).not.toBe("masked");
});
