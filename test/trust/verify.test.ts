import { describe, expect, test } from "vitest";
import type { SigningKey } from "../../agent/trust/keys.ts";
import { makeSignature, type Purpose, serializeSignatures } from "../../agent/trust/signature-file.ts";
import { verifySignedFile } from "../../agent/trust/verify.ts";
import { newKey } from "./support/keys.ts";

const content = Buffer.from("[default]\nHOSTNAME = a\n");
const altered = Buffer.from("[default]\nHOSTNAME = b\n");
const [farm, other, stranger] = [newKey().key, newKey().key, newKey().key];

function signedBy(keys: readonly SigningKey[], what = content, purpose: Purpose = "lts.conf"): Buffer {
	return Buffer.from(serializeSignatures(keys.map((key) => makeSignature(what, purpose, key))));
}

function verify(signatures: Buffer | undefined, trusted: readonly SigningKey[], what = content): string {
	return verifySignedFile(
		{
			purpose: "lts.conf",
			content: what,
			signatures,
			whereFrom: "http://server/lts.conf",
			signaturesFrom: "http://server/lts.conf.sig",
		},
		trusted.map(({ publicKey }) => publicKey),
	);
}

test("one trusted key that has signed is enough, and is named", () => {
	expect(verify(signedBy([farm]), [farm])).toBe(farm.publicKey.id);
	expect(verify(signedBy([stranger, other]), [farm, other])).toBe(other.publicKey.id);
});

test("a signature that does not fit does no harm beside one that fits", () => {
	const old = serializeSignatures([makeSignature(altered, "lts.conf", farm)]);
	const signatures = Buffer.from(`${old}${signedBy([other])}`);
	expect(verify(signatures, [farm, other])).toBe(other.publicKey.id);
});

describe("refused, and why", () => {
	test.each([
		["no trusted key", signedBy([farm]), [], "trust.no-keys", "/etc/netherd/trusted-keys"],
		["no signature file", undefined, [farm], "trust.unsigned", "http://server/lts.conf.sig"],
		["an unknown key", signedBy([stranger]), [farm, other], "trust.unknown-key", stranger.publicKey.id],
		[
			"the keys that are trusted",
			signedBy([stranger]),
			[farm, other],
			"trust.unknown-key",
			`trusted: ${farm.publicKey.id}, ${other.publicKey.id}`,
		],
		["an altered file", signedBy([farm], altered), [farm], "trust.signature-wrong", farm.publicKey.id],
		[
			"a signature for another purpose",
			signedBy([farm], content, "image.json"),
			[farm],
			"trust.signature-wrong",
			farm.publicKey.id,
		],
		["no signatures", Buffer.from("<html>"), [farm], "trust.signature-malformed", "line 1"],
		["endless signatures", Buffer.alloc(20_000, "x"), [farm], "trust.signature-too-large", "16384"],
	])("%s", (_, signatures, trusted, code, text) => {
		expect(() => verify(signatures, trusted)).toThrow(
			expect.objectContaining({ code, message: expect.stringContaining(text) }),
		);
	});

	test("a key id that a stranger puts before his signature", () => {
		const forged = signedBy([stranger]).toString().replace(stranger.publicKey.id, farm.publicKey.id);
		expect(() => verify(Buffer.from(forged), [farm])).toThrow(
			expect.objectContaining({ code: "trust.signature-wrong" }),
		);
	});
});
