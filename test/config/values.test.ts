import { describe, expect, test } from "vitest";
import {
	isHostName,
	isIpv4,
	isIpv6,
	readBoolean,
	readChoice,
	readDurationMs,
	readInteger,
	readList,
	readSize,
} from "../../agent/config/values.ts";

describe("booleans", () => {
	test.each(["true", "TRUE", "True", "y", "Y", "yes", "Yes", " yes "])("%s is true", (text) => {
		expect(readBoolean(text)).toEqual({ value: true });
	});
	test.each(["false", "no", "n", "0", "off", ""])("%j is false", (text) => {
		expect(readBoolean(text)).toEqual({ value: false });
	});
	test.each(["1", "on", "enabled", "ture", "yes please"])("%s is false, with a warning", (text) => {
		expect(readBoolean(text)).toEqual({ value: false, warning: expect.stringContaining("true, y and yes") });
	});
});

describe("sizes", () => {
	test.each([
		["50%", { percent: 50 }],
		["12.5 %", { percent: 12.5 }],
		["100%", { percent: 100 }],
		["2G", { bytes: 2 * 1024 ** 3 }],
		["512m", { bytes: 512 * 1024 ** 2 }],
		["512MiB", { bytes: 512 * 1024 ** 2 }],
		["4 KB", { bytes: 4096 }],
		["1.5G", { bytes: 1.5 * 1024 ** 3 }],
		["1T", { bytes: 1024 ** 4 }],
		["1048576", { bytes: 1048576 }],
	])("%s", (text, value) => {
		expect(readSize(text)).toEqual({ value });
	});
	test.each(["0", "0%", "101%", "-1G", "2X", "G", "2 G B", "1e9", "9999999T", "", "50%%", "1.G"])(
		"%j is none",
		(text) => {
			expect(readSize(text)).toHaveProperty("problem");
		},
	);
});

describe("durations", () => {
	test.each([
		["10", 10_000],
		["10s", 10_000],
		["500ms", 500],
		["5m", 300_000],
		["5 min", 300_000],
		["1h", 3_600_000],
		["1.5s", 1500],
		["0", 0],
		["2D", 172_800_000],
	])("%s", (text, value) => {
		expect(readDurationMs(text)).toEqual({ value });
	});
	test.each(["", "s", "-1", "5 minutes", "1h30m", "25d", "999999999h", "toString"])("%j is none", (text) => {
		expect(readDurationMs(text)).toHaveProperty("problem");
	});
});

test("whole numbers", () => {
	expect(readInteger(" 42 ")).toEqual({ value: 42 });
	expect(readInteger("-1", { minimum: -1, maximum: 1 })).toEqual({ value: -1 });
	for (const text of ["", "x", "1.5", "-1", "0x10"]) expect(readInteger(text)).toHaveProperty("problem");
	expect(readInteger("2", { maximum: 1 })).toHaveProperty("problem");
});

test("lists and choices", () => {
	expect(readList("  a b,c ,\td ")).toEqual(["a", "b", "c", "d"]);
	expect(readList("")).toEqual([]);
	expect(readChoice(" Shell ", ["reboot", "shell"])).toEqual({ value: "shell" });
	expect(readChoice("halt", ["reboot", "shell"])).toEqual({ problem: "not one of reboot, shell" });
});

describe("addresses and names", () => {
	test.each([
		["10.9.0.1", true],
		["255.255.255.255", true],
		["0.0.0.0", true],
		["256.1.1.1", false],
		["1.2.3", false],
		["1.2.3.4.5", false],
		["1.2.3.4.", false],
		["01.2.3.4", false],
		["", false],
	])("IPv4 %s: %s", (text, expected) => {
		expect(isIpv4(text)).toBe(expected);
	});
	test.each([
		["::", true],
		["::1", true],
		["fd67::1:2", true],
		["2001:db8:0:0:0:0:0:1", true],
		["::ffff:10.9.0.1", true],
		["1::", true],
		["1:2:3:4:5:6:7", false],
		["1:2:3:4:5:6:7:8:9", false],
		["1::2::3", false],
		[":::", false],
		["12345::", false],
		["10.9.0.1", false],
		["fe80::1%eth0", false],
		["", false],
	])("IPv6 %s: %s", (text, expected) => {
		expect(isIpv6(text)).toBe(expected);
	});
	test.each([
		["node1", true],
		["a.b-c.example", true],
		["x".repeat(63), true],
		["x".repeat(64), false],
		["-a", false],
		["a-", false],
		["a..b", false],
		["a b", false],
		["", false],
	])("host name %s: %s", (text, expected) => {
		expect(isHostName(text)).toBe(expected);
	});
});
