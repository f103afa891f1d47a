import { generateKeyPair, parseSigningKey, type SigningKey } from "../../../agent/trust/keys.ts";

/** A key of its own for a test. */
export function newKey(): {
	readonly key: SigningKey;
	readonly privatePem: string;
	readonly publicPem: string;
} {
	const pair = generateKeyPair();
	return { ...pair, key: parseSigningKey(pair.privatePem, "a test's key") };
}
