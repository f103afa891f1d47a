import { resolve } from "node:path";
import { keygenHelp } from "../help.ts";
import { defaultSigningKeyFile, makeSigningKey, publicKeyFile } from "../signing-key.ts";
import { badOption, readOptions } from "./options.ts";

/** `image keygen`; returns what goes to standard output. */
export function keygen(words: readonly string[]): string {
	const { values, positionals } = readOptions("keygen", words, {});
	if (values.help === true) return keygenHelp();
	const [name, ...more] = positionals;
	if (more.length > 0)
		throw badOption(`one file only, not also ${more.join(" ")}`, "see: image keygen --help");
	const file = resolve(name ?? defaultSigningKeyFile);
	const { publicKey } = makeSigningKey(file);
	return `key ${publicKey.id}\nprivate  ${file}\npublic   ${publicKeyFile(file)}\n`;
}
