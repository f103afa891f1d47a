import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CommandLine, parseCommandLine } from "../../agent/config/cmdline.ts";

function codes({ findings }: CommandLine): string[] {
	return findings.map(({ severity, code, line, column }) => `${line}:${column} ${severity} ${code}`);
}

test("what the boot script gives", () => {
	const { parameters, ...known } = parseCommandLine(
		"root=/dev/nbd0 boot=netherd nbdroot=10.9.0.1:10809/node netherd.server=http://10.9.0.1:8080 netherd.image=node/2026.01-1 ip=dhcp BOOTIF=01-52-54-00-AB-00-01 panic=10 quiet\n",
	);
	expect(known).toEqual({
		root: "/dev/nbd0",
		boot: "netherd",
		nbdRoot: { fromDhcp: false, host: "10.9.0.1", port: 10809, exportName: "/node" },
		server: "http://10.9.0.1:8080",
		image: { name: "node", version: "2026.01-1" },
		ip: { method: "dhcp", nameServers: [] },
		bootInterfaceMac: "52:54:00:ab:00:01",
		panicSeconds: 10,
		keys: new Map(),
		findings: [],
	});
	expect(parameters.at(-1)).toEqual({ name: "quiet", column: 167 });
});

describe("words", () => {
	const words = (text: string) =>
		parseCommandLine(text).parameters.map(({ name, value }) =>
			value === undefined ? name : `${name}|${value}`,
		);

	// The kernel's next_arg (lib/cmdline.c), case by case.
	test.each([
		["a b=c", ["a", "b|c"]],
		["  a\t\nb  ", ["a", "b"]],
		['a="b c" d', ["a|b c", "d"]],
		['"a=b c" d', ["a|b c", "d"]],
		['"a b"', ["a b"]],
		['a=b"c d"e', ['a|b"c d"e']],
		["a=b=c", ["a|b=c"]],
		["a=", ["a|"]],
		['a=""', ["a|"]],
		["=a", ["=a"]],
		['a="open b', ["a|open b"]],
		["", []],
	])("%j", (text, expected) => {
		expect(words(text)).toEqual(expected);
	});

	test("the last of several counts", () => {
		expect(parseCommandLine("panic=5 root=a panic=-1 root=b")).toMatchObject({ panicSeconds: -1, root: "b" });
	});

	test("any text is read, without an exception", () => {
		const text = fc.array(
			fc.oneof(
				fc.constantFrom(
					" ",
					'"',
					"=",
					"nbdroot=",
					"ltsp.",
					"BOOTIF=",
					"[",
					"]",
					":",
					"/",
					",",
					"ip=",
					"netherd.server=",
				),
				fc.string({ unit: "binary", maxLength: 5 }),
			),
			{ maxLength: 20 },
		);
		fc.assert(
			fc.property(text, (parts) => {
				const line = parts.join("");
				const { parameters, findings } = parseCommandLine(line);
				for (const { column } of [...parameters, ...findings]) expect(line.charAt(column - 1)).not.toBe("");
			}),
			{ numRuns: 2000 },
		);
	});
});

describe("nbdroot", () => {
	const root = (value: string) => parseCommandLine(`nbdroot=${value}`).nbdRoot;

	test.each([
		["10.9.0.1:10809/node", { host: "10.9.0.1", port: 10809, exportName: "/node" }],
		["10.9.0.1:2000", { host: "10.9.0.1", port: 2000 }],
		["10.9.0.1:/opt/ltsp/amd64", { host: "10.9.0.1", exportName: "/opt/ltsp/amd64" }],
		["10.9.0.1/node", { host: "10.9.0.1", exportName: "/node" }],
		["10.9.0.1", { host: "10.9.0.1" }],
		["boot.example.org:ltsp_amd64", { host: "boot.example.org", exportName: "ltsp_amd64" }],
		[":ltsp_amd64", { exportName: "ltsp_amd64" }],
		[":2000/node", { port: 2000, exportName: "/node" }],
		["/node", { exportName: "/node" }],
		["10.9.0.1,node,nbd0", { host: "10.9.0.1", exportName: "node", device: "nbd0" }],
		["10.9.0.1,node,/dev/nbd1", { host: "10.9.0.1", exportName: "node", device: "nbd1" }],
		["10.9.0.1,/opt/ltsp/amd64", { host: "10.9.0.1", exportName: "/opt/ltsp/amd64" }],
		["10.9.0.1,2000,nbd0", { host: "10.9.0.1", port: 2000, device: "nbd0" }],
		["[fd67::1]:10809/node", { host: "fd67::1", port: 10809, exportName: "/node" }],
		["[fd67::1]:/node", { host: "fd67::1", exportName: "/node" }],
		["[fd67::1]/node", { host: "fd67::1", exportName: "/node" }],
		["[fd67::1]", { host: "fd67::1" }],
		["fd67::1,node,nbd0", { host: "fd67::1", exportName: "node", device: "nbd0" }],
		["10.9.0.1:10809/a,b", { host: "10.9.0.1", port: 10809, exportName: "/a,b" }],
	])("%s", (value, expected) => {
		expect(root(value)).toEqual({ fromDhcp: false, ...expected });
	});

	test.each(["dhcp", ""])("%j: all from DHCP", (value) => {
		expect(root(value)).toEqual({ fromDhcp: true });
	});

	test.each([
		"10.9.0:10809/node",
		"10.9.0.1:0/node",
		"10.9.0.1:99999/node",
		"[fd67::1::2]:10809/node",
		"10.9.0.1,node,sda",
		"10.9.0.1,node,nbd0,x",
		"-x:1/n",
		"a_b!,node",
	])("%s is an error", (value) => {
		const commandLine = parseCommandLine(`quiet nbdroot=${value}`);
		expect(codes(commandLine)).toEqual(["1:7 error cmdline.bad-nbdroot"]);
		expect(commandLine.nbdRoot).toBeUndefined();
	});
});

