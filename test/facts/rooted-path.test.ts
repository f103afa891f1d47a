import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rootedPath } from "../../agent/facts/rooted-path.ts";

let root: string;

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "netherd-rooted-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test("a plain path is below the root, whether it exists or not", () => {
	expect(rootedPath(root, "/etc/hosts")).toBe(join(root, "etc/hosts"));
	expect(rootedPath(root, "/")).toBe(root);
});

test("an absolute link starts again at the root", () => {
	mkdirSync(join(root, "etc"));
	symlinkSync("/run/resolv.conf", join(root, "etc/resolv.conf"));
	expect(rootedPath(root, "/etc/resolv.conf")).toBe(join(root, "run/resolv.conf"));
});

test("a linked folder in the middle of the path is followed within the root", () => {
	symlinkSync("/../../../usr/lib", join(root, "lib"));
	expect(rootedPath(root, "/lib/systemd/x")).toBe(join(root, "usr/lib/systemd/x"));
});

test("no number of .. leaves the root, written or through links", () => {
	mkdirSync(join(root, "a/b"), { recursive: true });
	symlinkSync("../../../../etc/passwd", join(root, "a/b/escape"));
	expect(rootedPath(root, "/../../etc/passwd")).toBe(join(root, "etc/passwd"));
	expect(rootedPath(root, "/a/b/escape")).toBe(join(root, "etc/passwd"));
});

test("the last component can be named without following it", () => {
	symlinkSync("/elsewhere", join(root, "link"));
	expect(rootedPath(root, "/link", { followLast: false })).toBe(join(root, "link"));
	expect(rootedPath(root, "/link")).toBe(join(root, "elsewhere"));
});

test("links that point at each other are an error with a code", () => {
	symlinkSync("/two", join(root, "one"));
	symlinkSync("/one", join(root, "two"));
	expect(() => rootedPath(root, "/one/x")).toThrow(expect.objectContaining({ code: "host.path-loop" }));
});

test.each(["etc/hosts", "", "/etc/\0hosts"])("%j is not an absolute path", (path) => {
	writeFileSync(join(root, "x"), "");
	expect(() => rootedPath(root, path)).toThrow(expect.objectContaining({ code: "host.path-not-absolute" }));
});
