import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../errors.ts";
import { type PublicKey, parsePublicKey, parseSigningKey, type SigningKey } from "./keys.ts";

/** A key in PEM has some hundred bytes. */
const maximumKeyFileBytes = 16 * 1024;

/**
 * Reads a public key that a person named.
 *
 * @throws {NetherdError} `trust.key-missing`, `trust.key-unusable`.
 */
export function readPublicKey(file: string): PublicKey {
	return parsePublicKey(readKeyFile(file).text, file);
}

/**
 * Reads a private key, which only its owner may read.
 *
 * @throws {NetherdError} `trust.key-missing`, `trust.key-unusable`, `trust.key-exposed`.
 */
export function readSigningKey(file: string): SigningKey {
	const { text, status } = readKeyFile(file);
	const key = parseSigningKey(text, file);
	if ((status.mode & 0o077) === 0) return key;
	throw new NetherdError(
		"trust.key-exposed",
		`the private key ${file} has mode ${(status.mode & 0o7777).toString(8).padStart(4, "0")}: others than its owner can use it`,
		{
			hint: `chmod 600 ${file} (in Kubernetes: defaultMode: 0400); if others may have read it, make a new one: image keygen`,
		},
	);
}

/**
 * Reads every `*.pem` of a folder; without the folder there are none.
 *
 * @throws {NetherdError} `trust.key-unusable`: a key that is there and does not count would be a surprise.
 */
export function readTrustedKeys(folder: string): readonly PublicKey[] {
	return namesIn(folder)
		.filter((name) => name.endsWith(".pem"))
		.sort()
		.map((name) => readPublicKey(join(folder, name)));
}

function readKeyFile(file: string): { readonly text: string; readonly status: Stats } {
	try {
		const status = statSync(file);
		// A pipe would never come to an end.
		if (!status.isFile() || status.size > maximumKeyFileBytes) {
			throw new NetherdError(
				"trust.key-unusable",
				`${file} is ${status.isFile() ? `${status.size} bytes long` : "not a file"}, and so no key`,
				{ hint: "give a file with one key in PEM; image keygen makes a pair" },
			);
		}
		return { text: readFileSync(file, "utf8"), status };
	} catch (error) {
		if (error instanceof NetherdError) throw error;
		throw new NetherdError("trust.key-missing", `can't read the key ${file}`, {
			hint: "check path and permissions; image keygen FILE makes a new key",
			cause: error,
		});
	}
}

function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
		throw new NetherdError("trust.key-unusable", `can't read the trusted keys in ${folder}`, {
			hint: "it must be a folder of *.pem files",
			cause: error,
		});
	}
}
