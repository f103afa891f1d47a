import type { CommandLine } from "../config/cmdline.ts";
import { trustedKeysFolder } from "../paths.ts";
import { readTrustedKeys } from "../trust/key-files.ts";
import type { PublicKey } from "../trust/keys.ts";
import { rootedPath } from "./rooted-path.ts";

/** What is known about the maker of something that came from a server. */
export type Verification = { readonly signedBy: string } | { readonly notVerified: string };

/** Whose signatures count for what comes from a server; or that nobody's are asked for, and why. */
export type Trust =
	| { readonly kind: "signed"; readonly keys: readonly PublicKey[] }
	| { readonly kind: "anybody"; readonly why: string };

/** The parameter that turns verification off. */
export const verifyNone = "netherd.verify=none";

/**
 * What a machine trusts: the keys below its root, unless its kernel command line says that it is not to ask.
 *
 * @throws {NetherdError} `trust.key-unusable`.
 */
export function trustOf({ verify }: CommandLine, root: string): Trust {
	if (verify === "none") return { kind: "anybody", why: verifyNone };
	return { kind: "signed", keys: readTrustedKeys(rootedPath(root, trustedKeysFolder)) };
}

/** For people: `signed by KEYID`, `NOT VERIFIED (netherd.verify=none)`. */
export function describeVerification(verification: Verification): string {
	return "signedBy" in verification
		? `signed by ${verification.signedBy}`
		: `NOT VERIFIED (${verification.notVerified})`;
}
