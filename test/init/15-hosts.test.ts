import { afterEach, expect, test } from "vitest";
import { hosts } from "../../agent/init/15-hosts.ts";
import { makeTestRoot, type NodeUnderTest, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const write = async (ltsConf: string, node: NodeUnderTest = {}) => {
	root?.remove();
	root = makeTestRoot();
	await root.run(hosts, ltsConf, node);
	return root.read("etc/hosts").split("\n");
};

test("the node, the server, then the lines of lts.conf in their order", () => {
	const ltsConf = `
HOSTNAME = node7
HOSTS_10 = "192.0.2.30 registry registry.farm.example"
HOSTS_2 = "192.0.2.20 api"
`;
	expect(planText(hosts, ltsConf)).toMatchInlineSnapshot(`
		"put file      /etc/hosts  (0644, 214 B)
		  because HOSTS_2 (lts.conf:5 [default]), HOSTS_10 (lts.conf:4 [default])
		  │ 127.0.0.1 localhost
		  │ 127.0.0.2 node7.farm.example node7
		  │ ::1 localhost ip6-localhost ip6-loopback
		  │ ff02::1 ip6-allnodes
		  │ ff02::2 ip6-allrouters
		  │ 192.0.2.1 server
		  │ 192.0.2.20 api
		  │ 192.0.2.30 registry registry.farm.example"
	`);
});

test("SERVER of lts.conf comes before the server of the boot", async () => {
	expect(await write("SERVER = 192.0.2.77")).toContain("192.0.2.77 server");
});

test("without an address of a server there is no line for it", async () => {
	const lines = await write("", {
		commandLine: "boot=netherd nbdroot=images.example:10809/node",
		network: { nextServer: "pxe.example" },
	});
	expect(lines.join()).not.toContain("server");
});

test.each([
	[
		"a name with dots is the full name",
		"HOSTNAME = node7.rack.example",
		{},
		"127.0.0.2 node7.rack.example node7",
	],
	[
		"SEARCH_DOMAIN before the domain of DHCP",
		"HOSTNAME=n\nSEARCH_DOMAIN = a.example b.example",
		{},
		"127.0.0.2 n.a.example n",
	],
	["a domain from DHCP that is none", "HOSTNAME=n", { domain: "x y/../z" }, "127.0.0.2 n.x n"],
	["no domain at all", "HOSTNAME=n", { domain: "" }, "127.0.0.2 n"],
])("%s", async (_, ltsConf, network, line) => {
	expect(await write(ltsConf, { network })).toContain(line);
});
