import { expect, test } from "vitest";
import { type Config, parseConfig } from "../../server/config/read-config.ts";
import { type Link, networkFrom } from "../../server/network.ts";

function config(text: string): Config {
	return parseConfig(`[network]\ninterface = eth1\n${text}`, "c.ini");
}

function link(...addresses: readonly string[]): Link[] {
	const lo = { ifname: "lo", addr_info: [{ family: "inet", local: "127.0.0.1", prefixlen: 8 }] };
	const addr_info = addresses.map((address) => {
		const [local = "", length] = address.split("/");
		return { family: local.includes(":") ? "inet6" : "inet", local, prefixlen: Number(length) };
	});
	return [lo, { ifname: "eth1", addr_info }];
}

const proxy = config("[dhcp]\nmode = proxy\n");

test("address and network", () => {
	expect(networkFrom(link("10.20.5.1/20", "fe80::1/64"), proxy)).toEqual({
		interfaceName: "eth1",
		address: "10.20.5.1",
		netmask: "255.255.240.0",
		networkAddress: "10.20.0.0",
		privateIpv6Prefixes: [],
	});
});

test.each([
	["192.168.1.200/25", "255.255.255.128", "192.168.1.128"],
	["10.0.0.1/8", "255.0.0.0", "10.0.0.0"],
	["203.0.113.7/32", "255.255.255.255", "203.0.113.7"],
])("%s", (address, netmask, networkAddress) => {
	expect(networkFrom(link(address), proxy)).toMatchObject({ netmask, networkAddress });
});

test("only private IPv6 networks of 64 bits are announced, each once", () => {
	const addresses = ["fd67::1/64", "fd67::2/64", "fd00:1:2:3::4/64", "fd00:1:2:0:5:6:7:8/64", "fdaa::1/48"];
	const links = link("10.0.0.1/24", ...addresses, "2001:db8::1/64", "fe80::1/64");
	expect(networkFrom(links, proxy).privateIpv6Prefixes).toEqual(["fd67::", "fd00:1:2:3::", "fd00:1:2::"]);
});

test("an interface that is not there; those that are, are named", () => {
	expect(() => networkFrom([{ ifname: "lo", addr_info: [] }], proxy)).toThrow(
		expect.objectContaining({
			code: "server.interface-missing",
			message: "there is no network interface eth1",
			hint: "set [network] interface in c.ini to one of: lo",
		}),
	);
});

test("an interface without address, or without the configured one", () => {
	expect(() => networkFrom(link("fe80::1/64"), proxy)).toThrow(
		expect.objectContaining({
			code: "server.address-missing",
			message: expect.stringContaining("no IPv4 address"),
		}),
	);
	expect(() => networkFrom(link("10.0.0.2/24"), config("address = 10.0.0.1\n[dhcp]\nmode = off\n"))).toThrow(
		expect.objectContaining({
			code: "server.address-missing",
			message: "interface eth1 does not have 10.0.0.1; it has 10.0.0.2",
		}),
	);
});

test("of several addresses the configuration chooses one", () => {
	const links = link("10.0.0.1/24", "10.1.0.1/24");
	expect(() => networkFrom(links, proxy)).toThrow(
		expect.objectContaining({
			code: "server.address-ambiguous",
			message: expect.stringContaining("10.0.0.1, 10.1.0.1"),
		}),
	);
	const chosen = config("address = 10.1.0.1\n[dhcp]\nmode = proxy\n");
	expect(networkFrom(links, chosen)).toMatchObject({ address: "10.1.0.1", networkAddress: "10.1.0.0" });
});

test.each([
	["range = 10.0.1.1 - 10.0.1.9", "[dhcp] range in c.ini: 10.0.1.1"],
	["range = 10.0.0.1 - 10.0.1.9", "[dhcp] range in c.ini: 10.0.1.9"],
	["range = 10.0.0.1 - 10.0.0.9\nrouter = 10.1.0.1", "[dhcp] router in c.ini: 10.1.0.1"],
	[
		"range = 10.0.0.1 - 10.0.0.9\n[hosts]\n52:54:00:00:00:01 = 10.9.0.1",
		"[hosts] 52:54:00:00:00:01 in c.ini: 10.9.0.1",
	],
])("%j does not fit a network of 10.0.0.0/24", (text, message) => {
	expect(() => networkFrom(link("10.0.0.250/24"), config(`[dhcp]\n${text}\n`))).toThrow(
		expect.objectContaining({ code: "server.address-elsewhere", message: expect.stringContaining(message) }),
	);
});
