import { dirname } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StageChanges } from "../../agent/commands/diff/compare-plans.ts";
import { comparePlans } from "../../agent/commands/diff/compare-plans.ts";
import type { differenceToJson } from "../../agent/commands/diff/output.ts";
import { type DiffOptions, diff } from "../../agent/commands/diff.ts";
import type { Action } from "../../agent/plan/action.ts";
import type { StagePlan } from "../../agent/plan/plan.ts";
import { runCommand, temporaryFiles } from "./run-command.ts";

const file = temporaryFiles();
let count = 0;

type Json = ReturnType<typeof differenceToJson>;
type Options = Partial<DiffOptions>;

function files(before: string, after: string): [string, string] {
	count++;
	return [file(`old-${count}.conf`, before), file(`new-${count}.conf`, after)];
}

function compare(before: string, after: string, options: Options = { hostname: "node7" }) {
	const [old, next] = files(before, after);
	const { exitCode, stdout } = runCommand("json", (output) =>
		diff(old, next, { allNodes: false, ...options }, output),
	);
	return { exitCode, ...(JSON.parse(stdout) as Json), old, next };
}

function page(before: string, after: string, options: Options = { hostname: "node7" }): string {
	const [old, next] = files(before, after);
	return runCommand("text", (output) => diff(old, next, { allNodes: false, ...options }, output))
		.stdout.replaceAll(`${dirname(old)}/`, "")
		.replaceAll(`-${count}.conf`, ".conf");
}

function changes(stages: readonly StageChanges[] | undefined): string[] {
	return (stages ?? []).flatMap(({ name, steps }) =>
		steps.flatMap((step) =>
			step.changes.map((each) => {
				const action = "new" in each ? each.new : each.old;
				return `${name}/${step.name}: ${each.change} ${action.kind} ${"path" in action ? action.path : ""}`.trim();
			}),
		),
	);
}

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

describe("all nodes", () => {
	const farm = (zone: string, storage: string) =>
		[
			"[default]",
			`TIMEZONE = ${zone}`,
			"HOSTS_1 = 10.9.0.1 a",
			"[worker]",
			"KEEP_SYSTEM_SERVICES = ssh",
			"[storage]",
			"LIKE = worker",
			storage,
			"[rack?]",
			"SEARCH_DOMAIN = rack.example",
			"[10.9.0.7]",
			"[named]",
			...Array.from({ length: 200 }, (_, index) => [
				`[52:54:00:00:00:${index.toString(16).padStart(2, "0")}]`,
				`HOSTNAME = node${index}`,
				`LIKE = ${index % 100 === 50 ? "storage" : "worker"}`,
			]).flat(),
			"",
		].join("\n");

	test("nodes with the same change are one group, although their files differ around it", () => {
		const { exitCode, groups, unchanged } = compare(
			farm("UTC", "TIMEZONE = Europe/Prague"),
			farm("UTC", "HOSTS_2 = 10.9.0.2 b").replace("10.9.0.1 a", "10.9.0.1 aa"),
			{ allNodes: true },
		);
		expect(exitCode).toBe(1);
		expect(unchanged).toEqual([]);
		expect(groups.map(({ nodes }) => nodes.length)).toEqual([201, 2]);
		expect(groups[0]?.nodes).toEqual(expect.arrayContaining(["10.9.0.7", "named", "default"]));
		expect(groups[1]?.nodes).toEqual(["52:54:00:00:00:32", "52:54:00:00:00:96"]);
		expect(changes(groups[0]?.stages)).toEqual(["init/15-hosts: changed putFile /etc/hosts"]);
	});

	test("a change that holds the node's own name is the same change", () => {
		const before = farm("UTC", "TIMEZONE = UTC");
		const after = before.replace("[default]", "[default]\nSEARCH_DOMAIN = farm.example");
		const { groups } = compare(before, after, { allNodes: true });
		expect(groups.map(({ nodes }) => nodes.length)).toEqual([203]);
		expect(page(before, after, { allNodes: true })).toContain(
			"\n  Here with the names of the first; the others have theirs.\n",
		);
		const renamed = compare(before, before.replaceAll("HOSTNAME = node", "HOSTNAME = worker"), {
			allNodes: true,
		});
		expect(renamed.groups.map(({ nodes }) => nodes.length)).toEqual([200]);
	});

	test("text counts them, names some, and says what is no node", () => {
		const text = page(farm("UTC", "TIMEZONE = Europe/Prague"), farm("UTC", "TIMEZONE = Europe/Lisbon"), {
			allNodes: true,
		});
		expect(text).toContain("old.conf → new.conf, 202 nodes and any that no section names\n-");
		expect(text).toContain("2 nodes:\n  52:54:00:00:00:32 (node50), 52:54:00:00:00:96 (node150)\n\n  keys\n");
		expect(text).toContain("no difference, 200 nodes and any that no section names:\n  10.9.0.7");
		expect(text).toContain(" and 191 more\n");
		expect(text).toMatch(/\ngroups, not nodes: \[worker\], \[storage\], \[rack\?\]\n$/);
	});

	test("a node that only one of the files names is compared, too", () => {
		const before = "[default]\nTIMEZONE = UTC\n[gone]\nTIMEZONE = Europe/Prague\n";
		const after = "[default]\nTIMEZONE = UTC\n[here]\nTIMEZONE = Europe/Prague\n";
		const { groups, unchanged } = compare(before, after, { allNodes: true });
		expect(groups.map(({ nodes, settings }) => [nodes, settings[0]?.new])).toEqual([
			[["here"], "Europe/Prague"],
			[["gone"], "UTC"],
		]);
		expect(unchanged).toEqual(["default"]);
	});

	test("an address that LIKE names is a node all the same", () => {
		const conf = (zone: string) => `[10.9.0.1]\nTIMEZONE = ${zone}\n[52:54:00:00:00:01]\nLIKE = 10.9.0.1\n`;
		const { groups } = compare(conf("UTC"), conf("Europe/Prague"), { allNodes: true });
		expect(groups.map(({ nodes }) => nodes)).toEqual([["10.9.0.1", "52:54:00:00:00:01"]]);
	});
});

