import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { readPublicKey, readSigningKey, readTrustedKeys } from "../../agent/trust/key-files.ts";
import { parsePublicKey, parseSigningKey } from "../../agent/trust/keys.ts";
import { temporaryFolder } from "../image/support/temporary-folder.ts";
import { newKey } from "./support/keys.ts";

const rsa = generateKeyPairSync("rsa", {
	modulusLength: 2048,
	privateKeyEncoding: { type: "pkcs8", format: "pem" },
	publicKeyEncoding: { type: "spki", format: "pem" },
});
const locked = generateKeyPairSync("ed25519", {
	privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
	publicKeyEncoding: { type: "spki", format: "pem" },
});

test("a key's id is the beginning of the SHA-256 of its 32 bytes", () => {
	// RFC 8032, section 7.1, test 1: the public key d75a9801…; its hash was computed with sha256sum.
	const pem =
		"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
	expect(parsePublicKey(pem, "x").id).toBe("21fe31dfa154a261");
	expect(parsePublicKey(pem, "x").pem).toBe(pem);
});

test("both halves of a pair have one id", () => {
	const { key, publicPem } = newKey();
	expect(parsePublicKey(publicPem, "x").id).toBe(key.publicKey.id);
	expect(key.publicKey.pem).toBe(publicPem);
});

describe("no public key", () => {
	test.each([
		["nothing", "", "is not one public"],
		["text", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ada", "is not one public"],
		["broken base64", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "is not one public"],
		["two keys", newKey().publicPem + newKey().publicPem, "is not one public"],
		["a private key", newKey().privatePem, "holds a private key"],
		["an RSA key", rsa.publicKey, "of type rsa"],
	])("%s", (_, pem, text) => {
		expect(() => parsePublicKey(pem, "/etc/key.pem")).toThrow(
			expect.objectContaining({ code: "trust.key-unusable", message: expect.stringContaining(text) }),
		);
	});
});

describe("no private key", () => {
	test.each([
		["nothing", "", "is not a private key"],
		["a public key", newKey().publicPem, "is not a private key"],
		["a key with a passphrase", locked.privateKey, "passphrase"],
		["an RSA key", rsa.privateKey, "of type rsa"],
	])("%s", (_, pem, text) => {
		expect(() => parseSigningKey(pem, "/etc/key.pem")).toThrow(
			expect.objectContaining({ code: "trust.key-unusable", message: expect.stringContaining(text) }),
		);
	});
});

describe("files", () => {
	test("a private key that others can read is refused, and its text is in no message", () => {
		const { privatePem } = newKey();
		const file = join(temporaryFolder(), "key.pem");
		writeFileSync(file, privatePem, { mode: 0o600 });
		expect(readSigningKey(file).publicKey.id).toMatch(/^[0-9a-f]{16}$/);
		for (const mode of [0o640, 0o604, 0o660, 0o611]) {
			chmodSync(file, mode);
			expect(() => readSigningKey(file)).toThrow(expect.objectContaining({ code: "trust.key-exposed" }));
		}
		writeFileSync(file, privatePem.replace("MC4", "XX4"));
		const secret = privatePem.slice(50, 90);
		expect(() => readSigningKey(file)).toThrow(
			expect.objectContaining({
				code: "trust.key-unusable",
				message: expect.not.stringContaining(secret),
			}),
		);
	});

	test("what is missing, a folder, a pipe or large is no key", async () => {
		const folder = temporaryFolder();
		expect(() => readPublicKey(join(folder, "none.pem"))).toThrow(
			expect.objectContaining({ code: "trust.key-missing" }),
		);
		const pipe = join(folder, "pipe.pem");
		await execa("mkfifo", [pipe]);
		const large = join(folder, "large.pem");
		writeFileSync(large, Buffer.alloc(20_000));
		for (const file of [folder, pipe, large]) {
			expect(() => readPublicKey(file)).toThrow(expect.objectContaining({ code: "trust.key-unusable" }));
		}
	});

	test("every .pem of the folder is trusted, and nothing else; without the folder nothing is", () => {
		const folder = join(temporaryFolder(), "trusted-keys");
		expect(readTrustedKeys(folder)).toEqual([]);
		mkdirSync(folder);
		const keys = [newKey(), newKey()];
		for (const { key, publicPem } of keys) writeFileSync(join(folder, `${key.publicKey.id}.pem`), publicPem);
		writeFileSync(join(folder, "README"), "keys");
		expect(readTrustedKeys(folder).map(({ id }) => id)).toEqual(
			keys.map(({ key }) => key.publicKey.id).sort(),
		);
		writeFileSync(join(folder, "zz.pem"), "not a key");
		expect(() => readTrustedKeys(folder)).toThrow(
			expect.objectContaining({ code: "trust.key-unusable", message: expect.stringContaining("zz.pem") }),
		);
	});
});
