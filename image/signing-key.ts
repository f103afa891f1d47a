import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { readSigningKey } from "../agent/trust/key-files.ts";
import { generateKeyPair, parseSigningKey, type SigningKey } from "../agent/trust/keys.ts";
import type { Say } from "./progress.ts";

/** Where the farm's private key is when nothing else is said. */
export const defaultSigningKeyFile = "/etc/netherd/signing-key.pem";

/** The public half beside a private key: `signing-key.pem` → `signing-key.pub.pem`. */
export function publicKeyFile(privateKeyFile: string): string {
	return `${privateKeyFile.replace(/\.pem$/, "")}.pub.pem`;
}

/**
 * Makes a key pair: the private key, which only its owner can read, and the public one beside it. Overwrites nothing.
 *
 * @throws {NetherdError} `image.key-exists`, `image.key-not-written`.
 */
export function makeSigningKey(file: string): SigningKey {
	const { privatePem, publicPem } = generateKeyPair();
	const publicFile = publicKeyFile(file);
	for (const path of [file, publicFile]) if (existsSync(path)) throw exists(path);
	try {
		mkdirSync(dirname(file), { recursive: true });
		// In this order, two that make the same file at once agree on one key.
		writeNewFile(file, privatePem, 0o600);
		writeNewFile(publicFile, publicPem, 0o644);
	} catch (error) {
		// Made by another command meanwhile. EEXIST alone may also be a file where its folder should be.
		if (existsSync(file) && error instanceof Error && "code" in error && error.code === "EEXIST")
			throw exists(file);
		throw new NetherdError("image.key-not-written", `can't write the key ${file}`, {
			hint: "give another place: image keygen FILE, image build --key FILE",
			cause: error,
		});
	}
	return parseSigningKey(privatePem, file);
}

/**
 * The key of a file; a new one when there is none, so that the first image needs no preparation.
 *
 * @throws {NetherdError} `trust.key-unusable`, `trust.key-exposed`, `image.key-not-written`.
 */
export function openOrMakeSigningKey(file: string, say: Say): SigningKey {
	if (existsSync(file)) return readSigningKey(file);
	let key: SigningKey;
	try {
		key = makeSigningKey(file);
	} catch (error) {
		// Another build was faster.
		if (error instanceof NetherdError && error.code === "image.key-exists" && existsSync(file)) {
			return readSigningKey(file);
		}
		throw error;
	}
	say(`NEW SIGNING KEY ${key.publicKey.id}: ${file}`);
	say(
		"nodes of this image use nothing that is not signed with it: keep a copy where it is safe (docs/trust.md)",
	);
	return key;
}

/** Complete under its name or not there, on the disk before it is used, and never in the place of another. */
function writeNewFile(path: string, content: string, mode: number): void {
	const unfinished = `${path}.unfinished-${process.pid}`;
	rmSync(unfinished, { force: true });
	const descriptor = openSync(unfinished, "wx", mode);
	try {
		writeSync(descriptor, content);
		fsyncSync(descriptor);
		linkSync(unfinished, path);
	} finally {
		closeSync(descriptor);
		rmSync(unfinished, { force: true });
	}
}

function exists(path: string): NetherdError {
	return new NetherdError("image.key-exists", `${path} is there already, and no key is ever overwritten`, {
		hint: "give another file: image keygen FILE; without the old key nothing more can be signed for the nodes that trust it",
	});
}
