import {
	createHash,
	createPrivateKey,
	createPublicKey,
	generateKeyPairSync,
	type KeyObject,
} from "node:crypto";
import { NetherdError } from "../errors.ts";

/** An Ed25519 key (RFC 8032) whose signatures count. */
export interface PublicKey {
	/** First 16 hexadecimal digits of the SHA-256 of the 32 raw bytes. */
	readonly id: string;
	readonly key: KeyObject;
	/** SPKI, as `openssl pkey -pubin` reads it; the same text whatever file it came from. */
	readonly pem: string;
}

/** An Ed25519 key that makes signatures. */
export interface SigningKey {
	readonly publicKey: PublicKey;
	readonly privateKey: KeyObject;
}

/** A new key pair; the private key as PKCS #8, in PEM. */
export function generateKeyPair(): { readonly privatePem: string; readonly publicPem: string } {
	const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
		privateKeyEncoding: { type: "pkcs8", format: "pem" },
		publicKeyEncoding: { type: "spki", format: "pem" },
	});
	return { privatePem: privateKey, publicPem: publicKey };
}

/**
 * Reads a public key in PEM.
 *
 * @param whereFrom Path, for messages.
 * @throws {NetherdError} `trust.key-unusable`.
 */
export function parsePublicKey(pem: string, whereFrom: string): PublicKey {
	const wanted = "one public Ed25519 key in PEM (-----BEGIN PUBLIC KEY-----)";
	if (/PRIVATE KEY-----/.test(pem)) {
		throw unusable(
			`${whereFrom} holds a private key, and the public one is wanted`,
			`openssl pkey -in ${whereFrom} -pubout prints it; keep the private key where signatures are made`,
		);
	}
	const hint = `give ${wanted}; image keygen makes a pair`;
	if (pem.match(/-----BEGIN /g)?.length !== 1 || !pem.includes("-----BEGIN PUBLIC KEY-----")) {
		throw unusable(`${whereFrom} is not ${wanted}`, hint);
	}
	return toPublicKey(
		orUnusable(() => createPublicKey(pem), `${whereFrom} is not ${wanted}`, hint),
		whereFrom,
	);
}

/**
 * Reads a private key in PEM (PKCS #8).
 *
 * @param whereFrom Path, for messages. No part of the key gets into them.
 * @throws {NetherdError} `trust.key-unusable`.
 */
export function parseSigningKey(pem: string, whereFrom: string): SigningKey {
	const hint = "give a private Ed25519 key in PEM without a passphrase; image keygen makes one";
	if (pem.includes("-----BEGIN ENCRYPTED ")) {
		throw unusable(`${whereFrom} is a key with a passphrase, and nobody is there to type it`, hint);
	}
	const privateKey = orUnusable(
		() => createPrivateKey(pem),
		`${whereFrom} is not a private key in PEM`,
		hint,
	);
	return { privateKey, publicKey: toPublicKey(createPublicKey(privateKey), whereFrom) };
}

/** For people: `0123456789abcdef, fedcba9876543210`, or `none`. */
export function listKeyIds(ids: readonly string[]): string {
	return ids.length === 0 ? "none" : ids.join(", ");
}

function toPublicKey(key: KeyObject, whereFrom: string): PublicKey {
	if (key.asymmetricKeyType !== "ed25519") {
		throw unusable(
			`${whereFrom} is a key of type ${key.asymmetricKeyType}, and not Ed25519`,
			"image keygen makes an Ed25519 key; so does: openssl genpkey -algorithm ed25519",
		);
	}
	// RFC 8410, section 4: the raw key is the end of the SPKI structure.
	const raw = key.export({ type: "spki", format: "der" }).subarray(-32);
	return {
		id: createHash("sha256").update(raw).digest("hex").slice(0, 16),
		key,
		pem: String(key.export({ type: "spki", format: "pem" })),
	};
}

/** The reasons of OpenSSL are codes of its decoder, which help nobody. */
function orUnusable<Result>(read: () => Result, message: string, hint: string): Result {
	try {
		return read();
	} catch {
		throw unusable(message, hint);
	}
}

function unusable(message: string, hint: string): NetherdError {
	return new NetherdError("trust.key-unusable", message, { hint });
}
