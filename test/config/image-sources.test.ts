import { describe, expect, test } from "vitest";
import { missingPlaceholders, readImageSources } from "../../agent/config/image-sources.ts";

const nbd = (host: string, exportName: string) => ({ kind: "nbd", host, port: 10809, exportName });

describe("a list of sources", () => {
	test("of every kind, in its order, name and version filled in", () => {
		const text =
			"nbd://10.9.0.1/{name}/{version},  https://mirror.example/{name}-{version}.squashfs\tfile:///dev/sda3 /srv/{name}";
		expect(readImageSources(text, { name: "node", version: "2026.11~rc1" })).toEqual({
			value: [
				nbd("10.9.0.1", "node/2026.11~rc1"),
				{ kind: "http", url: "https://mirror.example/node-2026.11~rc1.squashfs" },
				{ kind: "file", path: "/dev/sda3" },
				{ kind: "file", path: "/srv/node" },
			],
		});
	});

	test.each([
		["nbd://10.9.0.1/node mirror/image", /^mirror\/image: it is no URL/],
		["nbd://10.9.0.1/{image}", /\{image\} means nothing; \{name\} and \{version\} do$/],
		["nbd://10.9.0.1/{name", /\{name means nothing/],
		["http://m/i http://m/i", /^http:\/\/m\/i is there twice$/],
		["http://node:hunter2@m/i", /^http:\/\/…@m\/i: a user or password/],
		[Array.from({ length: 17 }, (_, index) => `/dev/sd${index}`).join(" "), /^17 sources are more than 16$/],
	])("%s is refused", (text, problem) => {
		expect(readImageSources(text)).toEqual({ problem: expect.stringMatching(problem) });
	});
});

test("placeholders that nothing fills", () => {
	const text = "nbd://10.9.0.1/{name}/{version}";
	expect(missingPlaceholders(text, {})).toEqual(["{name}", "{version}"]);
	expect(missingPlaceholders(text, { name: "node" })).toEqual(["{version}"]);
	expect(missingPlaceholders("nbd://10.9.0.1/node", {})).toEqual([]);
});
