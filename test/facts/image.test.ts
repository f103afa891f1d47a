import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseCommandLine } from "../../agent/config/cmdline.ts";
import type { SquashfsManifest } from "../../agent/download/manifest.ts";
import { serializeManifest } from "../../agent/download/manifest.ts";
import { gatherImage } from "../../agent/facts/image.ts";
import { resolveFacts } from "../../agent/facts/resolve-facts.ts";
import type { Trust } from "../../agent/facts/verification.ts";
import { makeSignature, serializeSignatures } from "../../agent/trust/signature-file.ts";
import { newKey } from "../trust/support/keys.ts";
import { type ServedFiles, serveFiles } from "./support/file-server.ts";

const { key } = newKey();
const { id } = key.publicKey;
const signed: Trust = { kind: "signed", keys: [key.publicKey] };
const anybody: Trust = { kind: "anybody", why: "netherd.verify=none" };
const hash = "a".repeat(64);

function manifestOf(version: string, changes: Partial<SquashfsManifest> = {}): string {
	return serializeManifest({
		format: "netherd-image/1",
		name: "node",
		version,
		architecture: "amd64",
		builtAt: "2026-01-02T03:04:05Z",
		buildId: "b1",
		compression: "zstd",
		image: { file: "image.squashfs", sizeBytes: 5, sha256: hash, chunkSizeBytes: 4194304, chunks: [hash] },
		kernel: { release: "6.12.0", file: "vmlinuz", sizeBytes: 6, sha256: hash },
		initramfs: { file: "initramfs.img", sizeBytes: 9, sha256: hash },
		...changes,
	});
}

const signatureOf = (text: string) =>
	serializeSignatures([makeSignature(Buffer.from(text), "image.json", key)]);

/** A version of the image at its place, signed. */
function published(place: string, text: string): ServedFiles {
	return { [`/images/${place}/image.json`]: text, [`/images/${place}/image.json.sig`]: signatureOf(text) };
}

async function gather(
	files: ServedFiles,
	trust = signed,
	{ ltsConf = "", parameters = "", say = (_: string): unknown => undefined } = {},
) {
	const { url } = await serveFiles(files);
	const commandLine = `netherd.server=${url} netherd.image=node/v1 nbdroot=127.0.0.1:1/node ${parameters}`;
	const resolved = resolveFacts({
		commandLine,
		network: { nameServers: [] },
		configuration: { file: "lts.conf", from: "nowhere", text: `[default]\n${ltsConf}\n` },
	});
	return await gatherImage({ ...resolved, network: { nameServers: [] } }, trust, say);
}

test("a manifest that is signed: its facts, its build and who signed it", async () => {
	expect(await gather(published("node/v1", manifestOf("v1")))).toEqual({
		name: "node",
		version: "v1",
		kernelRelease: "6.12.0",
		buildId: "b1",
		sizeBytes: 5,
		chunkSizeBytes: 4194304,
		chunks: [hash],
		from: expect.stringMatching(/\/images\/node\/v1\/image\.json$/),
		verification: { signedBy: id },
	});
});

test("one that is not, when nobody is to ask", async () => {
	const files = { "/images/node/v1/image.json": manifestOf("v1") };
	expect(await gather(files, anybody)).toMatchObject({
		version: "v1",
		verification: { notVerified: "netherd.verify=none" },
	});
});

describe("refused", () => {
	const text = manifestOf("v1");
	test.each<[string, ServedFiles, string]>([
		["unsigned", { "/images/node/v1/image.json": text }, "trust.unsigned"],
		[
			"altered",
			{ ...published("node/v1", text), "/images/node/v1/image.json": text.replace("b1", "b2") },
			"trust.signature-wrong",
		],
		["another version, signed, in its place", published("node/v1", manifestOf("v0")), "image.other-manifest"],
		[
			"another image, signed, in its place",
			published("node/v1", manifestOf("v1", { name: "storage" })),
			"image.other-manifest",
		],
		["none at all", {}, "image.no-manifest"],
		[
			"100 MB",
			{ ...published("node/v1", text), "/images/node/v1/image.json": Buffer.alloc(1e8, " ") },
			"server.answer-too-large",
		],
		["signed nonsense", published("node/v1", "{}"), "image.manifest-invalid"],
	])("%s", async (_, files, code) => {
		await expect(gather(files)).rejects.toMatchObject({ code });
	});

	test("nonsense that is not signed is not even parsed", async () => {
		await expect(gather({ "/images/node/v1/image.json": "{" })).rejects.toMatchObject({
			code: "trust.unsigned",
		});
	});

	test("another version is refused without signatures, too", async () => {
		const files = { "/images/node/v1/image.json": manifestOf("v0") };
		await expect(gather(files, anybody)).rejects.toMatchObject({ code: "image.other-manifest" });
	});

	test("a server that has no manifests: nothing names one", async () => {
		const commandLine = parseCommandLine("nbdroot=127.0.0.1:1/node");
		const { configuration } = resolveFacts({
			commandLine: "nbdroot=127.0.0.1:1/node",
			network: { nameServers: [] },
			configuration: { file: "lts.conf", from: "nowhere", text: "" },
		});
		const where = { commandLine, configuration, network: { nameServers: [] } };
		await expect(gatherImage(where, signed, () => {})).rejects.toMatchObject({ code: "image.no-manifest" });
	});
});

describe("without a manifest, when nobody is to ask", () => {
	const noSignatures = "netherd.verify=none";

	test("the size is that of the first source that answers", async () => {
		const folder = mkdtempSync(join(tmpdir(), "netherd-image-facts-"));
		onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
		const path = join(folder, "image.squashfs");
		writeFileSync(path, "12345");
		const said: string[] = [];
		const facts = await gather({}, anybody, {
			ltsConf: `IMAGE_SOURCES = "nbd://127.0.0.1:1/node file://${path} file:///nowhere"`,
			parameters: noSignatures,
			say: (line) => said.push(line),
		});
		expect(facts).toEqual({
			name: `file://${path}`,
			sizeBytes: 5,
			chunkSizeBytes: 4194304,
			chunks: [],
			from: `file://${path}`,
			verification: { notVerified: "netherd.verify=none" },
		});
		expect(said).toEqual([
			"the server has no manifest for this image: it will not be verified",
			expect.stringContaining("nothing accepts NBD connections on 127.0.0.1:1"),
		]);
	});

	test("no source answers: the error of the first", async () => {
		const ltsConf = 'IMAGE_SOURCES = "nbd://127.0.0.1:1/node file:///nowhere"';
		await expect(gather({}, anybody, { ltsConf, parameters: noSignatures })).rejects.toMatchObject({
			code: "nbd.connection-refused",
		});
	});
});

describe("IMAGE of lts.conf", () => {
	test("NAME: whatever version is current", async () => {
		const text = manifestOf("v7", { name: "storage" });
		const image = await gather(published("storage/current", text), signed, { ltsConf: "IMAGE = storage" });
		expect(image).toMatchObject({ name: "storage", version: "v7" });
	});

	test("NAME/VERSION: that one and no other", async () => {
		const ltsConf = "IMAGE = node/v0";
		const image = await gather(published("node/v0", manifestOf("v0")), signed, { ltsConf });
		expect(image).toMatchObject({ name: "node", version: "v0" });
		await expect(gather(published("node/v0", manifestOf("v1")), signed, { ltsConf })).rejects.toMatchObject({
			code: "image.other-manifest",
		});
	});
});
