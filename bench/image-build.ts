import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describeImageFile } from "../agent/download/manifest.ts";
import { buildBaseRoot } from "../image/base-root.ts";
import { buildImage, type PublishedImage } from "../image/build.ts";
import { buildExecutable } from "../image/executable.ts";
import { readRecipe } from "../image/recipe.ts";
import { cacheFolder, testSigningKeyFile } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { undoAtTheEnd } from "./leftovers.ts";
import { heading, type Row } from "./table.ts";

/** zstd's levels, from quick to small; 22 takes minutes and gains nothing over 19 in blocks of 128 KiB. */
const levels = [1, 3, 9, 15, 19];

/** What else squashfs can be packed with, for comparison: mksquashfs' options. */
const peers: readonly (readonly [name: string, options: readonly string[]])[] = [
	["lz4hc", ["-comp", "lz4", "-Xhc"]],
	["gzip (mksquashfs' default)", ["-comp", "gzip"]],
	["xz", ["-comp", "xz"]],
];

const mebibyte = 1024 * 1024;

/**
 * How long it takes to make an image of a root, and how large it is, by compression; and what of a release a node, or a
 * mirror, has already that has the one before it.
 */
export async function benchImageBuild(): Promise<readonly Row[]> {
	await ensureDebianPackages(["squashfs-tools"], "pack images");
	mkdirSync(cacheFolder, { recursive: true });
	const folder = mkdtempSync(join(cacheFolder, "bench-image-build-"));
	const remove = undoAtTheEnd(() => rmSync(folder, { recursive: true, force: true }));
	try {
		const root = join(folder, "root");
		const { squashfs } = await buildBaseRoot(readRecipe("test"), () => {});
		await buildExecutable("agent");
		await execa("unsquashfs", ["-quiet", "-no-progress", "-dest", root, squashfs]);
		return [
			...(await wholeBuilds(root, folder)),
			...(await packing(root, folder)),
			...(await sharedBytes(root, folder)),
		];
	} finally {
		remove();
	}
}

/** From a folder to a release, with everything that `image build` does. */
async function wholeBuilds(root: string, folder: string): Promise<Row[]> {
	const rows = [heading("image build FOLDER, to the release")];
	for (const [what, level, initramfsLevel] of [
		["--fast", 1, 3],
		["as the recipe metal", 15, 9],
	] as const) {
		const { seconds, result } = await timed(() => build(root, join(folder, "tree"), level, initramfsLevel));
		const { initramfs, image } = result.manifest;
		rows.push({
			what: `  ${what}: zstd ${level}, initramfs ${initramfsLevel}`,
			measured: `${seconds.toFixed(1)} s, image ${mib(image?.sizeBytes ?? 0)}, initramfs ${mib(initramfs.sizeBytes)}`,
		});
	}
	return rows;
}

/** mksquashfs alone. */
async function packing(root: string, folder: string): Promise<Row[]> {
	const { stdout } = await execa("du", ["--bytes", "--summarize", root]);
	const rows = [heading(`mksquashfs of a root of ${mib(Number.parseInt(stdout, 10))}, blocks of 128 KiB`)];
	const ways = [
		...levels.map(
			(level) => [`zstd ${level}`, ["-comp", "zstd", "-Xcompression-level", `${level}`]] as const,
		),
		...peers,
	];
	for (const [name, options] of ways) {
		const file = join(folder, "packed.squashfs");
		const { seconds } = await timed(() =>
			execa("mksquashfs", [root, file, ...options, "-b", "131072", "-noappend", "-no-progress", "-quiet"]),
		);
		rows.push({ what: `  ${name}`, measured: `${seconds.toFixed(1)} s, ${mib(statSync(file).size)}` });
	}
	return rows;
}

/** Two releases that differ by one small package: its files, and its entry in dpkg's list. */
async function sharedBytes(root: string, folder: string): Promise<Row[]> {
	const before = await build(root, join(folder, "tree"), 3, 3);
	const documents = join(root, "usr/share/doc/netherd-bench-package");
	mkdirSync(documents, { recursive: true });
	writeFileSync(join(documents, "copyright"), "nobody's\n");
	writeFileSync(join(root, "usr/bin/netherd-bench-package"), `#!/bin/sh\n# ${"x".repeat(50_000)}\n`, {
		mode: 0o755,
	});
	const status = join(root, "var/lib/dpkg/status");
	writeFileSync(status, "\nPackage: netherd-bench-package\nStatus: install ok installed\nVersion: 1\n", {
		flag: "a",
	});
	const after = await build(root, join(folder, "tree"), 3, 3);

	const rows = [heading("bytes of a release that the one before has too: one package of 50 KB more, zstd 3")];
	for (const chunkSizeBytes of [4 * mebibyte, 1 * mebibyte, 64 * 1024]) {
		const [old, young] = [await chunksOf(before, chunkSizeBytes), await chunksOf(after, chunkSizeBytes)];
		const known = new Set(old.chunks);
		const shared = young.chunks.filter((chunk) => known.has(chunk)).length;
		const size =
			chunkSizeBytes >= mebibyte ? `${chunkSizeBytes / mebibyte} MiB` : `${chunkSizeBytes / 1024} KiB`;
		rows.push({
			what: `  chunks of ${size}${chunkSizeBytes === 4 * mebibyte ? ", as image.json has them" : ""}`,
			measured: `${shared} of ${young.chunks.length} shared (${percent(shared, young.chunks.length)})`,
		});
	}
	for (const file of ["vmlinuz", "initramfs.img"]) {
		const [old, young] = [await hashOf(join(before.folder, file)), await hashOf(join(after.folder, file))];
		const isSame = old === young;
		rows.push({ what: `  ${file}`, measured: isSame ? "the same" : "another" });
	}
	return rows;
}

async function chunksOf({ folder }: PublishedImage, chunkSizeBytes: number) {
	return await describeImageFile(join(folder, "image.squashfs"), chunkSizeBytes);
}

async function hashOf(file: string): Promise<string> {
	return (await describeImageFile(file, 4 * mebibyte)).sha256;
}

async function build(
	root: string,
	out: string,
	squashfsLevel: number,
	initramfsLevel: number,
): Promise<PublishedImage> {
	return await buildImage(
		{
			recipe: { ...readRecipe("test"), squashfsLevel, initramfsLevel },
			source: { path: root, exclude: [] },
			out,
			signingKeyFile: testSigningKeyFile,
			loaders: "none",
		},
		() => {},
	);
}

async function timed<Result>(run: () => Promise<Result>): Promise<{ seconds: number; result: Result }> {
	const startMs = performance.now();
	const result = await run();
	return { seconds: (performance.now() - startMs) / 1000, result };
}

function mib(sizeBytes: number): string {
	return `${(sizeBytes / mebibyte).toFixed(0)} MiB`;
}

function percent(part: number, whole: number): string {
	return `${Math.round((part / whole) * 100)} %`;
}