describe("BOOTIF", () => {
	test.each(["01-52-54-00-ab-00-01", "52-54-00-ab-00-01", "52:54:00:AB:00:01", "01:52:54:00:ab:00:01"])(
		"%s",
		(value) => {
			expect(parseCommandLine(`BOOTIF=${value}`).bootInterfaceMac).toBe("52:54:00:ab:00:01");
		},
	);
	test.each(["52-54-00-ab-00", "eth0", "52-54-00-ab-00-0g", "1-2-3-4-5-6", ""])("%j is an error", (value) => {
		expect(codes(parseCommandLine(`BOOTIF=${value}`))).toEqual(["1:1 error cmdline.bad-bootif"]);
	});
});

describe("ip", () => {
	test.each([
		["dhcp", { method: "dhcp", nameServers: [] }],
		["off", { method: "off", nameServers: [] }],
		["", { method: "any", nameServers: [] }],
		[":::::eth0:dhcp", { method: "dhcp", device: "eth0", nameServers: [] }],
		[
			"10.9.0.11:10.9.0.1:10.9.0.254:255.255.0.0:node1:eth0:off:10.9.0.2:10.9.0.3",
			{
				method: "off",
				address: "10.9.0.11",
				server: "10.9.0.1",
				gateway: "10.9.0.254",
				netmask: "255.255.0.0",
				hostname: "node1",
				device: "eth0",
				nameServers: ["10.9.0.2", "10.9.0.3"],
			},
		],
		["10.9.0.11::::::", { method: "off", address: "10.9.0.11", nameServers: [] }],
		["10.9.0.11", { method: "off", address: "10.9.0.11", nameServers: [] }],
		["[fd67::11]::[fd67::1]", { method: "off", address: "fd67::11", gateway: "fd67::1", nameServers: [] }],
	])("%j", (value, expected) => {
		expect(parseCommandLine(`ip=${value}`).ip).toEqual(expected);
	});
	test.each(["dhpc", "10.9.0:x", ":::::eth0:maybe", "::::no.such..name:"])("%s is a warning", (value) => {
		expect(codes(parseCommandLine(`ip=${value}`))[0]).toBe("1:1 warning cmdline.bad-ip");
	});
});

describe("other parameters", () => {
	test.each([
		["netherd.server=10.9.0.1:8080", "error cmdline.bad-server"],
		["netherd.server=http://10.9.0.300:8080", "error cmdline.bad-server"],
		["netherd.server=http://10.9.0.1:99999", "error cmdline.bad-server"],
		["netherd.server=http://[fd67::1::]/", "error cmdline.bad-server"],
		["netherd.image=node", "error cmdline.bad-image"],
		["netherd.image=../x", "error cmdline.bad-image"],
		["netherd.image=node/..", "error cmdline.bad-image"],
		["panic=soon", "warning cmdline.bad-panic"],
	])("%s", (text, expected) => {
		expect(codes(parseCommandLine(text))).toEqual([`1:1 ${expected}`]);
	});

	test.each([
		["http://10.9.0.1:8080", "http://10.9.0.1:8080"],
		["http://10.9.0.1:8080//", "http://10.9.0.1:8080"],
		["http://[fd67::1]:8080", "http://[fd67::1]:8080"],
		["https://boot.example.org/farm/", "https://boot.example.org/farm"],
	])("netherd.server=%s", (value, expected) => {
		expect(parseCommandLine(`netherd.server=${value}`).server).toBe(expected);
	});

	test("BOOT_IMAGE", () => {
		expect(parseCommandLine("BOOT_IMAGE=/ltsp/amd64/vmlinuz").bootImage).toBe("/ltsp/amd64/vmlinuz");
	});
});

test("ltsp.* sets keys in upper case, the last one wins", () => {
	const commandLine = parseCommandLine(
		'ltsp.timezone=UTC ltsp.FSTAB_1="a b" ltsp.timezone=Europe/Prague ltsp.x=',
	);
	expect([...commandLine.keys]).toEqual([
		["TIMEZONE", "Europe/Prague"],
		["FSTAB_1", "a b"],
		["X", ""],
	]);
	expect(codes(parseCommandLine("ltsp.a-b=1 ltsp.alone ltsp.=1"))).toEqual([
		"1:1 warning cmdline.bad-key",
		"1:12 warning cmdline.bad-key",
		"1:23 warning cmdline.bad-key",
	]);
});

describe("netherd.verify", () => {
	test.each([
		["netherd.verify=none", "none"],
		["netherd.verify=required", "required"],
		["netherd.verify=none netherd.verify=required", "required"],
		["netherd.verify=required netherd.verify=none", "none"],
		["quiet", undefined],
	])("%s", (text, verify) => {
		const commandLine = parseCommandLine(text);
		expect(commandLine.verify).toBe(verify);
		expect(commandLine.findings).toEqual([]);
	});

	test.each(["netherd.verify=off", "netherd.verify=", "netherd.verify", "netherd.verify=None"])(
		"%s leaves it on, and says so",
		(text) => {
			const commandLine = parseCommandLine(`netherd.verify=none ${text}`);
			expect(commandLine.verify).toBeUndefined();
			expect(codes(commandLine)).toEqual(["1:21 warning cmdline.bad-verify"]);
		},
	);
});
