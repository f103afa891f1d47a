import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ImageManifest, parseManifest } from "../../agent/download/manifest.ts";
import type { PublicKey } from "../../agent/trust/keys.ts";
import { verifySignedFile } from "../../agent/trust/verify.ts";
import {
	type ImageFiles,
	publishBootLoaders,
	publishImage,
	removeOldVersions,
	versionName,
} from "../../image/boot-tree.ts";
import { newKey } from "../trust/support/keys.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const hash = "a".repeat(64);
const { key } = newKey();

function manifestOf(version: string): ImageManifest {
	return {
		format: "netherd-image/1",
		name: "node",
		version,
		architecture: "amd64",
		builtAt: "2026-01-02T03:04:05Z",
		compression: "zstd",
		image: { file: "image.squashfs", sizeBytes: 5, sha256: hash, chunkSizeBytes: 4194304, chunks: [hash] },
		kernel: { release: "6.12.0", file: "vmlinuz", sizeBytes: 6, sha256: hash },
		initramfs: { file: "initramfs.img", sizeBytes: 9, sha256: hash },
	};
}

function verifiedBy(file: string, trusted: PublicKey): string {
	const signatures = readFileSync(`${file}.sig`);
	return verifySignedFile(
		{
			purpose: "image.json",
			content: readFileSync(file),
			signatures,
			whereFrom: file,
			signaturesFrom: `${file}.sig`,
		},
		[trusted],
	);
}

function filesIn(folder: string): ImageFiles {
	const files = {
		kernel: join(folder, "a-kernel"),
		initramfs: join(folder, "an-initramfs"),
		image: join(folder, "an-image"),
	};
	writeFileSync(files.kernel, "kernel");
	writeFileSync(files.initramfs, "initramfs");
	writeFileSync(files.image, "image");
	return files;
}

