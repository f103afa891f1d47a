import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { network } from "../../agent/init/50-network.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { makeTestRoot, planStep, planText, type TestRoot, withoutPrograms } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
beforeAll(() => ensureDebianPackages(["systemd"], "ask systemctl what is enabled"));
afterEach(() => root?.remove());

const paths = (ltsConf: string, node = {}) =>
	planStep(network, ltsConf, node).map((operation) =>
		"path" in operation ? operation.path : operation.kind,
	);

test("dhcp: the address is kept and renewed", () => {
	expect(planText(network, "")).toMatchInlineSnapshot(`
		"put file      /etc/systemd/network/05-netherd.network  (0644, 186 B)
		  because NET_DEVICE_METHOD (default)
		  │ [Match]
		  │ MACAddress=52:54:00:00:00:01
		  │ Type=ether
		  │ Kind=!*
		  │ 
		  │ [Network]
		  │ DHCP=ipv4
		  │ KeepConfiguration=yes
		  │ 
		  │ [DHCPv4]
		  │ ClientIdentifier=mac
		  │ RequestAddress=192.0.2.10
		  │ UseHostname=no
		  │ SendRelease=no
		put file      /etc/systemd/networkd.conf.d/netherd.conf  (0644, 68 B)
		  because NET_DEVICE_METHOD (default)
		  │ [Network]
		  │ ManageForeignRoutes=no
		  │ ManageForeignRoutingPolicyRules=no
		put file      /etc/systemd/system/systemd-networkd-wait-online.service.d/netherd.conf  (0644, 96 B)
		  because NET_DEVICE_METHOD (default)
		  │ [Service]
		  │ ExecStart=
		  │ ExecStart=/usr/lib/systemd/systemd-networkd-wait-online --any --timeout=30
		make link     /etc/systemd/system/dbus-org.freedesktop.network1.service -> /usr/lib/systemd/system/systemd-networkd.service
		  because NET_DEVICE_METHOD (default)
		make link     /etc/systemd/system/multi-user.target.wants/systemd-networkd.service -> /usr/lib/systemd/system/systemd-networkd.service
		  because NET_DEVICE_METHOD (default)
		make link     /etc/systemd/system/sockets.target.wants/systemd-networkd.socket -> /usr/lib/systemd/system/systemd-networkd.socket
		  because NET_DEVICE_METHOD (default)
		make link     /etc/systemd/system/network-online.target.wants/systemd-networkd-wait-online.service -> /usr/lib/systemd/system/systemd-networkd-wait-online.service
		  because NET_DEVICE_METHOD (default)
		run           /bin/sh -c 'ip -4 route replace default via "$1" dev "$2" onlink proto static metric 65535 && ip -4 route flush exact default dev "$2" proto boot' sh 192.0.2.254 enp1s0
		  because NET_DEVICE_METHOD (default)"
	`);
});

test("static: the address is kept, nobody is asked", () => {
	const [file, ...rest] = planStep(network, "NET_DEVICE_METHOD = static");
	expect(file).toMatchInlineSnapshot(`
		{
		  "because": "NET_DEVICE_METHOD (lts.conf:2 [default])",
		  "content": "[Match]
		MACAddress=52:54:00:00:00:01
		Type=ether
		Kind=!*

		[Network]
		DHCP=no
		KeepConfiguration=yes
		",
		  "kind": "writeFile",
		  "path": "/etc/systemd/network/05-netherd.network",
		}
	`);
	expect(rest.map(({ kind }) => kind)).not.toContain("spawn");
});

test("manual, or an interface that is not known: nothing", () => {
	expect(planStep(network, "NET_DEVICE_METHOD = manual")).toEqual([]);
	expect(planStep(network, "", { network: { mac: undefined } as never })).toEqual([]);
});

test("dhcp, with a gateway: the initramfs's default route gives way, last of all", () => {
	const last = (node = {}) => planStep(network, "", node).at(-1)?.kind;
	expect(last()).toBe("spawn");
	expect(last({ root: { units: ["networking.service"] } })).toBe("spawn");
	expect(paths("", { network: { gateway: undefined } })).not.toContain("spawn");
	expect(paths("", { network: { gateway: "192.0.2.1; reboot" } })).not.toContain("spawn");
	expect(paths("", { network: { device: undefined } })).not.toContain("spawn");
});

test("ifupdown, where the image has it, leaves the interface alone", () => {
	const node = { root: { units: ["networking.service"] } };
	expect(paths("", node)).toContain("/etc/network/interfaces");
	expect(paths("")).not.toContain("/etc/network/interfaces");
});

test("systemctl finds enabled what the links enable", async () => {
	root = makeTestRoot();
	cpSync("/usr/lib/systemd/system", join(root.path, "usr/lib/systemd/system"), {
		recursive: true,
		verbatimSymlinks: true,
	});
	const state = (unit: string) =>
		spawnSync("systemctl", [`--root=${root?.path}`, "is-enabled", unit], { encoding: "utf8" }).stdout.trim();
	const units = [
		"systemd-networkd.service",
		"systemd-networkd.socket",
		"systemd-networkd-wait-online.service",
	];
	expect(units.map(state)).toEqual(["disabled", "disabled", "disabled"]);
	await root.run(withoutPrograms(network), "");
	expect(units.map(state)).toEqual(["enabled", "enabled", "enabled"]);
	expect(state("dbus-org.freedesktop.network1.service")).toBe("alias");
});
