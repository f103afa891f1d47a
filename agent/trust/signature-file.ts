import { sign, verify } from "node:crypto";
import { quoteForeignText } from "../download/foreign-text.ts";
import { NetherdError } from "../errors.ts";
import type { PublicKey, SigningKey } from "./keys.ts";

/** What a signature is for: one made for one kind of file never counts for the other. */
export type Purpose = "image.json" | "lts.conf";

/** One line of a signature file. */
export interface Signature {
	readonly keyId: string;
	/** 64 bytes (RFC 8032, section 5.1.6). */
	readonly bytes: Buffer;
}

/** The file beside `image.json` or `lts.conf` that holds their signatures. */
export const signatureEnding = ".sig";

/** A line has 130 characters; more than these are no signature file. */
export const maximumSignatureFileBytes = 16 * 1024;

const format = "netherd-signature/1";
const linePattern = /^netherd-signature\/1 ed25519 ([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==)$/;

/**
 * Reads a signature file: text, a line a signature, `netherd-signature/1 ed25519 KEYID BASE64`, of each key one at most.
 *
 * @param whereFrom URL or path, for messages.
 * @throws {NetherdError} `trust.signature-malformed`, `trust.signature-too-large`.
 */
export function parseSignatures(content: Uint8Array, whereFrom: string): readonly Signature[] {
	if (content.length > maximumSignatureFileBytes) throw signatureTooLarge(whereFrom);
	const text = Buffer.from(content).toString("utf8");
	const signatures = new Map<string, Signature>();
	for (const [index, line] of text.split(/\r?\n/).entries()) {
		if (line === "") continue;
		const [, keyId, base64] = linePattern.exec(line) ?? [];
		if (keyId === undefined || base64 === undefined) {
			throw malformed(whereFrom, `line ${index + 1} is ${quoteForeignText(JSON.stringify(line), 60)}`);
		}
		if (signatures.has(keyId)) throw malformed(whereFrom, `it has two signatures of key ${keyId}`);
		signatures.set(keyId, { keyId, bytes: Buffer.from(base64, "base64") });
	}
	if (signatures.size === 0) throw malformed(whereFrom, "it is empty");
	return [...signatures.values()];
}

/** The text of a signature file. */
export function serializeSignatures(signatures: readonly Signature[]): string {
	return signatures
		.map(({ keyId, bytes }) => `${format} ed25519 ${keyId} ${bytes.toString("base64")}\n`)
		.join("");
}

/** Signs a file's content; the same content and key give the same signature. */
export function makeSignature(content: Uint8Array, purpose: Purpose, key: SigningKey): Signature {
	return { keyId: key.publicKey.id, bytes: sign(null, signedMessage(content, purpose), key.privateKey) };
}

/** Like {@link makeSignature}, in a thread: a farm's lts.conf may have megabytes, and a server others to serve. */
export function makeSignatureAside(
	content: Uint8Array,
	purpose: Purpose,
	key: SigningKey,
): Promise<Signature> {
	return new Promise((resolve, reject) => {
		sign(null, signedMessage(content, purpose), key.privateKey, (error, bytes) => {
			if (error === null) resolve({ keyId: key.publicKey.id, bytes });
			else reject(error);
		});
	});
}

/** Whether the signature is that of this key over this content. */
export function signatureFits(
	content: Uint8Array,
	purpose: Purpose,
	{ bytes }: Signature,
	{ key }: PublicKey,
): boolean {
	return verify(null, signedMessage(content, purpose), key, bytes);
}

/**
 * What is really signed: `netherd-signature/1`, NUL, the purpose, NUL, the file's bytes.
 */
export function signedMessage(content: Uint8Array, purpose: Purpose): Buffer {
	return Buffer.concat([Buffer.from(`${format}\0${purpose}\0`), content]);
}

/** @returns `trust.signature-too-large`. */
export function signatureTooLarge(whereFrom: string): NetherdError {
	return new NetherdError(
		"trust.signature-too-large",
		`${whereFrom} has more than ${maximumSignatureFileBytes} bytes; it is no file of signatures`,
		{ hint: "make it anew: remove it and run image sign; see what the server sends for this address" },
	);
}

function malformed(whereFrom: string, what: string): NetherdError {
	return new NetherdError("trust.signature-malformed", `${whereFrom} is no file of signatures: ${what}`, {
		hint: `make it anew: remove it and run image sign; its lines look like: ${format} ed25519 KEYID BASE64`,
	});
}
