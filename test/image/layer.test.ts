import { chmodSync, globSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { initramfsPrograms } from "../../agent/paths.ts";
import { writeLayer } from "../../image/layer.ts";
import { type Recipe, readRecipe } from "../../image/recipe.ts";
import { newKey } from "../trust/support/keys.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const trustedKeys = [newKey().key.publicKey, newKey().key.publicKey];

function layerOf(recipe: Recipe): string {
	const folder = temporaryFolder();
	const agent = join(folder, "agent");
	writeFileSync(agent, "the agent");
	chmodSync(agent, 0o755);
	const licences = join(folder, "licences.txt");
	writeFileSync(licences, "the licences");
	writeLayer(recipe, { path: agent, licences }, trustedKeys, join(folder, "layer"));
	return join(folder, "layer");
}

const filesOf = (layer: string) =>
	globSync("**/*", { cwd: layer, withFileTypes: false }).filter((file) =>
		/stand-in|kubeadm|test-shell/.test(file),
	);

test("nothing for tests is in an image for real machines", () => {
	expect(filesOf(layerOf(readRecipe("metal")))).toEqual([]);
	expect(filesOf(layerOf(readRecipe("test"))).sort()).toEqual([
		"usr/bin/kubeadm",
		"usr/lib/netherd/netherd-test-shell",
		"usr/lib/systemd/system/netherd-test-shell.service",
		"usr/lib/udev/rules.d/70-netherd-test-shell.rules",
	]);
});

test("the agent, its link, and the list of programs that the hook reads", () => {
	const layer = layerOf(readRecipe("metal"));
	expect(readFileSync(join(layer, "usr/lib/netherd/agent"), "utf8")).toBe("the agent");
	expect(readlinkSync(join(layer, "usr/sbin/netherd-agent"))).toBe("/usr/lib/netherd/agent");
	const list = readFileSync(join(layer, "usr/share/netherd/initramfs-programs"), "utf8");
	expect(list).toBe(`${Object.values(initramfsPrograms).sort().join("\n")}\n`);
});

test("for people on the node: licences, manual page, completions", () => {
	const layer = layerOf(readRecipe("metal"));
	expect(readFileSync(join(layer, "usr/share/doc/netherd/licences.txt"), "utf8")).toBe("the licences");
	for (const path of [
		"usr/share/man/man8/netherd-agent.8",
		"usr/share/bash-completion/completions/netherd-agent",
		"usr/share/zsh/vendor-completions/_netherd-agent",
		"usr/share/fish/vendor_completions.d/netherd-agent.fish",
	]) {
		expect(readFileSync(join(layer, path), "utf8"), path).toMatch(/netherd(\\)?-agent/);
	}
});

test("the initramfs is compressed as the recipe says", () => {
	const layer = layerOf({ ...readRecipe("metal"), initramfsLevel: 7 });
	expect(readFileSync(join(layer, "etc/initramfs-tools/conf.d/netherd"), "utf8")).toContain(
		"COMPRESSLEVEL=7\n",
	);
});

test("units of the recipe and of every diskless node are masked", () => {
	const layer = layerOf({ ...readRecipe("metal"), mask: ["fwupd.service"] });
	for (const unit of ["fwupd.service", "apt-daily.timer"]) {
		expect(readlinkSync(join(layer, "etc/systemd/system", unit))).toBe("/dev/null");
	}
});

test("programs are executable and nothing is writable by others, whatever the umask of the clone", () => {
	const layer = layerOf(readRecipe("test"));
	const modes = new Map(
		[
			"usr/lib/netherd/agent",
			"usr/bin/kubeadm",
			"usr/sbin/init-ltsp",
			"etc/containerd/config.toml",
			"usr",
		].map((path) => [path, (statSync(join(layer, path)).mode & 0o7777).toString(8)]),
	);
	expect(Object.fromEntries(modes)).toEqual({
		"usr/lib/netherd/agent": "755",
		"usr/bin/kubeadm": "755",
		"usr/sbin/init-ltsp": "755",
		"etc/containerd/config.toml": "644",
		usr: "755",
	});
});

test("a node without a name server has a resolv.conf: the kubelet starts no pod without that file", () => {
	const lines = readFileSync(join(layerOf(readRecipe("metal")), "etc/resolv.conf"), "utf8")
		.trimEnd()
		.split("\n");
	expect(lines.filter((line) => !line.startsWith("#"))).toEqual([]);
});

test("of several folders the last one wins", () => {
	const [first, second] = [temporaryFolder(), temporaryFolder()];
	for (const [folder, name] of [
		[first, "only-first"],
		[first, "both"],
		[second, "both"],
	] as const) {
		writeFileSync(join(folder, name), folder);
	}
	const layer = layerOf({ ...readRecipe("metal"), files: [first, second] });
	expect(readFileSync(join(layer, "only-first"), "utf8")).toBe(first);
	expect(readFileSync(join(layer, "both"), "utf8")).toBe(second);
});

test("a recipe's own files come last and keep their modes", () => {
	const files = temporaryFolder();
	mkdirSync(join(files, "etc/containerd"), { recursive: true });
	writeFileSync(join(files, "etc/containerd/config.toml"), "ours", { mode: 0o600 });
	const layer = layerOf({ ...readRecipe("metal"), files: [files] });
	const path = join(layer, "etc/containerd/config.toml");
	expect(readFileSync(path, "utf8")).toBe("ours");
	expect((statSync(path).mode & 0o777).toString(8)).toBe("600");
});

test("every trusted key under its id, whatever the recipe's files say", () => {
	const files = temporaryFolder();
	mkdirSync(join(files, "etc/netherd/trusted-keys"), { recursive: true });
	writeFileSync(join(files, `etc/netherd/trusted-keys/${trustedKeys[0]?.id}.pem`), "another");
	const layer = layerOf({ ...readRecipe("metal"), files: [files] });
	for (const { id, pem } of trustedKeys) {
		expect(readFileSync(join(layer, `etc/netherd/trusted-keys/${id}.pem`), "utf8")).toBe(pem);
	}
	expect(statSync(join(layer, "etc/netherd/trusted-keys")).mode & 0o777).toBe(0o755);
});
