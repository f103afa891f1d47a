import { linkSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { blob, ociLayout, tarOf, writeTree } from "../support/archives.ts";
import { open, system, treeOf } from "../support/opened-source.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("a folder", () => {
	test("is copied with owners, modes, dates, hard links and file capabilities", async () => {
		const folder = writeTree(temporaryFolder(), system);
		const tool = join(folder, "usr/bin/tool");
		linkSync(tool, join(folder, "usr/bin/other"));
		await execa("sh", [
			"-c",
			'chown 7:8 "$1"; chmod 6751 "$1"; setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$1"; touch -d @1700000000 "$1"',
			"sh",
			tool,
		]).catch(() =>
			execa("sh", ["-c", 'chown 7:8 "$1"; chmod 6751 "$1"; touch -d @1700000000 "$1"', "sh", tool]),
		);
		const root = await open(folder);
		expect(treeOf(root)).toEqual({ ...system, "usr/bin/other": "tool" });
		const status = statSync(join(root, "usr/bin/tool"));
		expect([status.uid, status.gid, status.mode & 0o7777, status.mtimeMs, status.nlink]).toEqual([
			7, 8, 0o6751, 1_700_000_000_000, 2,
		]);
	});

	test("without what is of a running system, and without the build's own folders", async () => {
		const folder = writeTree(temporaryFolder(), {
			...system,
			"proc/1/environ": "secret",
			"dev/shm/x": "x",
			"run/lock/x": "x",
			"tmp/x": "x",
			"srv/net*herd/.build/x": "x",
			"srv/netXherd/x": "stays",
			"opt/dev/x": "stays",
		});
		const root = await open(folder, { without: [join(folder, "srv/net*herd")] });
		expect(treeOf(root)).toEqual({ ...system, "opt/dev/x": "stays", "srv/netXherd/x": "stays" });
		for (const path of ["proc", "dev", "run", "tmp"]) expect(readdirSync(join(root, path))).toEqual([]);
	});
});

describe("a tar archive", () => {
	test.each([
		["plain", []],
		["gzip", ["--gzip"]],
		["zstd", ["--zstd"]],
		["xz", ["--xz"]],
	])("%s", async (_, options) => {
		expect(treeOf(await open(await tarOf(system, { options })))).toEqual(system);
	});

	test("that was cut off is refused", async () => {
		const file = await tarOf({ ...system, "usr/lib/large": "x".repeat(100_000) });
		truncateSync(file, 50_000);
		await expect(open(file)).rejects.toMatchObject({
			code: "image.source-unreadable",
			message: expect.stringContaining("Unexpected EOF"),
		});
	});

	test("that is none is refused", async () => {
		const file = join(temporaryFolder(), "root.tar");
		writeFileSync(file, "no archive ".repeat(1000));
		await expect(open(file)).rejects.toMatchObject({ code: "image.source-unreadable" });
	});
});

