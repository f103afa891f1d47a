import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isRefusedRead, natureOf } from "../../agent/download/source-failure.ts";
import { NetherdError } from "../../agent/errors.ts";
import { repository } from "../../tools/cache.ts";

const error = (code: string) => new NetherdError(code, code, { hint: "none" });

/** What a wrong address or a wrong server gives: it is the same next time. */
const permanent = [
	...["file.not-a-file", "file.not-found", "file.stalled"],
	...["http.bad-certificates", "http.bad-redirect", "http.forbidden", "http.html-page", "http.not-found"],
	...["http.not-http", "http.ranges-ignored", "http.too-many-redirects"],
	...["image.changed-on-server", "image.size-mismatch"],
	...["nbd.not-nbd", "nbd.old-protocol", "nbd.unknown-export", "nbd.export-refused", "nbd.tls-required"],
];
/** What a restart or a full network gives: however often, it may be over. */
const passing = [
	...["http.busy", "http.connect-timeout", "http.connection-lost", "http.connection-refused", "http.stalled"],
	...["http.unknown-host", "http.unreachable"],
	...["nbd.unknown-host", "nbd.connection-refused", "nbd.unreachable", "nbd.handshake-timeout"],
	...["nbd.connection-lost", "nbd.stalled", "nbd.server-shutting-down"],
];
/** What should not be, and may be chance once. */
const odd = [
	...["file.open-failed", "file.read-error", "image.chunk-corrupt"],
	...["http.protocol-violation", "http.refused", "http.server-error", "http.tls-failed", "http.wrong-range"],
	...["nbd.protocol-violation", "nbd.read-error"],
];

describe("the nature of a failure", () => {
	test.each(permanent)("%s is permanent", (code) => expect(natureOf(error(code))).toBe("permanent"));
	test.each(passing)("%s is passing", (code) => expect(natureOf(error(code))).toBe("passing"));
	test.each(odd)("%s is odd", (code) => expect(natureOf(error(code))).toBe("odd"));

	test("what is none of our errors is odd", () => expect(natureOf(new TypeError("bug"))).toBe("odd"));

	test("every code of a source in docs/errors.md is one of these", () => {
		const text = readFileSync(join(repository, "docs/errors.md"), "utf8");
		const documented = [...text.matchAll(/^### `((?:file|http|nbd)\.[a-z-]+)`/gm)].map(([, code]) => code);
		expect(documented.length).toBeGreaterThan(30);
		expect(documented.filter((code) => ![...permanent, ...passing, ...odd].includes(code ?? ""))).toEqual([]);
	});
});

test("two codes refuse one read, and no other", () => {
	const refused = [...permanent, ...passing, ...odd].filter((code) => isRefusedRead(error(code)));
	expect(refused).toEqual(["file.read-error", "nbd.read-error"]);
});
