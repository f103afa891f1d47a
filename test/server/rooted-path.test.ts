import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { openRooted, pathParts, resolveRooted } from "../../server/rooted-path.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** A root with a file, and a secret beside the root. */
function makeRoot(): { top: string; root: string } {
	const top = temporaryFolder();
	const root = join(top, "root");
	mkdirSync(join(root, "sub"), { recursive: true });
	mkdirSync(join(top, "rootbeside"));
	writeFileSync(join(root, "sub/file"), "content");
	writeFileSync(join(top, "secret"), "secret");
	writeFileSync(join(top, "rootbeside/secret"), "secret");
	return { top, root };
}

async function contentOf(root: string, parts: readonly string[]): Promise<string> {
	const { handle } = await openRooted(root, parts);
	onTestFinished(() => handle.close());
	return handle.readFile("utf8");
}

const leadsOut = expect.objectContaining({ code: "server.path-leads-out" });
const missing = expect.objectContaining({ code: "server.file-missing" });

test.each([
	["/a/b.c", ["a", "b.c"]],
	["/a%20b", ["a b"]],
	["/..data/x", ["..data", "x"]],
	["/%252e%252e/x", ["%2e%2e", "x"]],
])("%s has the parts %j", (path, parts) => {
	expect(pathParts(path)).toEqual(parts);
});

test.each([
	"/../x",
	"/a/../x",
	"/a/./x",
	"/%2e%2e/x",
	"/%2E./x",
	"/a%2fb",
	"/a%5cb",
	"/a%00",
	"/a//b",
	"/a/",
	"/%",
	"/%ff",
	"a/b",
	"",
])("%j is refused", (path) => {
	expect(() => pathParts(path)).toThrow(expect.objectContaining({ code: "server.path-refused" }));
});

test("no path leads out of the root, whatever it is made of", () => {
	const { root } = makeRoot();
	const piece = fc.constantFrom(
		"..",
		".",
		"%2e",
		"%2e%2e",
		"%2f",
		"/",
		"\\",
		"secret",
		"sub",
		"rootbeside",
		"%00",
		"a",
	);
	fc.assert(
		fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
			let found: string;
			try {
				found = resolveRooted(root, pathParts(`/${pieces.join("")}`));
			} catch {
				return;
			}
			expect(`${found}/`.startsWith(`${root}/`)).toBe(true);
		}),
	);
});

test("links are followed inside the root", async () => {
	const { root } = makeRoot();
	symlinkSync("sub/file", join(root, "relative"));
	symlinkSync(join(root, "sub/file"), join(root, "absolute"));
	symlinkSync("../root/sub", join(root, "out-and-in"));
	expect(await contentOf(root, ["relative"])).toBe("content");
	expect(await contentOf(root, ["absolute"])).toBe("content");
	expect(await contentOf(root, ["out-and-in", "file"])).toBe("content");
});

test("a ConfigMap mount is a chain of links", async () => {
	const { root } = makeRoot();
	mkdirSync(join(root, "config/..2026_01_01"), { recursive: true });
	writeFileSync(join(root, "config/..2026_01_01/lts.conf"), "[default]");
	symlinkSync("..2026_01_01", join(root, "config/..data"));
	symlinkSync("..data/lts.conf", join(root, "config/lts.conf"));
	symlinkSync("config/lts.conf", join(root, "lts.conf"));
	expect(await contentOf(root, ["lts.conf"])).toBe("[default]");
});

test.each([
	["a relative link", "../secret"],
	["a link to a folder whose name begins like the root's", "../rootbeside/secret"],
	["a link to the folder above", ".."],
	["a chain of links", "hop"],
])("%s that leads out is refused", async (_, target) => {
	const { root } = makeRoot();
	symlinkSync("../secret", join(root, "hop"));
	symlinkSync(target, join(root, "link"));
	await expect(openRooted(root, ["link"])).rejects.toEqual(leadsOut);
});

test("an absolute link that leads out is refused, also in the middle of a path", async () => {
	const { top, root } = makeRoot();
	symlinkSync(join(top, "secret"), join(root, "link"));
	symlinkSync(top, join(root, "sub/up"));
	await expect(openRooted(root, ["link"])).rejects.toEqual(leadsOut);
	await expect(openRooted(root, ["sub", "up", "secret"])).rejects.toEqual(leadsOut);
});

test("a root that is itself a link is a root", async () => {
	const { top, root } = makeRoot();
	symlinkSync("root", join(top, "alias"));
	expect(resolveRooted(join(top, "alias"), ["sub", "file"])).toBe(join(root, "sub/file"));
	expect(await contentOf(join(top, "alias"), ["sub", "file"])).toBe("content");
});

test("what is no regular file is not opened: folder, loop, FIFO, nothing", async () => {
	const { root } = makeRoot();
	symlinkSync("loop", join(root, "loop"));
	execFileSync("mkfifo", [join(root, "fifo")]);
	for (const name of ["sub", "loop", "fifo", "nothing"]) {
		await expect(openRooted(root, [name])).rejects.toEqual(missing);
	}
});