describe("a container image", () => {
	test("its layers come one over the other; what a layer removes is gone, what it empties has only its own", async () => {
		const lower = await tarOf({
			...system,
			"opt/gone/x": "x",
			"opt/kept/x": "x",
			"opt/emptied/old": "old",
			"opt/emptied/deep/old": "old",
			"opt/becomes-folder": "file",
			"opt/becomes-file/x": "x",
			"opt/file-gone": "x",
		});
		const upper = await tarOf(
			{
				"opt/.wh.gone": "",
				"opt/.wh.file-gone": "",
				"opt/emptied/.wh..wh..opq": "",
				"opt/emptied/new": "new",
				"opt/becomes-folder/x": "x",
				"opt/becomes-file": "file",
				"usr/bin/tool": "newer tool",
			},
			{ options: ["--gzip"] },
		);
		expect(treeOf(await open(ociLayout([{ layers: [lower, upper] }])))).toEqual({
			bin: "-> usr/bin",
			"etc/hostname": "node",
			"opt/becomes-file": "file",
			"opt/becomes-folder/x": "x",
			"opt/emptied/new": "new",
			"opt/kept/x": "x",
			"usr/bin/tool": "newer tool",
		});
	});

	test("a whiteout takes away what is below it only, wherever it is in its layer", async () => {
		const lower = await tarOf({ "a/x": "old" });
		const upper = await tarOf({ "a/x": "new", "a/.wh.x": "", "b/.wh.x": "" });
		expect(treeOf(await open(ociLayout([{ layers: [lower, upper] }])))).toEqual({ "a/x": "new" });
	});

	test("a folder on the way to a file follows a link below; one that the layer names replaces it", async () => {
		const lower = await tarOf({
			"usr/lib/x": "x",
			lib: "-> usr/lib",
			"opt/real/x": "x",
			"opt/link": "-> real",
		});
		const upper = await tarOf(
			{ "lib/modules/m": "m", "opt/link/y": "y" },
			{ names: ["lib/modules/m", "opt/link", "opt/link/y"] },
		);
		expect(treeOf(await open(ociLayout([{ layers: [lower, upper] }])))).toEqual({
			lib: "-> usr/lib",
			"opt/link/y": "y",
			"opt/real/x": "x",
			"usr/lib/modules/m": "m",
			"usr/lib/x": "x",
		});
	});

	test("folders have the mode and owner of the last layer that names them", async () => {
		const lower = await tarOf({ "home/x": "x" }, { options: ["--mode=0755"], names: ["home", "home/x"] });
		const upper = await tarOf({ "home/y": "y" }, { options: ["--mode=0700", "--owner=5"], names: ["home"] });
		const last = await tarOf({ "home/z": "z" }, { options: ["--mode=0777", "--owner=6"] });
		const root = await open(ociLayout([{ layers: [lower, upper, last] }]));
		const { mode, uid } = statSync(join(root, "home"));
		expect([mode & 0o777, uid, readdirSync(join(root, "home")).sort()]).toEqual([0o700, 5, ["x", "z"]]);
	});

	test("as an archive of a layout, and as docker save writes it, with links between layers", async () => {
		const [lower, upper] = [await tarOf({ "etc/a": "1", "etc/b": "1" }), await tarOf({ "etc/.wh.a": "" })];
		const layout = ociLayout([{ layers: [lower, upper] }]);
		const archive = join(temporaryFolder(), "image.tar");
		await execa("tar", ["--create", `--file=${archive}`, `--directory=${layout}`, "."]);
		expect(treeOf(await open(archive))).toEqual({ "etc/b": "1" });

		const saved = writeTree(temporaryFolder(), {
			"manifest.json": JSON.stringify([
				{ Config: "c.json", RepoTags: ["node:1"], Layers: ["1/layer.tar", "2/layer.tar", "3/layer.tar"] },
			]),
			"c.json": JSON.stringify({ architecture: "amd64" }),
			"1/layer.tar": readFileSync(lower, "latin1"),
			"2/layer.tar": readFileSync(upper, "latin1"),
			"3/layer.tar": "-> ../2/layer.tar",
		});
		const file = join(temporaryFolder(), "saved.tar");
		await execa("tar", ["--create", `--file=${file}`, `--directory=${saved}`, ...readdirSync(saved)]);
		expect(treeOf(await open(file))).toEqual({ "etc/b": "1" });
		expect(treeOf(await open(file, { tag: "node:1" }))).toEqual({ "etc/b": "1" });
	});

	test("of several, the one that is named; of several architectures, amd64", async () => {
		const layer = async (content: string) => [await tarOf({ "etc/which": content })];
		const layout = ociLayout([
			{ layers: await layer("one"), name: "one" },
			{ layers: await layer("two"), name: "two" },
		]);
		expect(treeOf(await open(layout, { tag: "two" }))).toEqual({ "etc/which": "two" });
		await expect(open(layout)).rejects.toMatchObject({
			code: "image.source-several-images",
			hint: expect.stringContaining("one, two"),
		});
		await expect(open(layout, { tag: "three" })).rejects.toMatchObject({ code: "image.source-no-image" });

		const both = ociLayout([{ layers: await layer("amd64") }, { layers: await layer("arm64") }]);
		const index = JSON.parse(readFileSync(join(both, "index.json"), "utf8"));
		index.manifests[0].platform = { os: "linux", architecture: "amd64" };
		index.manifests[1].platform = { os: "linux", architecture: "arm64" };
		const inner = blob(both, JSON.stringify(index));
		writeFileSync(join(both, "index.json"), JSON.stringify({ manifests: [inner] }));
		expect(treeOf(await open(both))).toEqual({ "etc/which": "amd64" });
	});

	test("for another architecture is refused", async () => {
		const layout = ociLayout([{ layers: [await tarOf(system)], architecture: "arm64" }]);
		await expect(open(layout)).rejects.toMatchObject({
			code: "image.wrong-architecture",
			message: expect.stringContaining("arm64"),
		});
	});

	test("with a layer that is not what its digest says, or that is missing, is refused", async () => {
		const layer = await tarOf(system);
		const layout = ociLayout([{ layers: [layer] }]);
		const hex = (await execa("sha256sum", [layer])).stdout.slice(0, 64);
		const other = readFileSync(await tarOf({ ...system, "etc/more": "x" }));
		writeFileSync(join(layout, "blobs/sha256", hex), other);
		await expect(open(layout)).rejects.toMatchObject({
			code: "image.source-damaged",
			message: expect.stringContaining("SHA-256"),
		});
		await execa("rm", [join(layout, "blobs/sha256", hex)]);
		await expect(open(layout)).rejects.toMatchObject({
			code: "image.source-damaged",
			message: expect.stringContaining("is missing"),
		});
	});
});
