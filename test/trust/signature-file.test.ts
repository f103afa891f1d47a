import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { assert, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { NetherdError } from "../../agent/errors.ts";
import { parseSigningKey } from "../../agent/trust/keys.ts";
import {
	makeSignature,
	makeSignatureAside,
	maximumSignatureFileBytes,
	parseSignatures,
	serializeSignatures,
	signatureFits,
	signedMessage,
} from "../../agent/trust/signature-file.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { temporaryFolder } from "../image/support/temporary-folder.ts";
import { newKey } from "./support/keys.ts";

const content = Buffer.from('{"name":"node"}\n');

describe("a signature file", () => {
	test("has a line for each key, of this form", () => {
		const { key } = newKey();
		const text = serializeSignatures([makeSignature(content, "image.json", key)]);
		expect(text).toMatch(
			new RegExp(`^netherd-signature/1 ed25519 ${key.publicKey.id} [A-Za-z0-9+/]{86}==\\n$`),
		);
	});

	test("is read as it was written", () => {
		const signatures = [newKey(), newKey()].map(({ key }) => makeSignature(content, "lts.conf", key));
		expect(parseSignatures(Buffer.from(serializeSignatures(signatures)), "x")).toEqual(signatures);
	});

	test("may have line ends of Windows and empty lines", () => {
		const signature = makeSignature(content, "lts.conf", newKey().key);
		const text = `\r\n${serializeSignatures([signature]).trim()}\r\n\r\n`;
		expect(parseSignatures(Buffer.from(text), "x")).toEqual([signature]);
	});

	test.each([
		["nothing", ""],
		["a web page", "<!doctype html>\n<title>Not here</title>\n"],
		["another version", `netherd-signature/2 ed25519 0123456789abcdef ${"A".repeat(86)}==\n`],
		["another algorithm", `netherd-signature/1 rsa 0123456789abcdef ${"A".repeat(86)}==\n`],
		["a short signature", "netherd-signature/1 ed25519 0123456789abcdef AAAA\n"],
		["a key id in upper case", `netherd-signature/1 ed25519 0123456789ABCDEF ${"A".repeat(86)}==\n`],
		["more on the line", `netherd-signature/1 ed25519 0123456789abcdef ${"A".repeat(86)}== x\n`],
		[
			"two of one key",
			`netherd-signature/1 ed25519 0123456789abcdef ${"A".repeat(86)}==\nnetherd-signature/1 ed25519 0123456789abcdef ${"B".repeat(85)}A==\n`,
		],
	])("with %s is malformed", (_, text) => {
		expect(() => parseSignatures(Buffer.from(text), "http://server/lts.conf.sig")).toThrow(
			expect.objectContaining({
				code: "trust.signature-malformed",
				message: expect.stringContaining("http://server/lts.conf.sig"),
			}),
		);
	});

	test("of any size and content ends in signatures or in one of two named errors", () => {
		const codes = new Set(["trust.signature-malformed", "trust.signature-too-large"]);
		const named = (bytes: Uint8Array) => {
			try {
				return parseSignatures(bytes, "x").length > 0;
			} catch (error) {
				return error instanceof NetherdError && codes.has(error.code);
			}
		};
		assert(property(uint8Array({ maxLength: 400 }), named), { numRuns: 2_000 });
		assert(
			property(string({ unit: "binary", maxLength: 200 }), (text) =>
				named(Buffer.from(`netherd-signature/1 ed25519 ${text}`)),
			),
			{ numRuns: 2_000 },
		);
		expect(() => parseSignatures(Buffer.alloc(maximumSignatureFileBytes + 1, "\n"), "x")).toThrow(
			expect.objectContaining({ code: "trust.signature-too-large" }),
		);
	});
});

describe("a signature", () => {
	test("is the same every time, also when made in a thread", async () => {
		const { key } = newKey();
		const signature = makeSignature(content, "lts.conf", key);
		expect(makeSignature(content, "lts.conf", key)).toEqual(signature);
		expect(await makeSignatureAside(content, "lts.conf", key)).toEqual(signature);
	});

	test("fits its content, its purpose and its key, and nothing else", () => {
		const { key } = newKey();
		const signature = makeSignature(content, "image.json", key);
		expect(signatureFits(content, "image.json", signature, key.publicKey)).toBe(true);
		expect(signatureFits(Buffer.from(`${content} `), "image.json", signature, key.publicKey)).toBe(false);
		expect(signatureFits(content, "lts.conf", signature, key.publicKey)).toBe(false);
		expect(signatureFits(content, "image.json", signature, newKey().key.publicKey)).toBe(false);
	});

	test("with any bit turned over fits no more", () => {
		const { key } = newKey();
		const signature = makeSignature(content, "image.json", key);
		for (let bit = 0; bit < 512; bit++) {
			const bytes = Buffer.from(signature.bytes);
			bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
			expect(signatureFits(content, "image.json", { ...signature, bytes }, key.publicKey)).toBe(false);
		}
	});
});

describe("openssl", () => {
	test("reads our keys, and verifies our signature over the message as documented", async () => {
		await ensureDebianPackages(["openssl"], "compare with openssl");
		const folder = temporaryFolder();
		const { key, privatePem, publicPem } = newKey();
		const file = (name: string, content: string | Buffer) => {
			const path = join(folder, name);
			writeFileSync(path, content);
			return path;
		};
		const privateFile = file("key.pem", privatePem);
		const publicFile = file("key.pub.pem", publicPem);
		expect(`${(await execa("openssl", ["pkey", "-in", privateFile, "-pubout"])).stdout}\n`).toBe(publicPem);

		const message = Buffer.concat([Buffer.from("netherd-signature/1\0lts.conf\0"), content]);
		expect(signedMessage(content, "lts.conf")).toEqual(message);
		const { bytes } = makeSignature(content, "lts.conf", key);
		const { stdout } = await execa("openssl", [
			...["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", publicFile],
			...["-in", file("message", message), "-sigfile", file("signature", bytes)],
		]);
		expect(stdout).toContain("Signature Verified Successfully");
	});

	test("makes keys that we use, and signatures that we accept", async () => {
		await ensureDebianPackages(["openssl"], "compare with openssl");
		const folder = temporaryFolder();
		const path = join(folder, "key.pem");
		await execa("openssl", ["genpkey", "-algorithm", "ed25519", "-out", path]);
		const { stdout: pem } = await execa("openssl", ["pkey", "-in", path]);
		const key = parseSigningKey(pem, path);
		writeFileSync(join(folder, "message"), signedMessage(content, "image.json"));
		const { stdout } = await execa(
			"openssl",
			["pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", join(folder, "message")],
			{ encoding: "buffer" },
		);
		const signature = { keyId: key.publicKey.id, bytes: Buffer.from(stdout) };
		expect(signatureFits(content, "image.json", signature, key.publicKey)).toBe(true);
		expect(makeSignature(content, "image.json", key)).toEqual(signature);
	});
});
