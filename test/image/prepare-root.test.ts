import { createHash } from "node:crypto";
import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanRoot } from "../../image/clean-root.ts";
import { layOver } from "../../image/lay-over.ts";
import { ownConfiguration } from "../../image/own-configuration.ts";
import { prepareRoot } from "../../image/prepare-root.ts";
import { readRecipe } from "../../image/recipe.ts";
import { newKey } from "../trust/support/keys.ts";
import { writeTree } from "./support/archives.ts";
import { smallRoot, snapshot } from "./support/root.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const trustedKeys = [newKey().key.publicKey];

async function prepare(root: string): Promise<string> {
	const folder = temporaryFolder();
	const agent = { path: join(folder, "agent"), licences: join(folder, "licences.txt"), key: "" };
	writeFileSync(agent.path, "the agent", { mode: 0o755 });
	writeFileSync(agent.licences, "the licences");
	const layer = join(folder, "layer");
	const id = await prepareRoot(root, readRecipe("metal"), agent, trustedKeys, {
		layer,
		epochSeconds: 1_700_000_000,
	});
	expect(existsSync(layer)).toBe(false);
	return id;
}

test("the build id is that of the content: the same for the same root, another for any other", async () => {
	const [first, second, other] = [smallRoot(), smallRoot(), smallRoot({ "usr/bin/busybox": "another" })];
	const executable = smallRoot();
	chmodSync(join(executable, "usr/bin/busybox"), 0o755);
	const id = await prepare(first);
	expect(id).toMatch(/^[0-9a-f]{32}$/);
	expect(readFileSync(join(first, "etc/netherd/build-id"), "utf8")).toBe(`${id}\n`);
	expect(await prepare(second)).toBe(id);
	expect(new Set([id, await prepare(other), await prepare(executable)]).size).toBe(3);
});

test("Debian's network programs are where containerd looks for them, unless the root has others there", async () => {
	const root = smallRoot({ "usr/lib/cni/bridge": "program" });
	await prepare(root);
	expect(readlinkSync(join(root, "opt/cni/bin"))).toBe("/usr/lib/cni");
	const other = smallRoot({ "usr/lib/cni/bridge": "program", "opt/cni/bin/calico": "program" });
	await prepare(other);
	expect(lstatSync(join(other, "opt/cni/bin")).isDirectory()).toBe(true);
	const none = smallRoot();
	await prepare(none);
	expect(existsSync(join(none, "opt/cni"))).toBe(false);
});

test("a containerd configuration that somebody wrote stays; one as a package brings it does not", async () => {
	const text = "version = 2\n";
	const md5 = createHash("md5").update(text).digest("hex");
	const status = `Package: containerd\nConffiles:\n /etc/containerd/config.toml ${md5}\n`;
	const packaged = smallRoot({ "etc/containerd/config.toml": text, "var/lib/dpkg/status": status });
	expect(ownConfiguration(packaged)).toEqual([]);
	await prepare(packaged);
	expect(readFileSync(join(packaged, "etc/containerd/config.toml"), "utf8")).toContain(
		"SystemdCgroup = true",
	);

	const own = smallRoot({ "etc/containerd/config.toml": `${text}# ours\n`, "var/lib/dpkg/status": status });
	await prepare(own);
	expect(readFileSync(join(own, "etc/containerd/config.toml"), "utf8")).toBe(`${text}# ours\n`);
});

test("links of the root are followed inside it, for folders, and replaced by files", () => {
	const outside = writeTree(temporaryFolder(), { precious: "precious" });
	const root = writeTree(temporaryFolder(), {
		"usr/lib/x": "x",
		lib: "-> usr/lib",
		etc: `-> ${outside}`,
		"usr/precious": `-> ${outside}/precious`,
	});
	const before = snapshot(outside);
	const layer = writeTree(temporaryFolder(), {
		"lib/y": "y",
		"etc/precious": "ours",
		"usr/precious": "ours",
	});
	layOver(root, layer);
	expect(snapshot(outside)).toEqual(before);
	expect(readFileSync(join(root, "usr/lib/y"), "utf8")).toBe("y");
	expect(readFileSync(join(root, "usr/precious"), "utf8")).toBe("ours");
	// Where the link leads inside the root.
	expect(readFileSync(join(root, outside, "precious"), "utf8")).toBe("ours");
});

test("a folder in the place of a file, and the other way round, is refused by name", () => {
	for (const [there, ours] of [
		["etc/x/y", "etc/x"],
		["etc/x", "etc/x/y"],
	] as const) {
		const root = writeTree(temporaryFolder(), { [there]: "theirs" });
		const layer = writeTree(temporaryFolder(), { [ours]: "ours" });
		expect(() => layOver(root, layer)).toThrow(
			expect.objectContaining({ code: "image.root-in-the-way", message: expect.stringContaining("/etc/x") }),
		);
	}
});

test("cleaning follows no link out of the root", () => {
	const outside = writeTree(temporaryFolder(), {
		"ssh/ssh_host_rsa_key": "this machine's",
		"machine-id": "this machine's",
		shadow: "root:secret:19000:0:::::\n",
	});
	const root = writeTree(temporaryFolder(), {
		etc: `-> ${outside}`,
		"var/log": `-> ${outside}`,
		dev: `-> ${outside}`,
		tmp: `-> ${outside}`,
	});
	const before = snapshot(outside);
	cleanRoot(root, ["/etc/*"], 1_700_000_000);
	expect(snapshot(outside)).toEqual(before);
	expect(lstatSync(join(root, "dev")).isDirectory()).toBe(true);
	expect(statSync(join(root, "tmp")).mode & 0o7777).toBe(0o1777);
});

test("cleaning takes out secrets and dates, and what is excluded besides", () => {
	const root = writeTree(temporaryFolder(), {
		"etc/ssh/ssh_host_ed25519_key": "secret",
		"etc/ssh/sshd_config": "stays",
		"etc/shadow": "root:*:19000:0:99999:7:::\ndaemon:!:1:0:99999:7:::\n",
		"etc/machine-id": "0123",
		"var/log/deep/log": "log",
		"var/log/.hidden": "log",
		"opt/a/src": "x",
		"opt/b/src": "x",
		"opt/b/bin": "stays",
	});
	mkdirSync(join(root, "usr"));
	chmodSync(root, 0o700);
	cleanRoot(root, ["/opt/*/src"], 1_700_000_000);
	const files = snapshot(root).map((line) => line.split(" ")[0]);
	expect(files.filter((path) => /ssh_host|\/log\/|src|machine-id|bin|sshd_config/.test(path ?? ""))).toEqual([
		"/etc/machine-id",
		"/etc/ssh/sshd_config",
		"/opt/b/bin",
	]);
	expect(readdirSync(join(root, "var/log"))).toEqual([]);
	expect(readFileSync(join(root, "etc/machine-id"), "utf8")).toBe("");
	expect(readFileSync(join(root, "etc/shadow"), "utf8")).toBe(
		"root:*:19675:0:99999:7:::\ndaemon:!:19675:0:99999:7:::\n",
	);
	expect(statSync(root).mode & 0o777).toBe(0o755);
});
