import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { askForLease } from "./support/dhcp-client.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { clientMac, serverAddress, TwoHosts } from "./support/two-hosts.ts";

const program = join(import.meta.dirname, "../../server/main.ts");
const otherMac = "52:54:00:00:00:11";
const configuration = `[network]
interface = lan
address = ${serverAddress}
[http]
port = 8080
[dhcp]
mode = off
[hosts]
${clientMac}, ${otherMac} = 10.77.0.11, node1
52:54:00:00:00:02 = 10.77.0.12
`;

beforeAll(() =>
	ensureDebianPackages(["dnsmasq-base", "isc-dhcp-server", "kea-dhcp4-server"], "try DHCP snippets"),
);

async function snippetFor(server: string, text = configuration): Promise<string> {
	const config = join(temporaryFolder(), "companion.ini");
	writeFileSync(config, text);
	const { stdout } = await execa(process.execPath, [program, "dhcp-config", server, "--config", config]);
	return `${stdout}\n`;
}

/** A farm's own server as it may be without us, with the snippet where its comment says that it goes. */
interface OwnServer {
	/** Writes its files. @returns Their folder. */
	readonly install: (snippet: string) => string;
	readonly check: (folder: string) => readonly string[];
	readonly run: (folder: string) => readonly string[];
	readonly ready: RegExp;
}

