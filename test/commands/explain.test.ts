import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { NetherdError } from "../../agent/errors.ts";
import { explained, farm, page } from "./support/explained.ts";

describe("json", () => {
	const { node, values, origins } = explained(farm, { mac: "52:54:00:00:00:01" });

	test("the node is what was said, null for the rest", () => {
		expect(node).toEqual({ hostname: null, ip: null, mac: "52:54:00:00:00:01" });
	});

	test("a value of lts.conf has its file, line, section, and the way to that section", () => {
		expect(values.SYSLOG_HOST).toBe("10.9.0.2");
		expect(origins.SYSLOG_HOST).toEqual({
			file: farm,
			line: 14,
			section: "base",
			via: "LIKE of [52:54:00:00:00:01] → [storage]",
			lost: [],
		});
	});

	test("what lost, from another section and from the same", () => {
		expect(origins.TIMEZONE?.lost).toEqual([
			{ value: "Europe/Prague", line: 2, section: "default", why: "[storage], line 8, comes first" },
		]);
		expect(origins.SEARCH_DOMAIN?.lost).toEqual([
			{
				value: "a.example",
				line: 9,
				section: "storage",
				why: "a later line of the same section, 10, replaces it",
			},
		]);
	});

	test("a key that NONE takes back has no value, and an origin with what it was", () => {
		expect(values).not.toHaveProperty("SYSCTL_FILES");
		expect(origins.SYSCTL_FILES?.lost.map(({ value }) => value)).toEqual(["NONE", "fs.file-max = 20000000"]);
	});

	test("defaults are there and say so; what has neither says what happens instead", () => {
		expect(values.ON_FAILURE).toBe("reboot");
		expect(origins.ON_FAILURE).toEqual({ file: null, line: null, section: null, via: "default", lost: [] });
		expect(values).not.toHaveProperty("TIMESERVER");
		expect(origins.TIMESERVER?.via).toBe("the image's time servers");
	});

	test("members are exactly the documented ones", () => {
		expect(Object.keys({ node, values, origins })).toEqual(["node", "values", "origins"]);
		for (const origin of Object.values(origins)) {
			expect(Object.keys(origin)).toEqual(["file", "line", "section", "via", "lost"]);
			for (const each of origin.lost) expect(Object.keys(each)).toEqual(["value", "line", "section", "why"]);
		}
		for (const key of Object.keys(values)) expect(origins).toHaveProperty(key);
	});
});

describe("the sources of a value besides lts.conf", () => {
	test.each([
		[{ hostname: "node7" }, "HOSTNAME", "node7", "DHCP"],
		[{ ip: "10.9.0.7" }, "HOSTNAME", "ltsp7", "HOSTNAME_BASE and HOSTNAME_EXTRA"],
		[{ cmdline: "nbdroot=10.9.0.1:10809/node" }, "SERVER", "10.9.0.1", "command line"],
		[{ cmdline: "netherd.image=node/3" }, "IMAGE", "node/3", "command line"],
		[{ cmdline: "panic=7" }, "ON_FAILURE_DELAY", "7s", "command line"],
		[{ cmdline: "ltsp.syslog_host=10.9.0.9" }, "SYSLOG_HOST", "10.9.0.9", "command line"],
	])("%j: %s is %s from %s", (node, key, value, via) => {
		const { values, origins } = explained(farm, node);
		expect([values[key], origins[key]?.via]).toEqual([value, via]);
	});

	test("lts.conf wins over the command line, which is named as having lost", () => {
		const { values, origins } = explained(farm, { cmdline: "ltsp.timezone=UTC" });
		expect(values.TIMEZONE).toBe("Europe/Prague");
		expect(origins.TIMEZONE?.lost).toMatchObject([{ value: "UTC", line: null, section: null }]);
	});

	test.each(["BOOTIF=01-52-54-00-00-00-01", "BOOTIF=52:54:00:00:00:01"])(
		"%s in --cmdline says which node it is",
		(cmdline) => {
			expect(explained(farm, { cmdline }).values.HOSTNAME).toBe("storage1");
		},
	);

	test("a pattern is a way to a section, too", () => {
		expect(explained(farm, { hostname: "NODE12" }).origins.HOSTNAME_BASE?.via).toBe(
			"the pattern matches the host name NODE12",
		);
	});
});

