import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rootedPath, rootedStatus } from "../../image/rooted.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

test.each([
	["usr/bin/tool", "usr/bin/tool"],
	["/bin/tool", "usr/bin/tool"],
	["absolute/shadow", "etc/shadow"],
	["usr/away/shadow", "etc/shadow"],
	["up/shadow", "shadow"],
	["../../../etc/shadow", "etc/shadow"],
	["etc/self/self/shadow", "etc/shadow"],
	["nothing/../etc/shadow", "etc/shadow"],
	["no/such/file", "no/such/file"],
])("%s of a root is %s of it", (path, expected) => {
	const root = hostileRoot();
	expect(rootedPath(root, path, true)).toBe(join(root, expected));
});

test("a link at the end is followed only when that is asked for", () => {
	const root = hostileRoot();
	expect(rootedPath(root, "absolute", false)).toBe(join(root, "absolute"));
	expect(rootedPath(root, "absolute", true)).toBe(join(root, "etc"));
});

test("links in a circle lead nowhere", () => {
	const root = hostileRoot();
	expect(rootedPath(root, "circle/file", false)).toBe(undefined);
	expect(rootedStatus(root, "circle")).toBe(undefined);
});

test("the status is that of what is in the root, whatever this machine has there", () => {
	const root = hostileRoot();
	expect(rootedStatus(root, "bin/tool")?.isFile()).toBe(true);
	expect(rootedStatus(root, "absolute")?.isDirectory()).toBe(true);
	expect(rootedStatus(root, "absolute/hostname")).toBe(undefined);
	expect(rootedStatus(root, "usr/bin/tool/file")).toBe(undefined);
});

function hostileRoot(): string {
	const root = temporaryFolder();
	mkdirSync(join(root, "usr/bin"), { recursive: true });
	mkdirSync(join(root, "etc"));
	writeFileSync(join(root, "usr/bin/tool"), "");
	symlinkSync("usr/bin", join(root, "bin"));
	symlinkSync("/etc", join(root, "absolute"));
	symlinkSync("/etc", join(root, "usr/away"));
	symlinkSync("../../../..", join(root, "up"));
	symlinkSync(".", join(root, "etc/self"));
	symlinkSync("circle", join(root, "circle"));
	return root;
}
