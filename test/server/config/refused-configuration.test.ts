import { expect, test } from "vitest";
import { refusal, smallest } from "../support/refused-configuration.ts";

test.each([
	[
		"an unknown key, with the nearest known one",
		"[http]\nprot = 80",
		"unknown-key",
		"c.ini:6: [http] prot",
		"did you mean port?",
	],
	["a key of another section", "[http]\nlease = 1h", "unknown-key", "[http] lease", "belongs into [dhcp]"],
	[
		"a key that resembles nothing",
		"[http]\nxyzzy = 1",
		"unknown-key",
		"[http] xyzzy",
		"keys of [http] are: port",
	],
	[
		"an unknown section",
		"[htpt]\nport = 80",
		"unknown-section",
		"c.ini:5: unknown section [htpt]",
		"[http]?",
	],
	["a line that is neither", "[http]\nport", "unreadable-line", "c.ini:6: neither", "comment"],
	[
		"a section that does not start its line",
		"  [http]",
		"unreadable-line",
		"c.ini:5",
		"beginning of its line",
	],
	["a line without key", "[http]\n= 80", "unreadable-line", "c.ini:6", "comment"],
	[
		"the same key twice",
		"[http]\nport = 80\nport = 81",
		"duplicate",
		"c.ini:7: [http] port is on line 6",
		"remove",
	],
	["the same section twice", "[network]", "duplicate", "c.ini:5: [network] is on line 1", "remove"],
	[
		"a port that is none",
		"[http]\nport = 65536",
		"bad-value",
		"c.ini:6: [http] port = 65536: not a port",
		"65535",
	],
	["an empty value", "[http]\nport =", "bad-value", "[http] port = : not a port", "whole number"],
	["a value that ini makes a boolean", "[http]\nport = true", "bad-value", "port = true", "whole number"],
	["another unknown section", "[image]\n[network2]", "unknown-section", "[network2]", "[network]?"],
	[
		"a kernel parameter for the boot loader",
		"[kernel]\nparameters = a=${b}",
		"bad-value",
		"boot loader",
		"leave",
	],
	["an unknown choice", "[log]\nformat = xml", "bad-value", "format = xml", "text, json"],
	["an image name with a slash", "[image]\ndefault = a/b", "bad-value", "default = a/b", "DIR/images"],
	[
		"a MAC address that is none",
		"[hosts]\n52:54 = 10.0.0.11",
		"bad-value",
		"c.ini:6: [hosts] 52:54",
		"six pairs",
	],
	[
		"a host without address",
		"[hosts]\n52:54:00:00:00:01 = node1",
		"bad-value",
		"not an IPv4",
		"10.0.0.11, node1",
	],
	[
		"a second card that is no MAC address",
		"[hosts]\n52:54:00:00:00:01, eth1 = 10.0.0.11",
		"bad-value",
		"not a MAC",
		"six pairs",
	],
	[
		"the same card twice in one line",
		"[hosts]\n52:54:00:00:00:01, 52-54-00-00-00-01 = 10.0.0.11",
		"duplicate",
		"52:54:00:00:00:01 is on line 6 already",
		"MAC, MAC = ADDRESS",
	],
	[
		"a group of nobody that is known",
		"[hosts]\n52:54:00:00:00:01 = 10.0.0.11, node1\n[groups]\ncanary = nodel",
		"bad-value",
		"c.ini:8: [groups] canary = nodel: nodel is neither",
		"did you mean node1?",
	],
	[
		"a group with a node's name",
		"[hosts]\n52:54:00:00:00:01 = 10.0.0.11, node1\n[groups]\nnode1 = node*",
		"bad-value",
		"node1 is the name of a node",
		"another name",
	],
	["a group without a name", "[groups]\na.b = node*", "bad-value", "[groups] a.b", "letters, digits"],
	["a group with an empty member", "[groups]\na = x*,", "bad-value", "[groups] a = x*,", "no names yet"],
	["a pin for nobody", "[pins]\nnode1 = node", "bad-value", "node1 is neither", "no names yet"],
	[
		"a pin for a mistyped group",
		"[groups]\ncanary = x*\n[pins]\ncanari = node",
		"bad-value",
		"c.ini:8: [pins] canari = node",
		"did you mean canary?",
	],
	...["a/b/c", "/a", "a/", "../b", "a/current", ""].map((value) => [
		`a pin to ${JSON.stringify(value)}`,
		`[pins]\n52:54:00:00:00:01 = ${value}`,
		"bad-value",
		"neither an image nor a version",
		"NAME/VERSION",
	]),
	[
		"two pins for one card",
		"[pins]\n52:54:00:00:00:0a = a\n52-54-00-00-00-0A = b",
		"duplicate",
		"52:54:00:00:00:0a has two pins",
		"remove",
	],
])("%s is refused with line, value and what to do", (_, addition, code, message, hint) => {
	const error = refusal(`${smallest}${addition}\n`);
	expect(error.code).toBe(`server-config.${code}`);
	expect(error.message).toContain(message);
	expect(error.hint).toContain(hint);
});

