import { NetherdError } from "../errors.ts";
import { listKeyIds, type PublicKey } from "./keys.ts";
import { type Purpose, parseSignatures, signatureFits } from "./signature-file.ts";

/** A file from elsewhere, as it came; nothing of it has been read yet. */
export interface SignedFile {
	readonly purpose: Purpose;
	readonly content: Uint8Array;
	/** Content of its signature file; absent when there is none. */
	readonly signatures?: Uint8Array | undefined;
	/** URL or path, for messages. */
	readonly whereFrom: string;
	/** URL or path of the signature file. */
	readonly signaturesFrom: string;
}

/**
 * Checks that a trusted key has signed exactly these bytes for this purpose. One fitting signature is enough: while keys
 * change, a file has several.
 *
 * @returns The id of the key.
 * @throws {NetherdError} `trust.no-keys`, `trust.unsigned`, `trust.signature-malformed`, `trust.signature-too-large`,
 *   `trust.unknown-key`, `trust.signature-wrong`.
 */
export function verifySignedFile(file: SignedFile, trusted: readonly PublicKey[]): string {
	const { purpose, content, whereFrom, signaturesFrom } = file;
	if (trusted.length === 0) throw noKeys(whereFrom);
	if (file.signatures === undefined) throw unsigned(file, trusted);
	const signatures = parseSignatures(file.signatures, signaturesFrom);
	let wrong: string | undefined;
	for (const signature of signatures) {
		const key = trusted.find(({ id }) => id === signature.keyId);
		if (key === undefined) continue;
		if (signatureFits(content, purpose, signature, key)) return key.id;
		wrong = key.id;
	}
	if (wrong !== undefined) throw signatureWrong(whereFrom, wrong);
	throw unknownKey(
		whereFrom,
		signatures.map(({ keyId }) => keyId),
		trusted,
	);
}

function noKeys(whereFrom: string): NetherdError {
	return new NetherdError(
		"trust.no-keys",
		`${whereFrom} cannot be verified: there is no trusted key here (/etc/netherd/trusted-keys/*.pem)`,
		{
			hint: "build image and initramfs with image build, which puts the key there; netherd.verify=none on the kernel command line boots without verification",
		},
	);
}

function unsigned({ whereFrom, signaturesFrom }: SignedFile, trusted: readonly PublicKey[]): NetherdError {
	return new NetherdError(
		"trust.unsigned",
		`${whereFrom} is not signed: there is no ${signaturesFrom}; trusted: ${idsOf(trusted)}`,
		{
			hint: "sign it with image sign, or give the companion the key: [signing] key = FILE; netherd.verify=none on the kernel command line boots without verification",
		},
	);
}

function unknownKey(whereFrom: string, seen: readonly string[], trusted: readonly PublicKey[]): NetherdError {
	return new NetherdError(
		"trust.unknown-key",
		`${whereFrom} is signed by ${listKeyIds(seen)}, which is not trusted here; trusted: ${idsOf(trusted)}`,
		{
			hint: "sign it with the key of the image (image sign --key FILE), or build the image with --trust FILE",
		},
	);
}

function signatureWrong(whereFrom: string, keyId: string): NetherdError {
	return new NetherdError(
		"trust.signature-wrong",
		`${whereFrom} is not what key ${keyId} has signed: it was altered`,
		{
			hint: "if you have changed it, sign it anew: image sign; else find out who else changes it, on the server or on the way",
		},
	);
}

function idsOf(keys: readonly PublicKey[]): string {
	return listKeyIds(keys.map(({ id }) => id));
}
