import { mkdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { writeBootTree, writeVersion } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const program = join(import.meta.dirname, "../../server/main.ts");

async function companion(...args: readonly string[]) {
	const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], { reject: false });
	return { exitCode, stdout, stderr };
}

async function farm() {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	for (const version of ["2", "3", "4"]) await writeVersion(folder, { name: "node", version });
	rmSync(join(folder, "images/node/4/vmlinuz"));
	for (const version of ["1", "2"])
		writeFileSync(join(folder, "images/node", version, "image.json.sig"), "signed\n");
	const config = join(folder, "../companion.ini");
	writeFileSync(
		config,
		`[network]
interface = lan
[dhcp]
mode = off
[hosts]
52:54:00:00:00:01, 52:54:00:00:00:11 = 10.0.0.11, node1
[groups]
canary = node*
[pins]
canary = node
node1 = node/1
`,
	);
	return { folder, config, current: () => readlinkSync(join(folder, "images/node/current")) };
}

test("releases: from list over promote and rollback to prune", async () => {
	const { folder, config, current } = await farm();
	expect(await companion("releases", "promote", folder, "node/2", "--verify")).toEqual({
		exitCode: 0,
		stdout: "node: current is 2, it was 1, all hashes compared",
		stderr: "",
	});
	expect((await companion("releases", "promote", folder, "node/3")).stdout).toBe(
		"node: current is 3, it was 2; it is not signed: nodes refuse it, see image sign",
	);
	const list = await companion("releases", "list", folder, "--config", config);
	expect(list.stdout.replaceAll(folder, "DIR")).toMatchInlineSnapshot(`
		"version  built                 size     is
		node/3   2026-01-01T00:00:00Z  0.3 MiB  current; not signed
		node/2   2026-01-01T00:00:00Z  0.3 MiB  previous
		node/1   2026-01-01T00:00:00Z  0.3 MiB  pinned by node1
		node/4   -                     0.3 MiB  not whole: cannot read DIR/images/node/4/vmlinuz"
	`);
	const json = await companion("releases", "list", folder, "--format", "json");
	expect(JSON.parse(json.stdout)).toMatchObject({
		ok: true,
		folder,
		images: [
			{
				name: "node",
				current: "3",
				previous: "2",
				versions: [
					{
						version: "3",
						builtAt: "2026-01-01T00:00:00Z",
						kernel: "6.12.0",
						pinnedBy: [],
						inUse: false,
						problem: null,
					},
					{ version: "2" },
					{ version: "1" },
					{ version: "4", builtAt: null, problem: expect.stringContaining("vmlinuz") },
				],
			},
		],
	});
	expect((await companion("releases", "rollback", folder)).stdout).toBe("node: current is 2, it was 3");
	expect((await companion("releases", "promote", folder, "node/2")).stdout).toBe(
		"node: 2 is current already",
	);
	expect(current()).toBe("2");

	const trial = await companion("releases", "prune", folder, "--keep", "1", "--config", config, "--dry-run");
	expect(trial).toMatchObject({ exitCode: 0, stderr: "" });
	expect(trial.stdout).toMatch(/^keeps node\/3: among the newest 1$/m);
	expect(trial.stdout).toMatch(/^keeps node\/1: previous; pinned by node1$/m);
	await writeVersion(folder, { name: "node", version: "0" });
	const pruned = await companion("releases", "prune", folder, "node", "--keep", "1", "--config", config);
	expect(pruned.stdout).toMatch(/^removed node\/0: 0\.3 MiB$/m);
	expect(pruned.stdout).toMatch(/^freed 0\.3 MiB$/m);
	const again = await companion(
		"releases",
		"prune",
		folder,
		"--keep",
		"1",
		"--config",
		config,
		"--format",
		"json",
	);
	expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, isTrial: false, removed: [], failed: [] });
});

test.each([
	[["releases", "frobnicate"], "unknown command releases frobnicate"],
	[["releases", "list"], "the boot tree's folder is missing"],
	[["releases", "list", "a", "b"], "too many words: b"],
	[["releases", "list", "a", "--verify"], "releases list has no option --verify"],
	[["releases", "promote", "a"], "NAME/VERSION is missing"],
	[["releases", "promote", "a", "node"], "node is not NAME/VERSION"],
	[["releases", "promote", "a", "a/b/c"], "a/b/c is not NAME/VERSION"],
	[["releases", "prune", "a", "--config", "c"], "--keep N is missing"],
	[["releases", "prune", "a", "--config", "c", "--keep", "0"], "--keep 0: give a whole number from 1 on"],
	[["releases", "prune", "a", "--config", "c", "--keep", "-1"], "--keep"],
	[["releases", "prune", "a", "--keep", "1"], "--config FILE is missing"],
	[["explain", "a", "--config", "c"], "the node is missing"],
	[["explain", "a", "b", "c", "--config", "c"], "one node only, not also c"],
])("companion %j is refused", async (args, message) => {
	const { exitCode, stderr, stdout } = await companion(...args);
	expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
	expect(stderr).toContain(message);
	expect(stderr).toContain("[server.usage]");
});