const servers: Readonly<Record<string, OwnServer>> = {
	dnsmasq: {
		install(snippet) {
			const folder = temporaryFolder();
			mkdirSync(join(folder, "dnsmasq.d"));
			writeFileSync(join(folder, "dnsmasq.d/netherd.conf"), snippet);
			const own = `port=0\ninterface=lan\nbind-interfaces\ndhcp-range=10.77.0.100,10.77.0.200,1h\ndhcp-option=option:router,10.77.0.254\nno-ping\nleasefile-ro\npid-file\nconf-dir=${folder}/dnsmasq.d\n`;
			writeFileSync(join(folder, "dnsmasq.conf"), own);
			return folder;
		},
		check: (folder) => ["dnsmasq", "--test", `--conf-file=${folder}/dnsmasq.conf`],
		run: (folder) => [
			...["dnsmasq", "--keep-in-foreground", "--log-facility=-", `--conf-file=${folder}/dnsmasq.conf`],
		],
		ready: /DHCP, IP range/,
	},
	isc: {
		install(snippet) {
			const folder = temporaryFolder();
			writeFileSync(join(folder, "netherd.conf"), snippet);
			writeFileSync(
				join(folder, "dhcpd.conf"),
				`include "${folder}/netherd.conf";
subnet 10.77.0.0 netmask 255.255.255.0 {
  range 10.77.0.100 10.77.0.200;
  option routers 10.77.0.254;
  next-server 10.77.0.99;
  filename "something-else";
}
ping-check false;
`,
			);
			writeFileSync(join(folder, "leases"), "");
			return folder;
		},
		check: (folder) => [
			"dhcpd",
			"-4",
			"-t",
			"-cf",
			join(folder, "dhcpd.conf"),
			"-lf",
			join(folder, "leases"),
		],
		run: (folder) => [
			...["dhcpd", "-4", "-f", "-d", "--no-pid", "-user", "root", "-group", "root"],
			...["-cf", join(folder, "dhcpd.conf"), "-lf", join(folder, "leases"), "lan"],
		],
		ready: /Server starting service/,
	},
	kea: {
		install(snippet) {
			const folder = temporaryFolder();
			const { Dhcp4 } = JSON.parse(snippet.replace(/^#.*$/gm, ""));
			const own = {
				"interfaces-config": { interfaces: ["lan"] },
				"lease-database": { type: "memfile", persist: false },
				loggers: [{ name: "kea-dhcp4", output_options: [{ output: "stdout" }], severity: "INFO" }],
				subnet4: [
					{
						id: 1,
						subnet: "10.77.0.0/24",
						pools: [{ pool: "10.77.0.100 - 10.77.0.200" }],
						"option-data": [{ name: "routers", data: "10.77.0.254" }],
					},
				],
			};
			writeFileSync(join(folder, "kea.conf"), JSON.stringify({ Dhcp4: { ...own, ...Dhcp4 } }));
			return folder;
		},
		check: (folder) => ["kea-dhcp4", "-t", join(folder, "kea.conf")],
		run: (folder) => [
			...["env", `KEA_PIDFILE_DIR=${folder}`, "KEA_LOCKFILE_DIR=none"],
			...["kea-dhcp4", "-c", join(folder, "kea.conf")],
		],
		ready: /DHCP4_STARTED/,
	},
};

function serverNamed(name: string): OwnServer {
	const server = servers[name];
	if (server === undefined) throw new Error(name);
	return server;
}

async function start(hosts: TwoHosts, { run, ready }: OwnServer, folder: string): Promise<ChildProcess> {
	const [file, ...args] = hosts.argv("server", run(folder));
	const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
	const lines: string[] = [];
	await new Promise<void>((resolve, reject) => {
		for (const stream of [child.stdout, child.stderr]) {
			createInterface({ input: stream }).on("line", (line) => {
				lines.push(line);
				if (ready.test(line)) resolve();
			});
		}
		child.once("close", () => reject(new Error(lines.join("\n"))));
	});
	return child;
}

describe.each(Object.keys(servers))("%s", (name) => {
	const server = serverNamed(name);

	test("takes the snippet, also without any host", async () => {
		for (const text of [configuration, configuration.replace(/\[hosts\][\s\S]*/, "")]) {
			await using hosts = await TwoHosts.create();
			const folder = server.install(await snippetFor(name, text));
			const { exitCode, stdout, stderr } = await hosts.run("server", server.check(folder));
			expect({ exitCode, problems: /error|warn/i.exec(`${stdout}${stderr}`) }).toEqual({
				exitCode: 0,
				problems: null,
			});
		}
	});

	test("would not take a wrong one", async () => {
		await using hosts = await TwoHosts.create();
		const broken = (await snippetFor(name))
			.replace("dhcp-match=set:netherd-uefi", "dhcp-match=sett:netherd-uefi,x,y")
			.replace("elsif", "elseif")
			.replace("member(", "membr(");
		const { exitCode } = await hosts.run("server", server.check(server.install(broken)));
		expect(exitCode).not.toBe(0);
	});

	test("then tells each kind of machine what to load, and knows its nodes on every card", async () => {
		await using hosts = await TwoHosts.create();
		await start(hosts, server, server.install(await snippetFor(name)));
		const node1 = { ip: "10.77.0.11", hostname: "node1", siaddr: serverAddress, router: "10.77.0.254" };
		expect(await askForLease(hosts, { architecture: 0 })).toMatchObject({
			...node1,
			boot_file: "undionly.kpxe",
		});
		expect(await askForLease(hosts, { architecture: 7 })).toMatchObject({
			...node1,
			boot_file: "snponly.efi",
		});
		expect(await askForLease(hosts, { architecture: 9 })).toMatchObject({
			...node1,
			boot_file: "snponly.efi",
		});
		const http = await askForLease(hosts, { architecture: 16, isHttpBoot: true });
		expect(http).toMatchObject({ boot_file: `http://${serverAddress}:8080/loader/snponly.efi` });
		expect(http.vendor).toBe("HTTPClient");
		for (const architecture of [0, 7, 9, 16]) {
			const ipxe = await askForLease(hosts, { architecture, isIpxe: true });
			expect(ipxe).toMatchObject({ ...node1, boot_file: `http://${serverAddress}:8080/boot.ipxe` });
			// no-pxedhcp = 1
			expect(ipxe.opt175).toMatch(/^b00101/);
			expect(ipxe.vendor).toBeUndefined();
		}
		// The node is off, and comes back on its other card.
		await hosts.run("client", ["ip", "link", "set", "lan", "down"]);
		await hosts.run("client", ["ip", "link", "set", "lan", "address", otherMac, "up"]);
		// Kea does not take an address from one card for another; the snippet says so.
		const ip = name === "kea" ? "10.77.0.100" : node1.ip;
		const other = await askForLease(hosts, { architecture: 7 });
		expect(other).toMatchObject({ ...node1, ip, boot_file: "snponly.efi" });
	});

	test("and leaves machines alone that do not boot over the network", async () => {
		await using hosts = await TwoHosts.create();
		await hosts.run("client", ["ip", "link", "set", "lan", "down"]);
		await hosts.run("client", ["ip", "link", "set", "lan", "address", "52:54:00:00:00:77", "up"]);
		await start(hosts, server, server.install(await snippetFor(name)));
		const lease = await askForLease(hosts);
		expect(lease.ip).toMatch(/^10\.77\.0\.1\d\d$/);
		expect(lease.boot_file).toBe(name === "isc" ? "something-else" : undefined);
		expect(lease.vendor).toBeUndefined();
	});
});

test.each([
	[[], "the DHCP server's program is missing"],
	[["bind"], "unknown DHCP server bind"],
	[["kea"], "--config FILE is missing"],
	[["kea", "isc", "--config", "c"], "too many words: isc"],
])("companion dhcp-config %j is refused", async (args, message) => {
	const { exitCode, stdout, stderr } = await execa(process.execPath, [program, "dhcp-config", ...args], {
		reject: false,
	});
	expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
	expect(stderr).toContain(message);
});

test("the address comes from the interface when the configuration has none; a companion that answers too is told", async () => {
	await using hosts = await TwoHosts.create();
	const config = join(temporaryFolder(), "companion.ini");
	writeFileSync(config, "[network]\ninterface = lan\n[dhcp]\nmode = proxy\n");
	const words = [process.execPath, program, "dhcp-config", "dnsmasq", "--config", config];
	const { exitCode, stdout, stderr } = await hosts.run("server", words);
	expect(exitCode).toBe(0);
	expect(stdout).toContain(
		`dhcp-boot=tag:netherd-ipxe,http://${serverAddress}:80/boot.ipxe,,${serverAddress}\n`,
	);
	expect(stderr).toContain("[dhcp] mode = proxy");
});
