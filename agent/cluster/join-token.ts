import { secretMarker } from "../config/secret-marker.ts";
import { hideSecretShapes } from "../config/secret-shapes.ts";

/** Stands in the configuration where the engine puts the token that it has read. */
export const joinTokenName = "join-token";
const marker = secretMarker(joinTokenName);

const tokenForm = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/** Whether a text is a bootstrap token (Kubernetes documentation, "Authenticating with Bootstrap Tokens"). */
export function isBootstrapToken(text: string): boolean {
	return tokenForm.test(text);
}

/** All bootstrap tokens of a JoinConfiguration: that of discovery and that of the TLS bootstrap may differ. */
export function tokensIn(configuration: string): readonly string[] {
	return [...new Set(strings(JSON.parse(configuration)).filter(isBootstrapToken))];
}

/** A JoinConfiguration with another token: in the place of the marker, and of the token that it holds. */
export function withToken(configuration: string, token: string): string {
	const old = tokensIn(configuration);
	return JSON.stringify(
		JSON.parse(configuration, (_, value: unknown) =>
			typeof value === "string" && (value === marker || old.includes(value)) ? token : value,
		),
		null,
		2,
	);
}

/** Takes tokens out of what is logged: those that are known, their secret halves, and whatever looks like one. */
export function hideTokens(line: string, tokens: readonly string[]): string {
	let hidden = line;
	for (const token of tokens) {
		hidden = hidden.replaceAll(token, marker).replaceAll(token.slice(token.indexOf(".") + 1), marker);
	}
	return hideSecretShapes(hidden);
}

function strings(value: unknown): string[] {
	if (typeof value === "string") return [value];
	return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}
