import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
	describeImageFile,
	fetchableImage,
	filesOf,
	type ImageManifest,
	maximumManifestBytes,
	parseManifest,
	serializeManifest,
} from "../../agent/download/manifest.ts";
import { NetherdError } from "../../agent/errors.ts";
import { hashChunks, testContent } from "./support/content.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");

const manifest: ImageManifest = {
	format: "netherd-image/1",
	name: "node",
	version: "20260131T120000Z",
	architecture: "amd64",
	builtAt: "2026-01-31T12:00:00Z",
	compression: "zstd",
	image: {
		file: "image.squashfs",
		sizeBytes: 10_000_000,
		sha256: hash("image"),
		chunkSizeBytes: 4_194_304,
		chunks: [hash("0"), hash("1"), hash("2")],
	},
	kernel: { release: "6.12.57+deb13-cloud-amd64", file: "vmlinuz", sizeBytes: 9_000_000, sha256: hash("k") },
	initramfs: { file: "initramfs.img", sizeBytes: 50_000_000, sha256: hash("i") },
};

test("a manifest survives writing and reading", () => {
	expect(parseManifest(serializeManifest(manifest), "image.json")).toEqual(manifest);
});

test("the build's id may be missing, as in manifests of before", () => {
	const withId = { ...manifest, buildId: "0123456789abcdef" };
	expect(parseManifest(serializeManifest(withId), "image.json")).toEqual(withId);
	expect(parseFailure(JSON.stringify({ ...manifest, buildId: "../x" })).message).toContain(
		'buildId is "../x"',
	);
});

const { image: _, compression: __, ...common } = manifest;
const wholeRoot: ImageManifest = { ...common, rootFormat: "initramfs" };

test("a whole root in the initramfs has no image to describe, and none to fetch", () => {
	expect(parseManifest(serializeManifest(wholeRoot), "image.json")).toEqual(wholeRoot);
	expect(filesOf(wholeRoot).map(({ file }) => file)).toEqual(["vmlinuz", "initramfs.img"]);
	expect(filesOf(manifest).map(({ file }) => file)).toEqual(["vmlinuz", "initramfs.img", "image.squashfs"]);
	expect(fetchableImage(manifest)).toBe(manifest.image);
	expect(() => fetchableImage(wholeRoot)).toThrow(
		expect.objectContaining({
			code: "image.root-in-initramfs",
			message: expect.stringContaining("node/20260131T120000Z"),
		}),
	);
	expect(parseFailure(JSON.stringify({ ...manifest, rootFormat: "erofs" })).message).toContain(
		'rootFormat is "erofs"; expected one of initramfs',
	);
	expect(parseFailure(JSON.stringify(common)).message).toContain("image is missing");
});

test("fields of a later version are ignored", () => {
	const later = { ...manifest, signedBy: "someone", image: { ...manifest.image, blocks: 7 } };
	expect(parseManifest(JSON.stringify(later), "image.json")).toEqual(manifest);
});

const wrongFields: [field: string, value: unknown, message: string][] = [
	[
		"name",
		undefined,
		"name is missing; expected 1 to 128 of A-Z a-z 0-9 . _ + ~ -, starting with a letter or digit",
	],
	["name", "../../etc", 'name is "../../etc"; expected 1 to 128'],
	["version", "a b", 'version is "a b"; expected 1 to 128'],
	["architecture", "riscv64", 'architecture is "riscv64"; expected one of amd64'],
	["builtAt", "yesterday", 'builtAt is "yesterday"; expected a time'],
	["builtAt", "2026-13-01T00:00:00Z", 'builtAt is "2026-13-01T00:00:00Z"; expected a time'],
	["compression", "rar", 'compression is "rar"; expected one of zstd, gzip, lz4, lzo, xz'],
	["image", [], "image is []; expected a JSON object"],
	["image.file", "a/b", 'image.file is "a/b"; expected 1 to 128'],
	["image.file", "..", 'image.file is ".."; expected 1 to 128'],
	["image.sizeBytes", -1, "image.sizeBytes is -1; expected a whole number from 1 to"],
	["image.sizeBytes", 0, "image.sizeBytes is 0; expected a whole number from 1 to"],
	["image.sizeBytes", 1.5, "image.sizeBytes is 1.5; expected a whole number"],
	["image.sizeBytes", "10", 'image.sizeBytes is "10"; expected a whole number'],
	["image.sizeBytes", 2 ** 53, "image.sizeBytes is 9007199254740992; expected a whole number"],
	["image.sha256", hash("x").toUpperCase(), "expected 64 lower-case hexadecimal digits"],
	[
		"image.chunkSizeBytes",
		4096,
		"image.chunkSizeBytes is 4096; expected a whole number from 65536 to 67108864",
	],
	["image.chunks", "none", 'image.chunks is "none"; expected a list'],
	["image.chunks", [hash("0"), "short", hash("2")], 'image.chunks[1] is "short"; expected 64 lower-case'],
	["kernel.release", "", 'kernel.release is ""; expected 1 to 128'],
	["initramfs.sizeBytes", null, "initramfs.sizeBytes is null; expected a whole number"],
];

