import { readSigningKey } from "../../agent/trust/key-files.ts";
import { signHelp } from "../help.ts";
import { signableFiles, signFile } from "../sign.ts";
import { defaultSigningKeyFile } from "../signing-key.ts";
import { badOption, readOptions } from "./options.ts";

/** `image sign`; returns what goes to standard output. */
export function sign(words: readonly string[]): string {
	const { values, positionals } = readOptions("sign", words, { key: { type: "string" } });
	if (values.help === true) return signHelp();
	if (positionals.length === 0) {
		throw badOption(
			"what is to be signed is missing",
			"give a boot tree, a version's folder or a file: image sign DIR",
		);
	}
	const key = readSigningKey(values.key ?? defaultSigningKeyFile);
	// All of them are there before the first is signed.
	const files = positionals.flatMap(signableFiles);
	return files
		.map((signable) => {
			const outcome = signFile(signable, key) ? "signed" : "was signed";
			return `${signable.file} ${outcome} by ${key.publicKey.id}\n`;
		})
		.join("");
}
