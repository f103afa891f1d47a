import {
	existsSync,
	globSync,
	linkSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { openSource } from "../../../image/source/open-source.ts";
import { blob, ociLayout, type Tree, tarOf, writeTree } from "../support/archives.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function open(path: string, options: { tag?: string; without?: string[] } = {}): Promise<string> {
	const root = join(temporaryFolder(), "root");
	const { tag, without = [] } = options;
	await openSource({ path, exclude: [], ...(tag === undefined ? {} : { tag }) }, root, without, () => {});
	return root;
}

/** The tree of a folder, as `writeTree` takes it, without folders. */
function treeOf(folder: string): Tree {
	const files = globSync("**/*", { cwd: folder, withFileTypes: true }).filter(
		(entry) => !entry.isDirectory(),
	);
	return Object.fromEntries(
		files
			.map((entry) => {
				const path = join(entry.parentPath, entry.name);
				const content = entry.isSymbolicLink() ? `-> ${readlinkSync(path)}` : readFileSync(path, "utf8");
				return [path.slice(folder.length + 1), content] as const;
			})
			.sort(([a], [b]) => (a < b ? -1 : 1)),
	);
}

const system: Tree = { bin: "-> usr/bin", "etc/hostname": "node", "usr/bin/tool": "tool" };

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

describe("hostile archives write nothing outside of the root", () => {
	/** A folder beside the root, which must stay as it is. */
	async function openBesideOutside(makeArchive: (outside: string) => Promise<string>) {
		const folder = temporaryFolder();
		const outside = join(folder, "outside");
		mkdirSync(outside);
		writeFileSync(join(outside, "precious"), "precious");
		const archive = await makeArchive(outside);
		const root = join(folder, "work/root");
		mkdirSync(join(folder, "work"));
		const outcome = await openSource({ path: archive, exclude: [] }, root, [], () => {}).then(
			() => "unpacked",
			(error: { code: string }) => error.code,
		);
		expect(treeOf(outside)).toEqual({ precious: "precious" });
		expect(statSync(join(outside, "precious")).nlink).toBe(1);
		expect(readdirSync(folder).sort()).toEqual(["outside", "work"]);
		return { root, outcome };
	}

	test.each([
		["..", () => "../../outside/precious", "image.source-unreadable"],
		// tar takes the slash away: the file is somewhere in the root.
		["an absolute name", (outside: string) => `${outside}/precious`, "unpacked"],
	])("%s", async (_, name, expected) => {
		const { outcome } = await openBesideOutside(
			async (outside) => await tarOf({ x: "x" }, { options: [`--transform=s,^x,${name(outside)},`] }),
		);
		expect(outcome).toBe(expected);
	});

	test.each([
		["absolute", (outside: string) => `-> ${outside}`],
		["relative", () => "-> ../../outside"],
	])("a file behind an %s link of the same archive", async (_, link) => {
		const { outcome } = await openBesideOutside(async (outside) => {
			const file = join(temporaryFolder(), "hostile.tar");
			const [first, second] = [
				writeTree(temporaryFolder(), { way: link(outside) }),
				writeTree(temporaryFolder(), { "way/precious": "stolen", "way/new": "new" }),
			];
			await execa("tar", ["--create", `--file=${file}`, `--directory=${first}`, "way"]);
			await execa("tar", ["--append", `--file=${file}`, `--directory=${second}`, "way/precious", "way/new"]);
			return file;
		});
		expect(outcome).toBe("image.source-unreadable");
	});

	test("a file behind a link of a layer below, and a whiteout behind it", async () => {
		const { root, outcome } = await openBesideOutside(async (outside) => {
			const lower = await tarOf({ way: `-> ${outside}`, up: "-> ../../outside" });
			const upper = await tarOf({
				"way/new": "new",
				"way/.wh.precious": "",
				"way/deep/.wh..wh..opq": "",
				"up/precious": "stolen",
				"up/.wh..wh..opq": "",
			});
			return ociLayout([{ layers: [lower, upper] }]);
		});
		expect(outcome).toBe("unpacked");
		// They are where the links lead inside the root.
		expect(readFileSync(join(root, "outside/precious"), "utf8")).toBe("stolen");
	});

	test("a hard link to a file outside", async () => {
		const { root } = await openBesideOutside(async (outside) => {
			const folder = writeTree(temporaryFolder(), { a: "a" });
			linkSync(join(folder, "a"), join(folder, "b"));
			const file = join(temporaryFolder(), "hostile.tar");
			const names = ["--absolute-names", `--transform=s,^a$,${outside}/precious,hRS`];
			await execa("tar", ["--create", `--file=${file}`, `--directory=${folder}`, ...names, "a", "b"]);
			return file;
		});
		expect(existsSync(join(root, "b")) ? lstatSync(join(root, "b")).nlink : 1).toBeLessThanOrEqual(2);
	});

	test("whiteouts named . and .. remove nothing", async () => {
		const lower = await tarOf({ "a/b/x": "x", "a/y": "y" });
		const upper = await tarOf({ "a/b/.wh..": "", "a/b/.wh...": "" });
		expect(treeOf(await open(ociLayout([{ layers: [lower, upper] }])))).toEqual({ "a/b/x": "x", "a/y": "y" });
	});

	test("a layout whose files are links to outside of it is refused", async () => {
		const secret = join(temporaryFolder(), "secret");
		writeFileSync(secret, "{}");
		const layout = writeTree(temporaryFolder(), { "oci-layout": "{}", "index.json": `-> ${secret}` });
		await expect(open(layout)).rejects.toMatchObject({ code: "image.source-damaged" });
	});
});