test.each(wrongFields)("%s = %j is refused by name", (field, value, message) => {
	const error = parseFailure(JSON.stringify(withField(field, value)));
	expect(error.code).toBe("image.manifest-invalid");
	expect(error.message).toContain(`http://server/image.json: ${field.split(".")[0]}`);
	expect(error.message).toContain(message);
});

test("a wrong chunk count is refused with the numbers", () => {
	const error = parseFailure(JSON.stringify(withField("image.chunks", [hash("0")])));
	expect(error.code).toBe("image.manifest-inconsistent");
	expect(error.message).toBe(
		"http://server/image.json lists 1 chunks; 10000000 bytes in chunks of 4194304 are 3",
	);
});

test("another format is refused before its fields are looked at", () => {
	expect(parseFailure('{"format":"netherd-image/9"}').code).toBe("image.manifest-unknown-format");
	expect(parseFailure("{}").code).toBe("image.manifest-invalid");
});

test("what is not JSON is refused, with the reason as cause", () => {
	const error = parseFailure("<html>404</html>");
	expect(error.code).toBe("image.manifest-not-json");
	expect(error.cause).toBeInstanceOf(SyntaxError);
});

test("16 MiB are parsed, one byte more is refused unread", () => {
	const padding = maximumManifestBytes - Buffer.byteLength(serializeManifest(manifest));
	expect(parseManifest(serializeManifest(manifest) + " ".repeat(padding), "image.json")).toEqual(manifest);
	const error = parseFailure(" ".repeat(maximumManifestBytes + 1));
	expect(error.code).toBe("image.manifest-too-large");
	expect(error.message).toContain("is 16777217 bytes long");
});

test("escape sequences in a field do not reach the console", () => {
	expect(parseFailure(JSON.stringify(withField("name", "\u001b[2J\u009b"))).message).not.toMatch(/\p{Cc}/u);
});

test("any JSON is read or refused with an error of ours", () => {
	const fields = ["format", "name", "image", "kernel", "chunks", "sizeBytes", "__proto__"] as const;
	const value = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()));
	fc.assert(
		fc.property(value, fc.constantFrom(...wrongFields.map(([field]) => field)), (json, field) => {
			for (const text of [JSON.stringify(json), JSON.stringify(withField(field, json))]) {
				try {
					parseManifest(text, "image.json");
				} catch (error) {
					expect(error).toBeInstanceOf(NetherdError);
				}
			}
		}),
		{ numRuns: 2000 },
	);
});

test.each([0, 1, 65_535, 65_536, 65_537, 200_000])("describes a file of %i bytes", async (sizeBytes) => {
	const content = testContent(sizeBytes);
	const path = join(temporaryFolder(), "image.squashfs");
	writeFileSync(path, content);
	expect(await describeImageFile(path, 65_536)).toEqual({
		sizeBytes,
		sha256: createHash("sha256").update(content).digest("hex"),
		chunkSizeBytes: 65_536,
		chunks: hashChunks(content, 65_536),
	});
});

/** The manifest with one field replaced; undefined removes it. */
function withField(path: string, value: unknown): unknown {
	const copy: Record<string, unknown> = structuredClone(manifest) as never;
	const [outer = "", inner] = path.split(".");
	if (inner === undefined) copy[outer] = value;
	else copy[outer] = { ...(copy[outer] as object), [inner]: value };
	return copy;
}

function parseFailure(text: string): NetherdError {
	try {
		parseManifest(text, "http://server/image.json");
	} catch (error) {
		if (error instanceof NetherdError) return error;
		throw error;
	}
	throw new Error("it was accepted");
}
