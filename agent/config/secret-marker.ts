/**
 * `{secret:NAME}`: what stands in the place of a secret until the real host puts it there. Of a secret that does not have
 * the form that its key asks for, the name starts with `invalid-`.
 */

const marker = /\{secret:([a-z0-9-]+)\}/g;
const invalid = "invalid-";

export function secretMarker(name: string): string {
	return `{secret:${name}}`;
}

/** A name for a secret that is not what its key asks for. */
export function invalidSecretName(name: string): string {
	return invalid + name;
}

/** Whether a value holds a secret that is filled in later. */
export function holdsSecret(text: string): boolean {
	return namesIn(text).length > 0;
}

export function holdsInvalidSecret(text: string): boolean {
	return namesIn(text).some((name) => name.startsWith(invalid));
}

/** Whether a text is a marker and nothing else. */
export function isSecretMarker(text: string): boolean {
	return text.replace(marker, "") === "" && namesIn(text).length === 1;
}

const sampleToken = "secret.secretsecretsecr";
const sampleHash = "$6$secret$secret";

/** The text with something of the same form in the place of each secret: a bootstrap token, or a password hash. */
export function withSampleSecrets(text: string): string {
	return text.replace(marker, (_, name: string) => (name.includes("token") ? sampleToken : sampleHash));
}

/** For what is said about such a text. */
export function withoutSampleSecrets(text: string): string {
	return text.replaceAll(sampleToken, "{secret:…}").replaceAll(sampleHash, "{secret:…}");
}

function namesIn(text: string): readonly string[] {
	return [...text.matchAll(marker)].map((match) => match[1] ?? "");
}