test("prune refuses a pin that names nothing, before it removes anything", async () => {
	const { folder, config } = await farm();
	rmSync(join(folder, "images/node/1"), { recursive: true });
	await companion("releases", "promote", folder, "node/3");
	const { exitCode, stderr } = await companion(
		"releases",
		"prune",
		folder,
		"--keep",
		"1",
		"--config",
		config,
	);
	expect(exitCode).toBe(2);
	expect(stderr).toContain("[server.pin-wrong]");
});

test("what is refused is JSON for programs", async () => {
	const { folder, current } = await farm();
	const { exitCode, stdout } = await companion("releases", "promote", folder, "node/4", "--format", "json");
	expect(exitCode).toBe(2);
	expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "release.incomplete" } });
	expect(current()).toBe("1");
});

test.each(["explain", "releases"])("help of %s", async (command) => {
	const { exitCode, stdout } = await companion(command, "--help");
	expect(exitCode).toBe(0);
	expect(stdout).toContain(`companion ${command}`);
	expect(stdout).toContain("Exit codes:");
	expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
});

test("explain says what a node boots, and why", async () => {
	const { folder, config } = await farm();
	const explain = async (...words: readonly string[]) =>
		companion("explain", folder, ...words, "--config", config);
	expect(await explain("Node1")).toEqual({
		exitCode: 0,
		stdout: "node1 (52:54:00:00:00:01) boots node/1: [pins] node1 = node/1, before [pins] canary = node",
		stderr: "",
	});
	expect((await explain("52-54-00-00-00-99")).stdout).toBe(
		"52:54:00:00:00:99 boots node/1: no pin, the default image",
	);
	expect(JSON.parse((await explain("52:54:00:00:00:11", "--format", "json")).stdout)).toEqual({
		ok: true,
		mac: "52:54:00:00:00:11",
		hostname: "node1",
		image: "node",
		version: "1",
		kernel: "6.12.0",
		pin: "[pins] node1 = node/1",
		overruled: ["[pins] canary = node"],
		kernelParameters: null,
	});
	writeFileSync(join(folder, "lts.conf"), '[node1]\nKERNEL_PARAMETERS = "nosmt quiet"\n');
	expect((await explain("52:54:00:00:00:11")).stdout).toMatch(
		/\nwith the kernel parameters nosmt quiet \(lts\.conf:2 \[node1\]\)$/,
	);
	writeFileSync(join(folder, "lts.conf"), '[node1]\nKERNEL_PARAMETERS = "ip=dhcp"\n');
	expect(await explain("node1")).toMatchObject({
		exitCode: 0,
		stdout: expect.stringMatching(
			/ boots node\/1: .*\nnode1 boots without KERNEL_PARAMETERS: lts\.conf:2:22: .*ip is netherd's own/,
		),
	});
	const unknown = await explain("node2");
	expect(unknown.exitCode).toBe(2);
	expect(unknown.stderr).toContain("names are: node1");
});

describe("a full disk", () => {
	/** In a mount namespace of its own: a tmpfs that has no room left, with the boot tree on it. */
	async function onFullDisk(folder: string, ...words: readonly string[]) {
		const script = `
mount -t tmpfs -o size=4m none /mnt && cp -a "$1" /mnt/tree && (cat /dev/zero >/mnt/full 2>/dev/null || true)
shift; node=$1 program=$2; shift 2
"$node" "$program" "$@"; code=$?
readlink /mnt/tree/images/node/current; ls -A /mnt/tree/images/node | tr '\\n' ' '
exit $code`;
		const args = ["--mount", "sh", "-c", script, "sh", folder, process.execPath, program, ...words];
		const { exitCode, stdout, stderr } = await execa("unshare", args, { reject: false });
		return { exitCode, stdout, stderr };
	}

	test("promote changes nothing, and says so", async () => {
		const { folder } = await farm();
		const { exitCode, stdout, stderr } = await onFullDisk(
			folder,
			"releases",
			"promote",
			"/mnt/tree",
			"node/2",
		);
		expect(exitCode).toBe(2);
		expect(stderr).toContain("[release.disk-full]");
		expect(stdout).toBe("1\n1 2 3 4 current ");
	});

	test("rollback works all the same", async () => {
		const { folder } = await farm();
		await companion("releases", "promote", folder, "node/2");
		const { exitCode, stdout, stderr } = await onFullDisk(folder, "releases", "rollback", "/mnt/tree");
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
		expect(stdout).toBe("node: current is 1, it was 2\n1\n1 2 3 4 current history ");
	});
});
