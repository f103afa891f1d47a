import { describe, expect, test } from "vitest";
import { dhcpConfiguration, tftpConfiguration } from "../../../server/dnsmasq/configuration.ts";
import type { Loaders } from "../../../server/loaders.ts";

const network = {
	interfaceName: "eth1",
	address: "10.0.0.1",
	netmask: "255.255.255.0",
	networkAddress: "10.0.0.0",
	privateIpv6Prefixes: ["fd67::"],
};

const loaders = { bios: "ipxe", uefi: "ipxe" } as const;

test("TFTP", () => {
	expect(tftpConfiguration(network, "/tmp/run/loader")).toMatchInlineSnapshot(`
		"# no DNS, no files
		port=0
		no-hosts
		no-resolv
		pid-file
		interface=eth1
		except-interface=lo
		enable-tftp
		tftp-root=/tmp/run/loader
		tftp-single-port
		"
	`);
});

test("a DHCP server with everything", () => {
	const dhcp = {
		mode: "server",
		range: { first: "10.0.0.100", last: "10.0.0.199" },
		lease: "12h",
		router: "10.0.0.254",
		dns: ["10.0.0.254", "10.0.0.253"],
		domain: "rack.example",
	} as const;
	const hosts = [
		{ macs: ["52:54:00:00:00:01", "52:54:00:00:00:03"], address: "10.0.0.11", hostname: "node1" },
		{ macs: ["52:54:00:00:00:02"], address: "10.0.0.12", hostname: undefined },
	] as const;
	const config = { dhcp, hosts, httpPort: 8080, loaders, routerAdvertisements: true };
	expect(dhcpConfiguration(config, network)).toMatchInlineSnapshot(`
		"# no DNS, no files
		port=0
		no-hosts
		no-resolv
		pid-file
		# one interface, beside other servers on other interfaces
		interface=eth1
		except-interface=lo
		bind-interfaces
		leasefile-ro
		log-dhcp
		# addresses
		dhcp-authoritative
		dhcp-ignore-clid
		dhcp-range=10.0.0.100,10.0.0.199,255.255.255.0,12h
		dhcp-option=option:router,10.0.0.254
		dhcp-option=option:dns-server,10.0.0.254,10.0.0.253
		domain=rack.example
		dhcp-host=52:54:00:00:00:01,52:54:00:00:00:03,10.0.0.11,node1
		dhcp-host=52:54:00:00:00:02,10.0.0.12
		# iPXE sends option 175, and the user class iPXE
		dhcp-match=set:ipxe,175
		dhcp-userclass=set:ipxe,iPXE
		# RFC 4578, section 2.1: UEFI x86-64 is 7, some firmware says 9
		dhcp-match=set:uefi,option:client-arch,7
		dhcp-match=set:uefi,option:client-arch,9
		# UEFI that boots over HTTP is 16; it takes only an answer of its own vendor class (UEFI 2.10, section 24.7.3.1)
		dhcp-match=set:http,option:client-arch,16
		dhcp-option-force=tag:http,tag:!ipxe,option:vendor-class,HTTPClient
		# boot file in its own field of the packet: some firmware looks nowhere else
		dhcp-no-override
		dhcp-boot=tag:!ipxe,tag:!uefi,tag:!http,undionly.kpxe
		dhcp-boot=tag:!ipxe,tag:uefi,snponly.efi
		dhcp-option=tag:ipxe,encap:175,176,1b
		dhcp-boot=tag:!ipxe,tag:http,http://10.0.0.1:8080/loader/snponly.efi,,10.0.0.1
		dhcp-boot=tag:ipxe,http://10.0.0.1:8080/boot.ipxe,,10.0.0.1
		# IPv6 router advertisements
		enable-ra
		ra-param=eth1,0,0
		dhcp-range=fd67::,ra-only,64,2h
		"
	`);
});

test("a DHCP server without a router does not name itself as one, nor answer where it has no IPv6 network", () => {
	const dhcp = {
		mode: "server",
		range: { first: "10.0.0.100", last: "10.0.0.199" },
		lease: "infinite",
		router: undefined,
		dns: [],
		domain: undefined,
	} as const;
	const config = { dhcp, hosts: [], httpPort: 80, loaders, routerAdvertisements: true };
	const text = dhcpConfiguration(config, { ...network, privateIpv6Prefixes: [] });
	expect(text).toContain("\ndhcp-option=option:router\n");
	expect(text).not.toMatch(/enable-ra|ra-only|dns-server|domain/);
});

