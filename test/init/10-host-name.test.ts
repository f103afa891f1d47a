import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { hostName } from "../../agent/init/10-host-name.ts";
import { makeTestRoot, type NodeUnderTest, planStep, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const nameOf = (ltsConf: string, network: NodeUnderTest["network"] = {}) => {
	const [operation] = planStep(hostName, ltsConf, { network });
	return operation?.kind === "writeFile" ? operation.content.trim() : undefined;
};

test("HOSTNAME names the node, in the file and in the kernel", () => {
	expect(planText(hostName, "HOSTNAME = node7")).toMatchInlineSnapshot(`
		"put file      /etc/hostname  (0644, 6 B)
		  because HOSTNAME (lts.conf:2 [default])
		  │ node7
		run           /bin/sh -c 'printf %s "$1" >/proc/sys/kernel/hostname' sh node7
		  because HOSTNAME (lts.conf:2 [default])"
	`);
});

test.each([
	["HOSTNAME before DHCP", "HOSTNAME = node7", { hostname: "dhcp1" }, "node7"],
	["the first word of HOSTNAME, as in LTSP 5", "HOSTNAME = node7 spare", {}, "node7"],
	["DHCP before a generated name", "HOSTNAME_BASE = rack", { hostname: "dhcp1" }, "dhcp1"],
	["a name from DHCP that is none is passed over", "", { hostname: "a b;c" }, "ltsp10"],
	["the host part of the address", "", {}, "ltsp10"],
	["a host part of two bytes, as one number", "", { ip: "10.9.200.10", netmask: "255.255.0.0" }, "ltsp51210"],
	[
		"a network of more than half of all addresses",
		"",
		{ ip: "200.0.0.1", netmask: "0.0.0.0" },
		"ltsp3355443201",
	],
	["without an address, the MAC address", "", { ip: "none" }, "ltsp52-54-00-00-00-01"],
	["mac", "HOSTNAME_EXTRA = MAC", {}, "ltsp52-54-00-00-00-01"],
	["a base and an end of one's own", "HOSTNAME_BASE = rack\nHOSTNAME_EXTRA = 12a", {}, "rack12a"],
])("%s", (_, ltsConf, network, name) => {
	expect(nameOf(ltsConf, network)).toBe(name);
});

test("says why it is this name", () => {
	expect(planStep(hostName, "HOSTNAME_BASE = rack")[0]?.because).toBe(
		"HOSTNAME_BASE (lts.conf:2 [default]), HOSTNAME_EXTRA (default)",
	);
});

test("on a real root: /etc/hostname, and what the kernel is told", async () => {
	root = makeTestRoot(["/bin/sh"]);
	mkdirSync(join(root.path, "proc/sys/kernel"), { recursive: true });
	await root.run(hostName, "HOSTNAME = node7");
	expect(root.read("etc/hostname")).toBe("node7\n");
	expect(root.read("proc/sys/kernel/hostname")).toBe("node7");
});
