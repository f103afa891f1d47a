import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig, readConfig } from "../../../server/config/read-config.ts";
import { smallest } from "../support/refused-configuration.ts";

test("the smallest configuration, with every default", () => {
	expect(parseConfig(smallest, "c.ini")).toEqual({
		file: "c.ini",
		interfaceName: "eth0",
		address: undefined,
		httpPort: 80,
		nbdPort: 10809,
		dhcp: {
			mode: "server",
			range: { first: "10.0.0.100", last: "10.0.0.199" },
			lease: "12h",
			router: undefined,
			dns: [],
			domain: undefined,
		},
		routerAdvertisements: true,
		loaders: { bios: "ipxe", uefi: "ipxe" },
		defaultImage: undefined,
		signingKeyFiles: [],
		kernelParameters: "",
		log: { format: "text", level: "info" },
		hosts: [],
		groups: [],
		pins: [],
	});
});

test("every key", () => {
	const text = `
; a comment
[network]
interface = enp3s0
address = 10.0.0.1
[http]
port = 8080
[nbd]
port = 10810
[dhcp]
mode = server
range = 10.0.0.100-10.0.0.199
lease = infinite
router = 10.0.0.254
dns = 10.0.0.254,10.0.0.253
domain = rack.example
router-advertisements = no
[loader]
bios = ipxe
uefi = grub
[image]
default = node
[kernel]
parameters = console=ttyS0,115200 ltsp.foo=1
[log]
format = json
level = debug
[hosts]
52-54-00-00-00-0B = 10.0.0.12, Node2
52:54:00:00:00:0a, 52-54-00-00-00-1A = 10.0.0.11
[groups]
Canary = node2, 52:54:00:00:00:0A , rack7-*
[pins]
52:54:00:00:00:0A = node
NODE2 = node/20260102T030405Z-01234567
canary = storage/1
[signing]
key = /etc/netherd/new.pem, /etc/netherd/old.pem
`;
	expect(parseConfig(text, "c.ini")).toEqual({
		file: "c.ini",
		interfaceName: "enp3s0",
		address: "10.0.0.1",
		httpPort: 8080,
		nbdPort: 10810,
		dhcp: {
			mode: "server",
			range: { first: "10.0.0.100", last: "10.0.0.199" },
			lease: "infinite",
			router: "10.0.0.254",
			dns: ["10.0.0.254", "10.0.0.253"],
			domain: "rack.example",
		},
		routerAdvertisements: false,
		loaders: { bios: "ipxe", uefi: "grub" },
		defaultImage: "node",
		signingKeyFiles: ["/etc/netherd/new.pem", "/etc/netherd/old.pem"],
		kernelParameters: "console=ttyS0,115200 ltsp.foo=1",
		log: { format: "json", level: "debug" },
		hosts: [
			{ macs: ["52:54:00:00:00:0a", "52:54:00:00:00:1a"], address: "10.0.0.11", hostname: undefined },
			{ macs: ["52:54:00:00:00:0b"], address: "10.0.0.12", hostname: "node2" },
		],
		groups: [{ name: "canary", members: ["node2", "52:54:00:00:00:0a", "rack7-*"] }],
		pins: [
			{ node: "52:54:00:00:00:0a", kind: "mac", image: "node", version: undefined },
			{ node: "node2", kind: "host", image: "node", version: "20260102T030405Z-01234567" },
			{ node: "canary", kind: "group", image: "storage", version: "1" },
		],
	});
});

test("beside another DHCP server nothing but the interface is needed", () => {
	const config = parseConfig("[network]\ninterface = eth0\n[dhcp]\nmode = proxy\n", "c.ini");
	expect(config).toMatchObject({ dhcp: { mode: "proxy" }, routerAdvertisements: false });
});

test("Windows line ends and a byte order mark are read over", () => {
	const text = `\uFEFF${smallest.replaceAll("\n", "\r\n")}`;
	expect(parseConfig(text, "c.ini").interfaceName).toBe("eth0");
});

test("a file that is not there", () => {
	expect(() => readConfig("/nonexistent/c.ini")).toThrow(
		expect.objectContaining({
			code: "server-config.not-readable",
			message: expect.stringContaining("/nonexistent"),
		}),
	);
});

test("the example is a valid configuration", () => {
	const file = join(import.meta.dirname, "../../../examples/companion.ini");
	expect(parseConfig(readFileSync(file, "utf8"), file)).toMatchObject({ interfaceName: "eth1" });
});