test("beside another DHCP server", () => {
	const hosts = [{ macs: ["52:54:00:00:00:01"], address: "10.0.0.11", hostname: "node1" }] as const;
	const config = {
		dhcp: { mode: "proxy" },
		hosts,
		httpPort: 80,
		loaders,
		routerAdvertisements: false,
	} as const;
	expect(dhcpConfiguration(config, network)).toMatchInlineSnapshot(`
		"# no DNS, no files
		port=0
		no-hosts
		no-resolv
		pid-file
		# one interface, beside other servers on other interfaces
		interface=eth1
		except-interface=lo
		bind-interfaces
		leasefile-ro
		log-dhcp
		# no addresses, boot files only
		dhcp-range=10.0.0.0,proxy,255.255.255.0
		# iPXE sends option 175, and the user class iPXE
		dhcp-match=set:ipxe,175
		dhcp-userclass=set:ipxe,iPXE
		# RFC 4578, section 2.1: UEFI x86-64 is 7, some firmware says 9
		dhcp-match=set:uefi,option:client-arch,7
		dhcp-match=set:uefi,option:client-arch,9
		# UEFI that boots over HTTP is 16; it takes only an answer of its own vendor class (UEFI 2.10, section 24.7.3.1)
		dhcp-match=set:http,option:client-arch,16
		dhcp-pxe-vendor=PXEClient,HTTPClient
		# boot file in its own field of the packet: some firmware looks nowhere else
		dhcp-no-override
		pxe-service=tag:!ipxe,x86PC,netherd,undionly.kpxe
		pxe-service=tag:!ipxe,X86-64_EFI,netherd,snponly.efi
		pxe-service=tag:!ipxe,BC_EFI,netherd,snponly.efi
		dhcp-boot=tag:!ipxe,tag:http,http://10.0.0.1:80/loader/snponly.efi,,10.0.0.1
		dhcp-boot=tag:ipxe,http://10.0.0.1:80/boot.ipxe,,10.0.0.1
		"
	`);
});

describe("with GRUB", () => {
	const bootLines = (mode: "server" | "proxy", loaders: Loaders) =>
		dhcpConfiguration(
			{
				dhcp:
					mode === "proxy"
						? { mode }
						: {
								mode,
								range: { first: "10.0.0.100", last: "10.0.0.199" },
								lease: "12h",
								router: undefined,
								dns: [],
								domain: undefined,
							},
				hosts: [],
				httpPort: 80,
				loaders,
				routerAdvertisements: false,
			},
			network,
		)
			.split("\n")
			.filter((line) => /^(dhcp-boot|pxe-service)=/.test(line));

	test("for UEFI, iPXE goes on to its script only on BIOS machines", () => {
		expect(bootLines("server", { bios: "ipxe", uefi: "grub" })).toEqual([
			"dhcp-boot=tag:!ipxe,tag:!uefi,tag:!http,undionly.kpxe",
			"dhcp-boot=tag:uefi,shimx64.efi",
			"dhcp-boot=tag:!ipxe,tag:http,http://10.0.0.1:80/loader/shimx64.efi,,10.0.0.1",
			"dhcp-boot=tag:ipxe,tag:!uefi,tag:!http,http://10.0.0.1:80/boot.ipxe,,10.0.0.1",
		]);
	});

	test("for both, cards with iPXE in their ROM get it as well", () => {
		expect(bootLines("server", { bios: "grub", uefi: "grub" })).toEqual([
			"dhcp-boot=tag:!uefi,tag:!http,core.0",
			"dhcp-boot=tag:uefi,shimx64.efi",
			"dhcp-boot=tag:!ipxe,tag:http,http://10.0.0.1:80/loader/shimx64.efi,,10.0.0.1",
		]);
	});

	test("beside another DHCP server", () => {
		expect(bootLines("proxy", { bios: "grub", uefi: "ipxe" })).toEqual([
			"pxe-service=x86PC,netherd,core.0",
			"pxe-service=tag:!ipxe,X86-64_EFI,netherd,snponly.efi",
			"pxe-service=tag:!ipxe,BC_EFI,netherd,snponly.efi",
			"dhcp-boot=tag:!ipxe,tag:http,http://10.0.0.1:80/loader/snponly.efi,,10.0.0.1",
			"dhcp-boot=tag:ipxe,tag:uefi,http://10.0.0.1:80/boot.ipxe,,10.0.0.1",
		]);
	});
});
