import { isIpv4 } from "../config/values.ts";
import type { InitFacts } from "../facts/facts.ts";
import { nodePrograms } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";
import { aliasUnit, localUnits, wantUnit } from "./units.ts";

const timeoutMs = 10_000;
/** Higher than that of any other default route: networkd's are 1024 (systemd.network(5)), NetworkManager's below 21000. */
const bootRouteMetric = 65_535;
/** A second is usual; a node whose DHCP server is away keeps its address and goes on. */
const onlineTimeoutSeconds = 30;

export const network: Step<Inputs<InitFacts>> = {
	name: "50-network",
	summary: "has systemd-networkd keep the boot interface's address and renew its lease",
	keys: ["NET_DEVICE_METHOD"],
	plan: ({ facts, configuration }) => {
		const method = (configuration.text("NET_DEVICE_METHOD") ?? "dhcp").toLowerCase();
		const { device, mac, ip, gateway } = facts.network;
		if (method === "manual" || mac === undefined) return [];
		const reason = because(configuration, "NET_DEVICE_METHOD");
		const write = (path: string, content: string): Operation => ({
			kind: "writeFile",
			path,
			content,
			because: reason,
		});
		return [
			// 05: before 10-netplan-*.network and the distribution's; of the files that match, the first one counts.
			write(
				"/etc/systemd/network/05-netherd.network",
				bootInterface(mac, method === "dhcp" ? lease(ip) : ""),
			),
			write("/etc/systemd/networkd.conf.d/netherd.conf", leaveTheRestAlone),
			write(`${localUnits}/systemd-networkd-wait-online.service.d/netherd.conf`, waitForOneInterface),
			// As `systemctl enable systemd-networkd.service` does it.
			aliasUnit("systemd-networkd.service", "dbus-org.freedesktop.network1.service", reason),
			wantUnit("systemd-networkd.service", "multi-user.target", reason),
			wantUnit("systemd-networkd.socket", "sockets.target", reason),
			wantUnit("systemd-networkd-wait-online.service", "network-online.target", reason),
			...(facts.root.units.includes("networking.service")
				? [write("/etc/network/interfaces", onlyLoopback)]
				: []),
			// Last: the files are there whatever becomes of this.
			...(method === "dhcp" && device !== undefined && gateway !== undefined && isIpv4(gateway)
				? [
						{
							kind: "spawn",
							argv: [nodePrograms.sh, "-c", giveWay, "sh", gateway, device],
							timeoutMs,
							because: reason,
						} as const,
					]
				: []),
		];
	},
};

/**
 * systemd.network(5). Matched by MAC address, because the interface may get another name when udev starts; Kind=!* leaves
 * out bridges, VLANs and bonds, which take over the address of what is below them.
 *
 * KeepConfiguration keeps what stage 1 set up until the lease is there, and when networkd stops: a root may be read over it.
 */
function bootInterface(mac: string, dhcp: string): string {
	return `[Match]
MACAddress=${mac}
Type=ether
Kind=!*

[Network]
DHCP=${dhcp === "" ? "no" : "ipv4"}
KeepConfiguration=yes
${dhcp}`;
}

/**
 * ClientIdentifier=mac is what the firmware and the initramfs sent, so the server gives the same lease. Since systemd 255
 * the address can be asked for as well; an older one says in its log that it does not know the key.
 */
function lease(ip: string | undefined): string {
	return `
[DHCPv4]
ClientIdentifier=mac
${ip !== undefined && isIpv4(ip) ? `RequestAddress=${ip}\n` : ""}UseHostname=no
SendRelease=no
`;
}

/** Else networkd may take away routes and rules that it did not make, those of a CNI plugin among them (networkd.conf(5)). */
const leaveTheRestAlone = `[Network]
ManageForeignRoutes=no
ManageForeignRoutingPolicyRules=no
`;

/** Without --any, every interface that some .network file of the image matches would have to come up. */
const waitForOneInterface = `[Service]
ExecStart=
ExecStart=/usr/lib/systemd/systemd-networkd-wait-online --any --timeout=${onlineTimeoutSeconds}
`;

/**
 * The initramfs's default route has no metric, so it would win over that of the lease for ever, whatever gateway a later
 * lease names. It stays, because a root may be read over it and no lease may come, but after all others. A metric can't be
 * changed: the new route is there before the old one goes. Gateways may lie outside of the subnet.
 */
const giveWay = [
	`${nodePrograms.ip} -4 route replace default via "$1" dev "$2" onlink proto static metric ${bootRouteMetric}`,
	`${nodePrograms.ip} -4 route flush exact default dev "$2" proto boot`,
].join(" && ");

/** interfaces(5), as LTSP 5 writes it: ifupdown must not run a second DHCP client. */
const onlyLoopback = `auto lo
iface lo inet loopback
`;