test("a key before any section is refused", () => {
	expect(refusal(`port = 80\n${smallest}`)).toMatchObject({
		code: "server-config.unknown-key",
		message: "c.ini:1: port stands before any [section]",
	});
});

test.each(["interface =", "interface = a/b", "interface = sixteencharacter"])(
	"%s is no interface",
	(line) => {
		expect(refusal(smallest.replace("interface = eth0", line)).code).toBe("server-config.bad-value");
	},
);

test.each(["10.0.0.1", "10.0.0.9 - 10.0.0.1", "10.0.0.1 - 10.0.0.256", "1-2-3"])(
	"%s is no range",
	(range) => {
		const error = refusal(smallest.replace("10.0.0.100 - 10.0.0.199", range));
		expect(error).toMatchObject({
			code: "server-config.bad-value",
			hint: expect.stringContaining("smaller one first"),
		});
	},
);

test.each(["1m", "119s", "12", "12w", "-1h", "forever"])("%s is no lease", (lease) => {
	expect(refusal(`${smallest}lease = ${lease}\n`).message).toContain(`lease = ${lease}: not a lease time`);
});

test("what only a DHCP server can do is refused where there is none", () => {
	const error = refusal("[network]\ninterface = eth0\n[dhcp]\nmode = off\nrouter = 10.0.0.1\n");
	expect(error).toMatchObject({
		code: "server-config.no-effect",
		message: "c.ini:5: [dhcp] router has no effect with [dhcp] mode = off",
	});
});

test("what is missing is named, with an example", () => {
	expect(refusal("[dhcp]\nmode = proxy\n")).toMatchObject({
		code: "server-config.missing-key",
		message: "c.ini: [network] interface is missing",
		hint: "add to [network], for example: interface = eth0",
	});
	expect(refusal("[network]\ninterface = eth0\n")).toMatchObject({
		code: "server-config.missing-key",
		message: "c.ini: [dhcp] range is missing, mode is server",
	});
});

test("two hosts cannot share a name or an address", () => {
	const hosts = "[hosts]\n52:54:00:00:00:01 = 10.0.0.11, a\n52:54:00:00:00:02 = 10.0.0.11, b\n";
	expect(refusal(smallest + hosts)).toMatchObject({
		code: "server-config.duplicate",
		message: "c.ini:7: [hosts] 52:54:00:00:00:02 = 10.0.0.11, b: 10.0.0.11 is on line 6 already",
	});
});

test("all problems are told at once, in the order of the lines", () => {
	const error = refusal("[network]\ninterfaces = eth0\n[dhcp]\nmode = x\n[http]\nport = 0\n");
	expect(error.code).toBe("server-config.several-problems");
	expect(error.message).toMatchInlineSnapshot(`
		"c.ini has 4 problems:
		  c.ini:2: [network] interfaces: unknown key [server-config.unknown-key]; did you mean interface?
		  c.ini:4: [dhcp] mode = x: not one of the choices [server-config.bad-value]; choose one of: server, proxy, off
		  c.ini:6: [http] port = 0: not a port number [server-config.bad-value]; give a whole number from 1 to 65535
		  c.ini: [network] interface is missing [server-config.missing-key]; add to [network], for example: interface = eth0"
	`);
});
