import fc from "fast-check";
import { expect, test } from "vitest";
import { hideTokens, tokensIn, withToken } from "../../agent/cluster/join-token.ts";

const old = "abcdef.k7q2m9x4w8z1p5tv";
const renewed = "abcdef.r3n4w5d6t7o8k9en";

test("the tokens of a configuration, wherever they stand", () => {
	const other = "fedcba.r3n4w5d6t7o8k9en";
	const text = JSON.stringify({
		discovery: { bootstrapToken: { token: old }, tlsBootstrapToken: other },
		name: "n",
	});
	expect(tokensIn(text)).toEqual([old, other]);
});

test.each([old, "{secret:join-token}"])("a token in the place of %s", (before) => {
	const text = JSON.stringify({ discovery: { bootstrapToken: { token: before, apiServerEndpoint: "a:1" } } });
	expect(JSON.parse(withToken(text, renewed))).toEqual({
		discovery: { bootstrapToken: { token: renewed, apiServerEndpoint: "a:1" } },
	});
});

test("lines without tokens: known ones, their secret halves, and what looks like one", () => {
	expect(hideTokens(`token ${old}, ${old.slice(7)}, ${renewed}`, [old])).toBe(
		"token {secret:join-token}, {secret:join-token}, {secret:bootstrap-token}",
	);
	expect(hideTokens('token ID "abcdef" and sha256:0123456789abcdef', [old])).toBe(
		'token ID "abcdef" and sha256:0123456789abcdef',
	);
});

test("no line shows the secret half of a known token, whatever stands around it", () => {
	const digits = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
	const word = (length: number) =>
		fc.array(fc.constantFrom(...digits), { minLength: length, maxLength: length }).map((all) => all.join(""));
	fc.assert(
		fc.property(fc.string(), word(6), word(16), fc.string(), (before, id, secret, after) => {
			const token = `${id}.${secret}`;
			expect(hideTokens(`${before}${token}${after}${secret}${before}`, [token])).not.toContain(secret);
		}),
	);
});
