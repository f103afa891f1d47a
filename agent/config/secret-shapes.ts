/*
 * What is a secret wherever it stands: a bootstrap token of kubeadm as a whole word (Kubernetes documentation,
 * "Authenticating with Bootstrap Tokens"), and a password hash of crypt(5), its dollars escaped or not.
 */
const token = "\\b[a-z0-9]{6}\\.[a-z0-9]{16}\\b";
const hashStart = "\\\\?\\$(?:[1567]|2[abxy]|g?y|sm3|sha1|md5)\\\\?\\$";
const shapes = new RegExp(`${token}|${hashStart}(?:[\\w./=,+-]+\\\\?\\$){0,3}[\\w./+-]{20,}`, "g");
const cutShapes = new RegExp(
	`\\b[a-z0-9]{6}\\.(?:[a-z0-9]{16}\\b|[a-z0-9]{1,15}…)|${hashStart}[\\w./=,+$\\\\-]*(?:…|[\\w./+-]{20,})`,
	"g",
);

/** Replaces what looks like a secret; `key` is a name for its sort, `secret` the text without backslashes. */
export function replaceSecretShapes(text: string, replace: (key: string, secret: string) => string): string {
	return text.replace(shapes, (found) => replace(sortOf(found), found.replaceAll("\\$", "$")));
}

/** Whether a text holds what looks like a secret. */
export function looksSecret(text: string): boolean {
	return text.search(shapes) >= 0;
}

/** For messages, where a long text shows its start only. */
export function hideSecretShapes(message: string): string {
	return message.replace(cutShapes, (found) => `{secret:${sortOf(found)}}`);
}

function sortOf(found: string): string {
	return /^[\\$]/.test(found) ? "password-hash" : "bootstrap-token";
}