describe("publishImage", () => {
	test("puts the files, signed, into the version's folder and lets `current` point to it, relatively", () => {
		const folder = temporaryFolder();
		const tree = join(folder, "deep", "tree");
		const published = publishImage(tree, manifestOf("v1"), filesIn(folder), key);

		expect(published).toBe(join(tree, "images/node/v1"));
		expect(readdirSync(published).sort()).toEqual([
			"image.json",
			"image.json.sig",
			"image.squashfs",
			"initramfs.img",
			"vmlinuz",
		]);
		expect(readlinkSync(join(tree, "images/node/current"))).toBe("v1");
		expect(readFileSync(join(published, "vmlinuz"), "utf8")).toBe("kernel");
		expect(parseManifest(readFileSync(join(published, "image.json"), "utf8"), "image.json")).toEqual(
			manifestOf("v1"),
		);
	});

	test("the signature is the key's; a version that is there gets it, too, and keeps those of others", () => {
		const folder = temporaryFolder();
		const files = filesIn(folder);
		const other = newKey().key;
		const published = publishImage(folder, manifestOf("v1"), files, key);
		publishImage(folder, manifestOf("v1"), files, other);
		for (const { publicKey } of [key, other]) {
			expect(verifiedBy(join(published, "image.json"), publicKey)).toBe(publicKey.id);
		}
	});

	test("a version whose manifest is another is not signed", () => {
		const folder = temporaryFolder();
		const published = publishImage(folder, manifestOf("v1"), filesIn(folder), key);
		writeFileSync(join(published, "image.json"), "{}");
		const signature = readFileSync(join(published, "image.json.sig"), "utf8");
		publishImage(folder, manifestOf("v1"), filesIn(folder), newKey().key);
		expect(readFileSync(join(published, "image.json.sig"), "utf8")).toBe(signature);
	});

	test("a second version replaces `current` and leaves the first", () => {
		const folder = temporaryFolder();
		const files = filesIn(folder);
		publishImage(folder, manifestOf("v1"), files, key);
		publishImage(folder, manifestOf("v2"), files, key);
		expect(readdirSync(join(folder, "images/node")).sort()).toEqual(["current", "history", "v1", "v2"]);
		expect(readlinkSync(join(folder, "images/node/current"))).toBe("v2");
	});

	test("an existing version is not touched, only pointed to", () => {
		const folder = temporaryFolder();
		const files = filesIn(folder);
		publishImage(folder, manifestOf("v1"), files, key);
		const before = statSync(join(folder, "images/node/v1/image.json"), { bigint: true }).mtimeNs;
		publishImage(folder, manifestOf("v2"), files, key);
		publishImage(folder, manifestOf("v1"), files, key);
		expect(statSync(join(folder, "images/node/v1/image.json"), { bigint: true }).mtimeNs).toBe(before);
		expect(readlinkSync(join(folder, "images/node/current"))).toBe("v1");
	});

	test("a failure in the middle leaves no version, no remains, and the old `current`", () => {
		const folder = temporaryFolder();
		const files = filesIn(folder);
		publishImage(folder, manifestOf("v1"), files, key);
		const broken = { ...files, image: join(folder, "no-such-file") };
		expect(() => publishImage(folder, manifestOf("v2"), broken, key)).toThrow(
			expect.objectContaining({ code: "image.publish-failed" }),
		);
		expect(readdirSync(join(folder, "images/node")).sort()).toEqual(["current", "history", "v1"]);
		expect(readlinkSync(join(folder, "images/node/current"))).toBe("v1");
	});

	test("at no time is `current` missing or a version incomplete", () => {
		const folder = temporaryFolder();
		const files = filesIn(folder);
		const parent = join(folder, "images/node");
		publishImage(folder, manifestOf("v0"), files, key);
		// The steps that other processes can see, from the folder's own record of what happened.
		const seen = new Set<string>();
		const watch = (): void => {
			for (const version of readdirSync(parent).filter(
				(name) => !name.startsWith(".") && !["current", "history"].includes(name),
			)) {
				seen.add(readdirSync(join(parent, version)).sort().join(" "));
			}
			seen.add(existsSync(join(parent, "current", "image.json")) ? "current works" : "current is broken");
		};
		// A getter runs in the middle of the publication: each file is read from `files` when its turn comes.
		const watched: ImageFiles = {
			get kernel() {
				watch();
				return files.kernel;
			},
			get initramfs() {
				watch();
				return files.initramfs;
			},
			get image() {
				watch();
				return files.image;
			},
		};
		publishImage(folder, manifestOf("v1"), watched, key);
		watch();
		expect([...seen].sort()).toEqual([
			"current works",
			"image.json image.json.sig image.squashfs initramfs.img vmlinuz",
		]);
	});

	test("says what is in the way", () => {
		const folder = temporaryFolder();
		writeFileSync(join(folder, "images"), "a file");
		expect(() => publishImage(folder, manifestOf("v1"), filesIn(folder), key)).toThrow(
			expect.objectContaining({ code: "image.publish-failed", message: expect.stringContaining(folder) }),
		);
	});
});

test("boot loaders are replaced, and a link in their place is not followed", () => {
	const folder = temporaryFolder();
	const loader = join(folder, "undionly.kpxe");
	writeFileSync(loader, "new");
	mkdirSync(join(folder, "tree/loader"), { recursive: true });
	writeFileSync(join(folder, "precious"), "old");
	symlinkSync("../../precious", join(folder, "tree/loader/undionly.kpxe"));
	publishBootLoaders(join(folder, "tree"), [loader]);
	expect(readFileSync(join(folder, "tree/loader/undionly.kpxe"), "utf8")).toBe("new");
	expect(readFileSync(join(folder, "precious"), "utf8")).toBe("old");
	expect(readdirSync(join(folder, "tree/loader"))).toEqual(["undionly.kpxe"]);
});

test("old versions go, the current one never", () => {
	const folder = temporaryFolder();
	const files = filesIn(folder);
	for (const day of ["04", "01", "02", "03"])
		publishImage(folder, manifestOf(`202601${day}T000000Z-x`), files, key);
	publishImage(folder, manifestOf("20260101T000000Z-x"), files, key);
	expect(removeOldVersions(folder, "node", 2)).toEqual(["20260102T000000Z-x"]);
	expect(readdirSync(join(folder, "images/node")).sort()).toEqual([
		"20260101T000000Z-x",
		"20260103T000000Z-x",
		"20260104T000000Z-x",
		"current",
		"history",
	]);
});

test("a version's name sorts by time and tells its inputs apart", () => {
	expect(versionName("2026-01-02T03:04:05Z", "0123456789abcdef")).toBe("20260102T030405Z-01234567");
});
