import { existsSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { NetherdError } from "../agent/errors.ts";
import { readSigningKey } from "../agent/trust/key-files.ts";
import type { SigningKey } from "../agent/trust/keys.ts";
import { makeSignatureAside, serializeSignatures, signatureEnding } from "../agent/trust/signature-file.ts";
import { releasedImages } from "./boot-tree.ts";
import type { Situation } from "./service.ts";

/**
 * The keys of the configuration; none may lie where everybody on the network can fetch it.
 *
 * @throws {NetherdError} `server.key-is-served`, `trust.key-missing`, `trust.key-unusable`, `trust.key-exposed`.
 */
export function readSigningKeys(folder: string, files: readonly string[]): readonly SigningKey[] {
	return files.map((file) => {
		const key = readSigningKey(file);
		const isServed = ["images", "loader"].some((name) => {
			const served = join(folder, name);
			return existsSync(served) && realpathSync(file).startsWith(realpathSync(served) + sep);
		});
		if (!isServed) return key;
		throw new NetherdError(
			"server.key-is-served",
			`the private key ${file} lies where everybody can fetch it`,
			{
				hint: "make a new key elsewhere (image keygen FILE) and build the image with it: this one may have been read",
			},
		);
	});
}

/** The signature file of an lts.conf, a line for each key. */
export async function signLtsConf(content: Uint8Array, keys: readonly SigningKey[]): Promise<string> {
	return serializeSignatures(
		await Promise.all(keys.map((key) => makeSignatureAside(content, "lts.conf", key))),
	);
}

/**
 * What nodes that ask for signatures would refuse, and what makes them ask for none. The companion serves all the same:
 * the file may get its signature while it runs.
 */
export function signingWarnings({ tree, config, signingKeys }: Situation): readonly NetherdError[] {
	const isThere = (...parts: readonly string[]) => existsSync(join(tree.folder, ...parts));
	const warnings: NetherdError[] = [];
	if (signingKeys.length === 0 && isThere("lts.conf") && !isThere(`lts.conf${signatureEnding}`)) {
		warnings.push(
			new NetherdError(
				"server.lts-conf-unsigned",
				`${join(tree.folder, "lts.conf")} is not signed: nodes will refuse it`,
				{
					hint: `image sign ${tree.folder} signs it, and again after every change; or give the companion a key: [signing] key = FILE`,
				},
			),
		);
	}
	const pinned = config.pins.flatMap(({ image, version }) =>
		version === undefined ? [] : [[image, version]],
	);
	const booted = [...releasedImages(tree.folder).map((name) => [name, "current"]), ...pinned];
	for (const parts of new Set(booted.map((part) => join(...part)))) {
		const manifest = ["images", parts, "image.json"] as const;
		if (isThere(...manifest.slice(0, -1), `image.json${signatureEnding}`)) continue;
		warnings.push(
			new NetherdError(
				"server.image-unsigned",
				`${join(tree.folder, ...manifest)} is not signed: nodes will refuse the image`,
				{ hint: `image sign ${tree.folder} signs it, with the key that its nodes trust` },
			),
		);
	}
	if (/(^|\s)"?netherd\.verify=none\b/.test(config.kernelParameters)) {
		warnings.push(
			new NetherdError(
				"server.verification-off",
				"[kernel] parameters has netherd.verify=none: nodes use whatever they get, whoever made it",
				{ hint: "remove it as soon as lts.conf and image are signed" },
			),
		);
	}
	return warnings;
}
