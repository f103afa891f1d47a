import { expect, test } from "vitest";
import { parseDhcpAnswer } from "../../agent/facts/dhcp-answer.ts";

test("reads what klibc's ipconfig leaves", () => {
	const text = `DEVICE='enp1s0'
PROTO='dhcp'
IPV4ADDR='10.9.0.57'
IPV4BROADCAST='10.9.0.255'
IPV4NETMASK='255.255.255.0'
IPV4GATEWAY='10.9.0.1'
IPV4DNS0='10.9.0.1'
IPV4DNS1='0.0.0.0'
HOSTNAME='node57'
DNSDOMAIN='farm.example'
NISDOMAIN=''
ROOTSERVER='10.9.0.1'
ROOTPATH=''
filename='undionly.kpxe'
UPTIME='2'
`;
	expect(parseDhcpAnswer(text)).toEqual({
		device: "enp1s0",
		ip: "10.9.0.57",
		netmask: "255.255.255.0",
		gateway: "10.9.0.1",
		nameServers: ["10.9.0.1"],
		hostname: "node57",
		domain: "farm.example",
		nextServer: "10.9.0.1",
		bootFile: "undionly.kpxe",
	});
});

test("takes quoting off and runs nothing", () => {
	const text = `HOSTNAME='it'\\''s'\nDNSDOMAIN="a\\"b\\$c"\nROOTPATH=$(touch /tmp/never)\nnonsense\n=x\n`;
	expect(parseDhcpAnswer(text)).toEqual({
		hostname: "it's",
		domain: 'a"b$c',
		rootPath: "$(touch /tmp/never)",
		nameServers: [],
	});
});
