import { expect, test } from "vitest";
import { createDnsmasqReader } from "../../../server/dnsmasq/log-reader.ts";

/** @param log Lines as dnsmasq 2.90 wrote them. */
function eventsOf(log: string) {
	const read = createDnsmasqReader();
	return log
		.trim()
		.split("\n")
		.flatMap((line) => read(line.trim()) ?? []);
}

test("an offer and an acknowledgement, each with its boot file", () => {
	const events = eventsOf(`
		dnsmasq-dhcp[7]: 3183933016 available DHCP range: 10.77.0.100 -- 10.77.0.200
		dnsmasq-dhcp[7]: 3183933016 vendor class: PXEClient:Arch:00000:UNDI:002001
		dnsmasq-dhcp[7]: 3183933016 DHCPDISCOVER(veth0) 52:54:00:00:00:01 
		dnsmasq-dhcp[7]: 3183933016 tags: veth0
		dnsmasq-dhcp[7]: 3183933016 DHCPOFFER(veth0) 10.77.0.156 52:54:00:00:00:01 
		dnsmasq-dhcp[7]: 3183933016 requested options: 1:netmask, 3:router, 6:dns-server, 12:hostname, 
		dnsmasq-dhcp[7]: 3183933016 bootfile name: undionly.kpxe
		dnsmasq-dhcp[7]: 3183933016 next server: 10.77.0.1
		dnsmasq-dhcp[7]: 3183933016 sent size:  1 option: 53 message-type  2
		dnsmasq-dhcp[7]: 3183933016 sent size:  4 option: 54 server-identifier  10.77.0.1
		dnsmasq-dhcp[7]: 3183933016 DHCPREQUEST(veth0) 10.77.0.156 52:54:00:00:00:01 
		dnsmasq-dhcp[7]: 3183933016 DHCPACK(veth0) 10.77.0.156 52:54:00:00:00:01 node1
		dnsmasq-dhcp[7]: 3183933016 requested options: 54:server-identifier, 67:bootfile-name
		dnsmasq-dhcp[7]: 3183933016 bootfile name: http://10.77.0.1/boot.ipxe
		dnsmasq-dhcp[7]: 3183933016 sent size:  1 option: 53 message-type  5
	`);
	const to = { mac: "52:54:00:00:00:01", address: "10.77.0.156" };
	expect(events).toEqual([
		{ event: "dhcp.offer", ...to, bootFile: "undionly.kpxe" },
		{ event: "dhcp.ack", ...to, hostname: "node1", bootFile: "http://10.77.0.1/boot.ipxe" },
	]);
});

test("an answer without boot file", () => {
	const events = eventsOf(`
		dnsmasq-dhcp[7]: 1 DHCPACK(veth0) 10.77.0.156 52:54:00:00:00:01 
		dnsmasq-dhcp[7]: 1 sent size:  1 option: 53 message-type  5
		dnsmasq-dhcp[7]: 1 bootfile name: of.another.packet
		dnsmasq-dhcp[7]: 1 sent size:  1 option: 53 message-type  5
	`);
	expect(events).toEqual([{ event: "dhcp.ack", mac: "52:54:00:00:00:01", address: "10.77.0.156" }]);
});

test("a proxy's two answers", () => {
	const events = eventsOf(`
		dnsmasq-dhcp[7]: 305419896 PXE(veth0) 52:54:00:00:00:01 proxy
		dnsmasq-dhcp[7]: 305419896 tags: uefi, veth0
		dnsmasq-dhcp[7]: 305419896 sent size:  1 option: 53 message-type  2
		dnsmasq-dhcp[7]: 305419896 PXE(veth0) 10.77.0.50 52:54:00:00:00:01 snponly.efi
		dnsmasq-dhcp[7]: 305419896 bootfile name: snponly.efi
		dnsmasq-dhcp[7]: 305419896 sent size:  1 option: 53 message-type  5
	`);
	expect(events).toEqual([
		{ event: "dhcp.proxy", mac: "52:54:00:00:00:01" },
		{ event: "dhcp.proxy", mac: "52:54:00:00:00:01", bootFile: "snponly.efi" },
	]);
});

test("what went wrong", () => {
	const events = eventsOf(`
		dnsmasq-dhcp[7]: 9 DHCPDISCOVER(veth0) 52:54:00:00:00:02 no address available
		dnsmasq-dhcp[7]: 9 DHCPNAK(veth0) 10.9.9.9 52:54:00:00:00:02 wrong network
	`);
	expect(events).toEqual([
		{ event: "dhcp.unanswered", mac: "52:54:00:00:00:02", reason: "no address available" },
		{ event: "dhcp.refused", mac: "52:54:00:00:00:02", address: "10.9.9.9", reason: "wrong network" },
	]);
});

test("files by TFTP", () => {
	const events = eventsOf(`
		dnsmasq-tftp[7]: TFTP root is /tmp/x/loader  single port mode
		dnsmasq-tftp[7]: error 8 User aborted the transfer received from 10.77.0.50
		dnsmasq-tftp[7]: sent /tmp/x/loader/undionly.kpxe to 10.77.0.50
		dnsmasq-tftp[7]: file /tmp/x/loader/nope not found for 10.77.0.50
		dnsmasq-tftp[7]: failed sending /tmp/x/loader/snponly.efi to 10.77.0.51
	`);
	expect(events).toEqual([
		{ event: "tftp.sent", file: "undionly.kpxe", client: "10.77.0.50" },
		{ event: "tftp.missing", file: "nope", client: "10.77.0.50" },
		{ event: "tftp.failed", file: "snponly.efi", client: "10.77.0.51" },
	]);
});

test("a client cannot make up an event by its host name", () => {
	const events = eventsOf(`
		dnsmasq-dhcp[7]: 5 client provides name: DHCPACK(veth0) 10.0.0.1 52:54:00:00:00:09
		dnsmasq-dhcp[7]: 5 sent size:  1 option: 53 message-type  5
	`);
	expect(events).toEqual([]);
});
