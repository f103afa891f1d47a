import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { serializeManifest } from "../../agent/download/manifest.ts";
import { makeSignature, type Purpose, serializeSignatures } from "../../agent/trust/signature-file.ts";
import { repository } from "../../tools/cache.ts";
import { serveFiles } from "../facts/support/file-server.ts";
import { temporaryFolder } from "../image/support/temporary-folder.ts";
import { newKey } from "../trust/support/keys.ts";

const { key, publicPem } = newKey();
const hash = "a".repeat(64);
const ltsConf = "[default]\nTIMEZONE = Europe/Prague\n";
const manifest = serializeManifest({
	format: "netherd-image/1",
	name: "node",
	version: "v1",
	architecture: "amd64",
	builtAt: "2026-01-02T03:04:05Z",
	compression: "zstd",
	image: { file: "image.squashfs", sizeBytes: 5, sha256: hash, chunkSizeBytes: 4194304, chunks: [hash] },
	kernel: { release: "6.12.0", file: "vmlinuz", sizeBytes: 6, sha256: hash },
	initramfs: { file: "initramfs.img", sizeBytes: 9, sha256: hash },
});
const signatureOf = (text: string, purpose: Purpose) =>
	serializeSignatures([makeSignature(Buffer.from(text), purpose, key)]);

const unsigned = { "/lts.conf": ltsConf, "/images/node/v1/image.json": manifest };
const signed = {
	...unsigned,
	"/lts.conf.sig": signatureOf(ltsConf, "lts.conf"),
	"/images/node/v1/image.json.sig": signatureOf(manifest, "image.json"),
};

async function dryRun(files: Record<string, string>, parameters: string, ...words: readonly string[]) {
	const { url } = await serveFiles(files);
	const cmdline = `netherd.server=${url} netherd.image=node/v1 nbdroot=127.0.0.1:1/node ${parameters}`;
	const argv = [join(repository, "agent/main.ts"), "--dry-run", "--cmdline", cmdline, ...words];
	return await execa(process.execPath, argv, { reject: false });
}

function keyFile(pem: string): string {
	const file = join(temporaryFolder(), "farm.pub.pem");
	writeFileSync(file, pem);
	return file;
}

describe("a dry run with what a server gives", () => {
	test("says who has signed it, and the plan says it of the image", async () => {
		const { stdout, exitCode } = await dryRun(signed, "", "--key", keyFile(publicPem));
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(
			new RegExp(`^read {6}lts\\.conf: http://\\S+/lts\\.conf, signed by ${key.publicKey.id}$`, "m"),
		);
		expect(stdout).toMatch(new RegExp(`^read {6}image node v1: .*, signed by ${key.publicKey.id}$`, "m"));
		expect(stdout).toMatch(new RegExp(`because node v1 \\(.*, signed by ${key.publicKey.id}\\)`));
		expect(stdout).toContain("Europe/Prague");
	});

	test("shows NOT VERIFIED for a node that asks for no signature", async () => {
		const { stdout, exitCode } = await dryRun(unsigned, "netherd.verify=none");
		expect(exitCode).toBe(0);
		expect(stdout.match(/NOT VERIFIED \(netherd\.verify=none\)/g)).toHaveLength(3);
	});

	test.each([
		["unsigned", unsigned, publicPem, "trust.unsigned"],
		["signed by another key", signed, newKey().publicPem, "trust.unknown-key"],
		[
			"altered",
			{ ...signed, "/images/node/v1/image.json": manifest.replace("6.12.0", "6.12.1") },
			publicPem,
			"trust.signature-wrong",
		],
	])("refuses what is %s, as the node would", async (_, files, pem, code) => {
		const { stdout, stderr, exitCode } = await dryRun(files, "", "--key", keyFile(pem));
		expect([exitCode, stdout]).toEqual([1, ""]);
		expect(stderr).toContain(`[${code}]`);
	});

	test("a key file that is none is named", async () => {
		const { stderr, exitCode } = await dryRun(signed, "", "--key", keyFile("no key"));
		expect([exitCode, stderr]).toEqual([1, expect.stringContaining("[trust.key-unusable]")]);
	});
});
