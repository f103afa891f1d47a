import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { writeBootTree } from "./support/boot-tree.ts";
import { CompanionProcess } from "./support/companion-process.ts";
import { askForLease } from "./support/dhcp-client.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { clientMac, TwoHosts } from "./support/two-hosts.ts";

const configuration = `[network]\ninterface = lan\n[dhcp]\nrange = 10.77.0.100 - 10.77.0.200\n[hosts]\n${clientMac} = 10.77.0.11\n`;

async function start() {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	return { folder, hosts: await TwoHosts.create() };
}

/** Starts a program on the server and waits until it holds a port. */
async function occupy(hosts: TwoHosts, port: number, program: readonly string[], input = ""): Promise<void> {
	const [file, ...args] = hosts.argv("server", program);
	const child = spawn(file, args, { stdio: ["pipe", "ignore", "ignore"] });
	child.stdin.end(input);
	await once(child, "spawn");
	for (;;) {
		const { stdout } = await hosts.run("server", [
			"ss",
			"-H",
			"-l",
			"-n",
			"-t",
			"-u",
			"sport",
			"=",
			`:${port}`,
		]);
		if (stdout.includes(`:${port}`)) return;
		await sleep(20);
	}
}

const dnsmasq = ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=-"];

test("a second companion is refused, and the first one named", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	const first = new CompanionProcess(hosts, folder, configuration);
	await first.event("companion.ready");
	const second = await new CompanionProcess(hosts, folder, configuration).ended();
	expect(second.exitCode).toBe(2);
	expect(second.stderr).toMatch(
		/^companion: TCP port 80 on 10\.77\.0\.1 \(HTTP\) is taken by \S+, process \d+/,
	);
	expect(second.stderr).toContain(`process ${first.child.pid} [server.port-taken]`);
	expect(second.stderr).toContain("choose another port with [http] port");
	expect(await askForLease(hosts)).toMatchObject({ ip: "10.77.0.11" });
});

test("so is one that differs only in its HTTP and NBD ports: DHCP and TFTP have fixed ones", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	await new CompanionProcess(hosts, folder, configuration).event("companion.ready");
	const other = `${configuration}[http]\nport = 8080\n[nbd]\nport = 10810\n`;
	const second = await new CompanionProcess(hosts, folder, other).ended();
	expect(second.exitCode).toBe(2);
	expect(second.stderr).toMatch(/UDP port 69 on 0\.0\.0\.0 \(TFTP\) is taken by dnsmasq, process \d+/);
	expect(second.stderr).toContain("cannot be changed");
});

test("another DHCP server on the same interface is an obstacle", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	await occupy(
		hosts,
		67,
		dnsmasq,
		"port=0\ninterface=lan\nbind-interfaces\ndhcp-range=10.77.0.20,10.77.0.30\n",
	);
	const { exitCode, stderr } = await new CompanionProcess(hosts, folder, configuration).ended();
	expect(exitCode).toBe(2);
	expect(stderr).toMatch(/UDP port 67 on 0\.0\.0\.0 \(DHCP\) is taken by dnsmasq/);
});

test("another DHCP server on another interface, such as libvirt's, is none", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	for (const command of [
		"link add virbr0 type bridge",
		"address add 10.78.0.1/24 dev virbr0",
		"link set virbr0 up",
	]) {
		await hosts.run("server", ["ip", ...command.split(" ")]);
	}
	await occupy(
		hosts,
		67,
		dnsmasq,
		"port=0\ninterface=virbr0\nexcept-interface=lo\nbind-dynamic\ndhcp-range=10.78.0.20,10.78.0.30\n",
	);
	const companion = new CompanionProcess(hosts, folder, configuration);
	await companion.event("companion.ready");
	expect(await askForLease(hosts)).toMatchObject({ ip: "10.77.0.11" });
	expect(await companion.end("SIGTERM")).toBe(0);
});

test("a file that is missing", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	rmSync(join(folder, "images/node/1/initramfs.img"));
	const companion = new CompanionProcess(hosts, folder, configuration);
	expect(await companion.ended()).toEqual({
		exitCode: 2,
		stderr: expect.stringMatching(
			/cannot read .*\/images\/node\/1\/initramfs\.img \[server\.file-missing\]\n.*ENOENT/,
		),
	});
	expect(hosts.processes("server")).toEqual([]);
});

test("an interface that does not exist", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	const companion = new CompanionProcess(hosts, folder, configuration.replace("= lan", "= eth7"));
	const { exitCode, stderr } = await companion.ended();
	expect(exitCode).toBe(2);
	expect(stderr).toContain("there is no network interface eth7 [server.interface-missing]");
	expect(stderr).toContain("to one of: lo, lan");
});

test("too few privileges", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	const wrapper = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"];
	const { exitCode, stderr } = await new CompanionProcess(hosts, folder, configuration, wrapper).ended();
	expect(exitCode).toBe(2);
	expect(stderr).toContain("CAP_NET_ADMIN (DHCP on one interface) [server.privileges-missing]");
});

test("a child that cannot start takes everything down again, with its own words", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	const unreadable = join(folder, "../private");
	mkdirSync(unreadable);
	chmodSync(unreadable, 0o700);
	const companion = new CompanionProcess(hosts, folder, configuration, ["env", `TMPDIR=${unreadable}`]);
	const { exitCode, stderr } = await companion.ended();
	expect(exitCode).toBe(2);
	expect(stderr).toMatch(/tftp does not start: exit code 3; its last words: .*TFTP.*Permission denied/);
	expect(stderr).toContain("[server.service-failed]");
	expect(hosts.processes("server")).toEqual([]);
});

test("a configuration that is wrong", async () => {
	const { folder, hosts } = await start();
	await using _ = hosts;
	const companion = new CompanionProcess(hosts, folder, configuration.replace("range", "rnage"));
	const { exitCode, stderr } = await companion.ended();
	expect(exitCode).toBe(2);
	expect(stderr).toContain("did you mean range?");
	expect(companion.events).toEqual([]);
});
