import { describe, expect, test } from "vitest";
import { changes, compare, page } from "./support/compare-files.ts";

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
