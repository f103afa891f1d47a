import { describe, expect, test } from "vitest";
import { diff } from "../../agent/commands/diff.ts";
import { runCommand } from "./run-command.ts";
import { changes, compare, files, page } from "./support/compare-files.ts";

describe("one node", () => {
	test("keys, actions and lines that differ", () => {
		const before = `[default]
TIMEZONE = Europe/Prague
HOSTS_01 = 10.9.0.1 server1
SEARCH_DOMAIN = farm.example
`;
		const after = `[default]
# a comment moves every line
TIMEZONE = Europe/Lisbon
HOSTS_01 = 10.9.0.1 server1
HOSTS_02 = 10.9.0.3 server3
ON_FAILURE = shell
`;
		expect(page(before, after)).toMatchInlineSnapshot(`
			"old.conf → new.conf, 1 node
			- no longer   + instead, or new   ~ otherwise

			1 node:
			  node7

			  keys
			    + HOSTS_02 = 10.9.0.3 server3  (new.conf:5 [default])
			    - ON_FAILURE = reboot  (default)
			    + ON_FAILURE = shell  (new.conf:6 [default])
			    - SEARCH_DOMAIN = farm.example  (old.conf:4 [default])
			    - TIMEZONE = Europe/Prague  (old.conf:2 [default])
			    + TIMEZONE = Europe/Lisbon  (new.conf:3 [default])

			  init/15-hosts
			    ~ put file      /etc/hosts  (0644, 172 B)
			        because HOSTS_01 (new.conf:4 [default]), HOSTS_02 (new.conf:5 [default])
			        @@ -1,7 +1,8 @@
			         127.0.0.1 localhost
			        -127.0.0.2 node7.farm.example node7
			        +127.0.0.2 node7
			         ::1 localhost ip6-localhost ip6-loopback
			         ff02::1 ip6-allnodes
			         ff02::2 ip6-allrouters
			         192.0.2.1 server
			         10.9.0.1 server1
			        +10.9.0.3 server3

			  init/20-dns
			    - remove file   /etc/resolv.conf
			        because SEARCH_DOMAIN (old.conf:4 [default])
			    - put file      /etc/resolv.conf  (0644, 20 B)
			        because SEARCH_DOMAIN (old.conf:4 [default])
			        -search farm.example

			  init/70-time
			    - make link     /etc/localtime -> /usr/share/zoneinfo/Europe/Prague
			    + make link     /etc/localtime -> /usr/share/zoneinfo/Europe/Lisbon
			        because TIMEZONE (new.conf:3 [default])
			    ~ put file      /etc/timezone  (0644, 14 B)
			        because TIMEZONE (new.conf:3 [default])
			        @@ -1 +1 @@
			        -Europe/Prague
			        +Europe/Lisbon
			"
		`);
	});

	test("json says the same", () => {
		const before = "[default]\nTIMEZONE = Europe/Prague\n";
		const after = "[default]\nTIMEZONE = Europe/Lisbon\n";
		const { exitCode, old, next, ...json } = compare(before, after);
		expect(exitCode).toBe(1);
		expect(json).toEqual({
			new: next,
			groups: [
				{
					nodes: ["node7"],
					settings: [{ key: "TIMEZONE", old: "Europe/Prague", new: "Europe/Lisbon" }],
					stages: [
						{
							name: "init",
							steps: [
								{
									name: "70-time",
									changes: [
										expect.objectContaining({
											change: "changed",
											old: expect.objectContaining({ kind: "makeSymlink", path: "/etc/localtime" }),
											new: expect.objectContaining({ target: "/usr/share/zoneinfo/Europe/Lisbon" }),
										}),
										expect.objectContaining({
											change: "changed",
											diff: "@@ -1 +1 @@\n-Europe/Prague\n+Europe/Lisbon\n",
										}),
									],
								},
							],
						},
					],
					failures: [],
				},
			],
			unchanged: [],
		});
		expect(old).toMatch(/old/);
	});

	test("a key that no step's plan shows is a difference all the same", () => {
		const { exitCode, groups } = compare("[default]\nON_FAILURE=shell\n", "[default]\nON_FAILURE=poweroff\n");
		expect(exitCode).toBe(1);
		expect(groups[0]).toMatchObject({
			settings: [{ key: "ON_FAILURE", old: "shell", new: "poweroff" }],
			stages: [],
		});
	});

	test("lines that move, comments, the section a value comes from: no difference", () => {
		const before = "[default]\nTIMEZONE = Europe/Prague\nHOSTS_1 = 10.9.0.1 a\n";
		const after = `# moved\n\n[default]\nHOSTS_1 = "10.9.0.1 a"\n[node7]\nTIMEZONE = Europe/Prague\n`;
		const { exitCode, groups, unchanged } = compare(before, after);
		expect([exitCode, groups, unchanged]).toEqual([0, [], ["node7"]]);
		expect(page(before, after)).toBe("old.conf → new.conf, 1 node\n\nno difference, 1 node:\n  node7\n");
	});

	test("a file that comes, goes, changes its place", () => {
		const before = `[default]\nSYSLOG_HOST = 10.9.0.1\nFSTAB_1 = "/dev/a /a ext4 nofail 0 2"\nFSTAB_2 = "/dev/b /b ext4 nofail 0 2"\n`;
		const after = `[default]\nTIMESERVER = 10.9.0.1\nFSTAB_1 = "/dev/b /b ext4 nofail 0 2"\nFSTAB_2 = "/dev/a /a ext4 nofail 0 2"\n`;
		const found = changes(compare(before, after).groups[0]?.stages);
		expect(found).toContain("init/80-syslog: removed putFile /etc/systemd/system/netherd-syslog-1.service");
		expect(found.filter((each) => /70-time: added putFile/.test(each))).not.toEqual([]);
		expect(found).toContain("init/45-fstab: changed putFile /etc/fstab");
		expect(found.filter((each) => /45-fstab: moved makeDirectory \/[ab]$/.test(each))).not.toEqual([]);
	});

	test("only one stage", () => {
		const before = "[default]\nTIMEZONE = Europe/Prague\nOVERLAY_TMPFS_SIZE = 30%\n";
		const after = "[default]\nTIMEZONE = Europe/Lisbon\nOVERLAY_TMPFS_SIZE = 40%\n";
		const { groups } = compare(before, after, { hostname: "node7", stage: "initramfs" });
		expect(groups[0]?.stages.map(({ name }) => name)).toEqual(["initramfs"]);
	});

	test("what is only assumed about the node chooses no section", () => {
		const before = "[default]\nTIMEZONE = UTC\n";
		const after = `${before}[192.0.2.10]\nTIMEZONE = Europe/Lisbon\n[52:54:*]\nTIMEZONE = Europe/Lisbon\n`;
		expect(compare(before, after).exitCode).toBe(0);
		expect(compare(before, after, { mac: "52:54:00:00:00:01" }).exitCode).toBe(1);
		expect(compare(before, after, {}).exitCode).toBe(0);
	});

	test("a fact that only the boot knows is no mistake", () => {
		const conf = (zone: string) => `[default]\nTIMEZONE = ${zone}\nHOSTS_1 = "10.9.0.1 $HOSTNAME"\n`;
		expect(compare(conf("UTC"), conf("Europe/Lisbon"), { mac: "52:54:00:00:00:01" }).exitCode).toBe(1);
	});
});

