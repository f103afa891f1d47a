import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { configKeys, keyOf } from "../../server/config/keys.ts";
import { writeBootTree } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { TwoHosts } from "./support/two-hosts.ts";

const program = join(import.meta.dirname, "../../server/main.ts");
const example = join(import.meta.dirname, "../../examples/companion.ini");

async function companion(...args: readonly string[]) {
	const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], { reject: false });
	return { exitCode, stdout, stderr };
}

test("help and version", async () => {
	const help = await companion("--help");
	expect(help).toMatchObject({ exitCode: 0, stderr: "" });
	expect(help.stdout).toContain("companion serve DIR --config FILE");
	expect(await companion()).toEqual(help);
	expect(await companion("--version")).toMatchObject({
		exitCode: 0,
		stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/),
	});
});

test.each(["serve", "check"])("help of %s explains every key of the configuration", async (command) => {
	const { exitCode, stdout } = await companion(command, "--help");
	expect(exitCode).toBe(0);
	for (const name of Object.keys(configKeys)) expect(stdout).toContain(`    ${keyOf(name)} = `);
	expect(stdout).toContain("52:54:00:00:00:01, 52:54:00:00:00:02 = ");
	expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
});

test.each([
	[["frobnicate"], "unknown command frobnicate"],
	[["serve"], "the folder to serve is missing"],
	[["serve", "a", "b", "--config", "c"], "one folder only, not also b"],
	[["serve", "a"], "--config FILE is missing"],
	[["serve", "a", "--confg", "c"], "--confg"],
	[["serve", "a", "--config", example, "--log-format", "xml"], "--log-format xml: choose text or json"],
	[["check", "a", "--config", "c", "--format", "xml"], "--format xml: choose text or json"],
])("companion %j is refused", async (args, message) => {
	const { exitCode, stderr, stdout } = await companion(...args);
	expect(exitCode).toBe(2);
	expect(stderr).toContain(message);
	expect(stderr).toContain("[server.usage]");
	expect(stdout).toBe("");
});

test("check tells what would listen where, while a companion runs and without root's privileges", async () => {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	const file = join(folder, "../c.ini");
	writeFileSync(file, "[network]\ninterface = lan\n[dhcp]\nmode = proxy\n[http]\nport = 8080\n");
	await using hosts = await TwoHosts.create();
	const check = (...more: readonly string[]) =>
		hosts.run("server", [
			...["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
			...[process.execPath, program, "check", folder, "--config", file, ...more],
		]);

	const text = await check();
	expect(text).toMatchObject({ exitCode: 0, stderr: "" });
	expect(text.stdout.replaceAll(folder, "DIR")).toMatchInlineSnapshot(`
		"DIR on lan (10.77.0.1), DHCP proxy
		images: node (default)
		warning: DIR/lts.conf is not signed: nodes will refuse it [server.lts-conf-unsigned]
		  what to do: image sign DIR signs it, and again after every change; or give the companion a key: [signing] key = FILE
		warning: DIR/images/node/current/image.json is not signed: nodes will refuse the image [server.image-unsigned]
		  what to do: image sign DIR signs it, with the key that its nodes trust
		would start, in this order:
		  http     tcp 10.77.0.1:8080                          boot script, kernel, initramfs, lts.conf, images; takes nodes' events
		  nbdkit   -                                           serves image files, read-only, to the service nbd
		  nbd      tcp 10.77.0.1:10809                         root images, one export per image, several connections per node
		  tftp     udp 0.0.0.0:69                              boot loaders, for firmware (dnsmasq)
		  dhcp     udp 0.0.0.0:67, udp 0.0.0.0:4011            addresses and boot files, or boot files beside another DHCP server (dnsmasq)"
	`);
	const json = await check("--format", "json");
	expect(JSON.parse(json.stdout)).toMatchObject({
		ok: true,
		interface: "lan",
		address: "10.77.0.1",
		dhcp: "proxy",
		defaultImage: "node",
		images: ["node"],
		services: [
			{ name: "http", listens: [{ protocol: "tcp", address: "10.77.0.1", port: 8080 }] },
			{ name: "nbdkit", listens: [] },
			{ name: "nbd", listens: [{ protocol: "tcp", address: "10.77.0.1", port: 10809 }] },
			{ name: "tftp", listens: [{ protocol: "udp", address: "0.0.0.0", port: 69 }] },
			{ name: "dhcp", listens: [{ port: 67 }, { port: 4011 }] },
		],
	});
});

test("check refuses what serve would refuse, for people and for programs", async () => {
	const text = await companion("check", "/nonexistent", "--config", example);
	expect(text).toMatchObject({ exitCode: 2, stdout: "" });
	expect(text.stderr).toContain("/nonexistent is not a folder [server.folder-missing]");
	const json = await companion("check", "/nonexistent", "--config", example, "--format", "json");
	expect(json.exitCode).toBe(2);
	expect(JSON.parse(json.stdout)).toEqual({
		ok: false,
		error: {
			code: "server.folder-missing",
			message: "/nonexistent is not a folder",
			hint: expect.stringContaining("companion serve DIR"),
		},
	});
});