describe("errors", () => {
	test.each([
		["old", "[default]\njunk\n", "[default]\nA=1\n"],
		["new", "[default]\nA=1\n", "[default]\njunk\n"],
	])("the %s file has one: its findings, nothing else, 2", (which, before, after) => {
		const [old, next] = files(before, after);
		const run = (format: "text" | "json") =>
			runCommand(format, (output) => diff(old, next, { allNodes: true }, output));
		const json = run("json");
		expect(json.exitCode).toBe(2);
		const { findings, ...rest } = JSON.parse(json.stdout) as {
			findings: { file: string; severity: string }[];
		};
		expect(rest).toEqual({});
		expect(findings.filter(({ severity }) => severity === "error").map((finding) => finding.file)).toEqual([
			which === "old" ? old : next,
		]);
		expect(run("text").stdout).toMatch(new RegExp(`${which}-${count}.conf: 1 error`));
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

describe("hunks", () => {
	const action = (content: string): Action => ({ kind: "putFile", path: "/f", mode: "0644", content });
	const plan = (...actions: Action[]): StagePlan[] => [
		{ name: "init", steps: [{ name: "1", onFailure: "warn", actions }] },
	];

	test.each([
		["a\nb\nc\n", "a\nB\nc\n"],
		["", "a\nb\n"],
		["a\nb\n", ""],
		["a\nb", "a\nb\n"],
		["a\nb\n", "a\nc"],
		[`${"x\n".repeat(20)}a\n${"y\n".repeat(20)}`, `${"x\n".repeat(20)}b\n${"y\n".repeat(20)}z\n`],
	])("%j → %j as diff -u writes them", async (before, after) => {
		const [old, next] = files(before, after);
		const { stdout } = await execa("diff", ["-u", old, next], { reject: false, stripFinalNewline: false });
		const [change] = comparePlans(plan(action(before)), plan(action(after)))[0]?.steps[0]?.changes ?? [];
		expect(change).toHaveProperty("diff", stdout.split("\n").slice(2).join("\n"));
	});

	test("with the changes taken away from both, old and new plan are the same, whatever they were", () => {
		const anyAction = fc.oneof(
			fc.record({
				kind: fc.constant("putFile" as const),
				path: fc.constantFrom("/a", "/b"),
				mode: fc.constantFrom("0644", "0600"),
				content: fc.constantFrom("", "x", "x\n", "x\ny\n"),
				because: fc.constantFrom("A (lts.conf:1)", "A (lts.conf:2)"),
			}),
			fc.record({
				kind: fc.constant("spawn" as const),
				argv: fc.constantFrom<readonly [string]>(["a"], ["b"]),
				environment: fc.constantFrom({}, { X: "1" }, { X: "2" }),
				timeoutMs: fc.constant(1),
			}),
		);
		const textOf = ({ because: _, ...rest }: Action) => JSON.stringify(rest);
		const remaining = (actions: readonly Action[], taken: readonly Action[]) => {
			const left = actions.map(textOf);
			for (const each of taken.map(textOf)) {
				expect(left).toContain(each);
				left.splice(left.indexOf(each), 1);
			}
			return left.sort();
		};
		fc.assert(
			fc.property(fc.array(anyAction), fc.array(anyAction), (before, after) => {
				const found = comparePlans(plan(...before), plan(...after)).flatMap(({ steps }) =>
					steps.flatMap((step) => step.changes),
				);
				const gone = found.flatMap((each) => ("old" in each ? [each.old] : []));
				const come = found.flatMap((each) => ("new" in each && each.change !== "moved" ? [each.new] : []));
				expect(remaining(before, gone)).toEqual(remaining(after, come));
				expect(found.length > 0).toBe(before.map(textOf).join() !== after.map(textOf).join());
			}),
		);
	});
});