describe("secrets", () => {
	const conf = (token: string) =>
		`[default]\nKUBEADM_JOIN_ENDPOINT = 10.9.0.1:6443\nKUBEADM_JOIN_TOKEN = ${token}\nKUBEADM_JOIN_CA_CERT_HASH = sha256:${"a".repeat(64)}\n`;

	test("a new token is a difference, and neither is shown", () => {
		const [before, after] = [conf("aaaaaa.bbbbbbbbbbbbbbbb"), conf("cccccc.dddddddddddddddd")];
		const { exitCode, groups } = compare(before, after);
		expect(exitCode).toBe(1);
		expect(groups[0]?.settings).toEqual([
			{
				key: "KUBEADM_JOIN_TOKEN",
				old: "{secret:kubeadm-join-token}",
				new: "{secret:kubeadm-join-token-new}",
			},
		]);
		expect(changes(groups[0]?.stages)).toContainEqual(
			expect.stringContaining("join/10-join-configuration: changed"),
		);
		expect(page(before, after) + JSON.stringify(groups)).not.toMatch(/bbbbbbbb|dddddddd/);
	});

	test("the same secrets in another order, under other names, are none", () => {
		const lines = ["A = aaaaaa.bbbbbbbbbbbbbbbb", "B = cccccc.dddddddddddddddd"];
		const text = (order: readonly string[]) => `[default]\n${order.join("\n")}\n`;
		expect(compare(text(lines), text(lines.toReversed())).exitCode).toBe(0);
		expect(compare(text(lines), text([...lines, "C = eeeeee.ffffffffffffffff"])).groups[0]?.settings).toEqual(
			[{ key: "C", old: null, new: expect.stringMatching(/^\{secret:/) }],
		);
	});
});

describe("errors", () => {
	test.each([
		["old", "[default]\njunk\n", "[default]\nA=1\n"],
		["new", "[default]\nA=1\n", "[default]\njunk\n"],
	])("the %s file has one: its findings, nothing else, 2", (which, before, after) => {
		const [old, next] = files(before, after);
		const wrong = which === "old" ? old : next;
		const run = (format: "text" | "json") =>
			runCommand(format, (output) => diff(old, next, { allNodes: true }, output));
		const json = run("json");
		expect(json.exitCode).toBe(2);
		const { findings, ...rest } = JSON.parse(json.stdout) as {
			findings: { file: string; severity: string }[];
		};
		expect(rest).toEqual({});
		expect(findings.filter(({ severity }) => severity === "error").map((finding) => finding.file)).toEqual([
			wrong,
		]);
		expect(run("text").stdout).toContain(`${wrong}: 1 error`);
	});

	test("a node that can't be planned is named with the reason; the others are compared", () => {
		const before = "[default]\nTIMEZONE = UTC\n[a]\n[b]\n";
		const after = "[default]\nTIMEZONE = Europe/Prague\n[a]\nIMAGE_TMPFS_SIZE = 1M\n[b]\n";
		const { exitCode, groups, next } = compare(before, after, { allNodes: true });
		expect(exitCode).toBe(2);
		expect(
			groups.map(({ nodes, failures }) => [nodes, failures.map((each) => [each.code, each.file])]),
		).toEqual([
			[["a"], [["image.tmpfs-too-small", next]]],
			[["b", "default"], []],
		]);
		expect(page(before, after, { allNodes: true })).toContain(
			"1 node:\n  a\n  with new.conf it can't be planned [image.tmpfs-too-small]",
		);
	});

	test("a value that is wrong with this node's facts only", () => {
		const { exitCode, groups } = compare("[default]\n", '[default]\nON_FAILURE = "$HOSTNAME"\n');
		expect(exitCode).toBe(2);
		expect(groups[0]?.failures).toMatchObject([{ code: "config.invalid", message: /ON_FAILURE: node7/ }]);
	});
});
