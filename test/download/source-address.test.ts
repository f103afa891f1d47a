import { describe, expect, test } from "vitest";
import { describeSource, parseSourceAddress } from "../../agent/download/source-address.ts";

describe("source addresses", () => {
	test.each([
		["nbd://10.0.0.1/node", { kind: "nbd", host: "10.0.0.1", port: 10809, exportName: "node" }],
		["nbd://10.0.0.1:99/node/v1", { kind: "nbd", host: "10.0.0.1", port: 99, exportName: "node/v1" }],
		["nbd://[fd00::1]//opt/ltsp", { kind: "nbd", host: "fd00::1", port: 10809, exportName: "/opt/ltsp" }],
		["http://mirror/a%20b", { kind: "http", url: "http://mirror/a%20b" }],
		["https://mirror:8443/image", { kind: "http", url: "https://mirror:8443/image" }],
		["file:///srv/a%20b", { kind: "file", path: "/srv/a b" }],
		["/dev/disk/by-label/IMAGE", { kind: "file", path: "/dev/disk/by-label/IMAGE" }],
	])("%s", (text, expected) => {
		expect(parseSourceAddress(text)).toEqual(expected);
	});

	test.each([
		["mirror/image", /no URL/],
		["ftp://mirror/image", /protocol ftp:/],
		["nbd:///node", /no host/],
		["nbd://host/%zz", /hexadecimal/],
		["file://host/image", /file:\/\/\/PATH/],
		["http://user:word@mirror/image", /console/],
		["http://", /no URL/],
		["http://mirror/image#1", /#/],
		["http://mirror:0/image", /no port/],
		["nbd://host?x=1", /no \? part/],
		["nbd://host/%00", /printable/],
		["file:///srv/image?x", /no \? part/],
		["/srv/../etc", /\.\./],
		["/srv//image", /empty parts/],
		["/srv/", /folder/],
	])("refuses %s", (text, problem) => {
		expect(parseSourceAddress(text)).toEqual({ problem: expect.stringMatching(problem) });
	});

	test.each(["nbd://10.0.0.1:99/node/v1", "http://mirror/image", "file:///srv/image"])(
		"%s is shown as it was written",
		(text) => {
			const address = parseSourceAddress(text);
			if ("problem" in address) throw new Error(address.problem);
			expect(describeSource(address)).toBe(text);
		},
	);
});
