import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseManifest } from "../agent/download/manifest.ts";
import { NetherdError } from "../agent/errors.ts";
import type { SigningKey } from "../agent/trust/keys.ts";
import {
	makeSignature,
	type Purpose,
	parseSignatures,
	type Signature,
	serializeSignatures,
	signatureEnding,
} from "../agent/trust/signature-file.ts";

/** A file that nodes want signed. */
export interface SignableFile {
	readonly file: string;
	readonly purpose: Purpose;
}

/**
 * What is to be signed at a path: the file itself, the image.json of a version's folder, or, in a boot tree, lts.conf and
 * the image.json of every version.
 *
 * @throws {NetherdError} `image.nothing-to-sign`.
 */
export function signableFiles(path: string): readonly SignableFile[] {
	const status = statSync(path, { throwIfNoEntry: false });
	const found = status?.isDirectory() ? inFolder(path) : status?.isFile() ? named(path) : [];
	if (found.length > 0) return found;
	throw new NetherdError("image.nothing-to-sign", `${path} is nothing that nodes want signed`, {
		hint: "give a boot tree, the folder of a version of an image, an image.json or an lts.conf",
	});
}

/**
 * Puts the key's signature into the file beside, in one step. Signatures of other keys stay, so that several keys can sign;
 * one that fits already stays, too.
 *
 * @returns Whether anything had to be changed.
 * @throws {NetherdError} `image.sign-failed`, `image.manifest-*`, `trust.signature-malformed`, `trust.signature-too-large`.
 */
export function signFile({ file, purpose }: SignableFile, key: SigningKey): boolean {
	const signatureFile = `${file}${signatureEnding}`;
	try {
		const content = readFileSync(file);
		if (purpose === "image.json") parseManifest(content.toString("utf8"), file);
		const signature = makeSignature(content, purpose, key);
		const before = existsSync(signatureFile)
			? parseSignatures(readFileSync(signatureFile), signatureFile)
			: [];
		if (before.some((one) => isSame(one, signature))) return false;
		const others = before.filter(({ keyId }) => keyId !== signature.keyId);
		replaceFile(signatureFile, serializeSignatures([...others, signature]));
		return true;
	} catch (error) {
		if (error instanceof NetherdError) throw error;
		throw new NetherdError("image.sign-failed", `can't sign ${file}`, {
			hint: "check that the file can be read and that its folder can be written",
			cause: error,
		});
	}
}

function isSame(a: Signature, b: Signature): boolean {
	return a.keyId === b.keyId && a.bytes.equals(b.bytes);
}

function inFolder(folder: string): readonly SignableFile[] {
	const purposes = ["lts.conf", "image.json"] as const;
	const own = purposes
		.map((purpose) => ({ file: join(folder, purpose), purpose }))
		.filter(({ file }) => existsSync(file));
	const images = foldersIn(join(folder, "images")).flatMap((name) =>
		foldersIn(join(folder, "images", name)).map((version) =>
			join(folder, "images", name, version, "image.json"),
		),
	);
	return [
		...own,
		...images.filter((file) => existsSync(file)).map((file) => ({ file, purpose: "image.json" as const })),
	];
}

/** Neither links, as `current` is, nor what is not finished. */
function foldersIn(folder: string): readonly string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
		.map(({ name }) => name)
		.sort();
}

/** An lts.conf may have a longer name until it takes its place. */
function named(file: string): readonly SignableFile[] {
	const name = basename(file);
	if (name === "image.json") return [{ file, purpose: "image.json" }];
	return name.startsWith("lts.conf") && !name.endsWith(signatureEnding)
		? [{ file, purpose: "lts.conf" }]
		: [];
}

function replaceFile(path: string, content: string): void {
	const unfinished = join(dirname(path), `.${basename(path)}.unfinished-${process.pid}`);
	try {
		writeFileSync(unfinished, content, { mode: 0o644 });
		renameSync(unfinished, path);
	} finally {
		rmSync(unfinished, { force: true });
	}
}