describe("text", () => {
	test("a page for one node", () => {
		expect(page(farm, { mac: "52:54:00:00:00:01" }).replaceAll(farm, "farm.conf")).toMatchInlineSnapshot(`
			"node      MAC address 52:54:00:00:00:01
			sections  [52:54:00:00:00:01]  farm.conf:16  MAC address 52:54:00:00:00:01
			then      [storage]            farm.conf:6   LIKE of [52:54:00:00:00:01]
			then      [base]               farm.conf:12  LIKE of [52:54:00:00:00:01] → [storage]
			then      [default]            farm.conf:1   applies to every node

			HOSTNAME = storage1
			    from  farm.conf:18 [52:54:00:00:00:01], MAC address 52:54:00:00:00:01

			RCFILE_01 = echo $IPV4ADDR $HOSTNAME > /tmp/x
			    from  farm.conf:4 [default], applies to every node
			    note  $IPV4ADDR is known when the node boots, and is put in then

			SEARCH_DOMAIN = b.example
			    from  farm.conf:10 [storage], LIKE of [52:54:00:00:00:01]
			    lost  a.example  (farm.conf:9 [storage], a later line of the same section, 10, replaces it)

			SYSCTL_FILES is not set
			    from  nowhere: NONE takes it back
			    lost  NONE  (farm.conf:13 [base], NONE unsets the key)
			    lost  fs.file-max = 20000000  (farm.conf:3 [default], [base], line 13, unsets the key)

			SYSLOG_HOST = 10.9.0.2
			    from  farm.conf:14 [base], LIKE of [52:54:00:00:00:01] → [storage]

			TIMEZONE = Europe/Berlin
			    from  farm.conf:8 [storage], LIKE of [52:54:00:00:00:01]
			    lost  Europe/Prague  (farm.conf:2 [default], [storage], line 8, comes first)

			24 more keys are as nobody set them: --all shows them, too
			1 warning about the file: agent check farm.conf
			"
		`);
	});

	test("--all lists as many keys as json has origins", () => {
		const text = page(farm, { mac: "52:54:00:00:00:01", all: true });
		for (const [key, { via }] of Object.entries(explained(farm, { mac: "52:54:00:00:00:01" }).origins)) {
			expect(text).toMatch(new RegExp(`^${key} (= |is not set)`, "m"));
			if (via !== "unset") expect(text).toContain(via);
		}
		expect(text).not.toContain("--all");
	});

	test("no line is wider than the page, but for values", () => {
		for (const line of page(farm, { mac: "52:54:00:00:00:01", all: true }).split("\n")) {
			if (!/^[A-Z_\d]+ =/.test(line)) expect(line.length).toBeLessThanOrEqual(100);
		}
	});

	test("without a name: what every node gets", () => {
		expect(page(farm, {})).toMatch(/^node {6}any that no section names\nsections {2}\[default\]/);
	});
});

describe("one key", () => {
	test("any case; json has that one alone", () => {
		const { values, origins } = explained(farm, { key: "timezone", mac: "52:54:00:00:00:01" });
		expect([values, Object.keys(origins)]).toEqual([{ TIMEZONE: "Europe/Berlin" }, ["TIMEZONE"]]);
	});

	test.each(["SYSCTL_*", "SYSCTL_"])("%s is the family", (key) => {
		expect(Object.keys(explained(farm, { key }).values)).toEqual(["SYSCTL_FILES"]);
	});

	test("its default, without --all", () => {
		expect(page(farm, { key: "ON_FAILURE" })).toContain("ON_FAILURE = reboot\n    from  default");
	});

	test("one that is set elsewhere only: where", () => {
		const text = page(farm, { key: "TIMESERVER", hostname: "node7" });
		expect(text).toContain("TIMESERVER is not set: the image's time servers");
		expect(text).toContain(
			`TIMESERVER is set in sections of ${basename(farm)} that do not apply to this node: line 24 [elsewhere]`,
		);
	});

	test("a known key that nothing mentions is no mistake", () => {
		expect(page(farm, { key: "FSTAB_99" })).toContain("FSTAB_99 is not set");
	});

	test.each([
		["TIMEZON", "did you mean TIMEZONE?"],
		["FTSAB_01", "did you mean FSTAB_01?"],
		["QQQQQQQQ", "docs/lts-conf.md"],
	])("%s is unknown; the hint: %s", (key, hint) => {
		const run = () => page(farm, { key });
		expect(run).toThrow(NetherdError);
		expect(run).toThrow(
			expect.objectContaining({ code: "usage.unknown-key", hint: expect.stringContaining(hint) }),
		);
	});
});
