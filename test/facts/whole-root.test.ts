import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { resolveFacts } from "../../agent/facts/resolve-facts.ts";
import { describeWholeRoot, gatherWholeRoot, keysWithoutEffect } from "../../agent/facts/whole-root.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

const said = { name: "node", kernelRelease: "6.12.1-amd64", sizeBytes: 400 * 1024 ** 2, movingBytes: 7 };

/** An initramfs with these files below /netherd. */
function initramfs(files: Readonly<Record<string, string>>): string {
	const folder = mkdtempSync(join(tmpdir(), "netherd-initramfs-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	mkdirSync(join(folder, "netherd"));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "netherd", name), text);
	return folder;
}

const failure = (files: Readonly<Record<string, string>>) => {
	try {
		return gatherWholeRoot(initramfs(files));
	} catch (error) {
		return error;
	}
};

test("what the build says about it", () => {
	const root = gatherWholeRoot(
		initramfs({ "root.json": JSON.stringify({ ...said, later: 1 }), "root-complete": "" }),
	);
	expect(root).toEqual(said);
	expect(describeWholeRoot(root)).toBe(
		"the root of image node, 400 MiB, is in this initramfs; no signature was asked for, as for kernel and initramfs",
	);
});

test("an initramfs without a root, one that was not unpacked to its end, and one with a wrong description", () => {
	const text = JSON.stringify(said);
	expect(failure({})).toMatchObject({ code: "image.root-missing" });
	expect(failure({ "root.json": text })).toMatchObject({ code: "image.root-incomplete" });
	const wrong = JSON.stringify({ ...said, sizeBytes: "much" });
	expect(failure({ "root.json": wrong, "root-complete": "" })).toMatchObject({
		code: "image.manifest-invalid",
	});
});

test("keys about an image that is fetched are named, with their place", () => {
	const facts = makeInitFacts("[default]\nOVERLAY_TMPFS_SIZE = 1G\nIMAGE = storage\nIMAGE_TMPFS_SIZE = 2G\n");
	expect(keysWithoutEffect(resolveFacts(facts).configuration)).toEqual([
		"IMAGE (lts.conf:3 [default]) has no effect: the root is in the initramfs that was booted",
		"IMAGE_TMPFS_SIZE (lts.conf:4 [default]) has no effect: the root is in the initramfs that was booted",
	]);
	expect(keysWithoutEffect(resolveFacts(makeInitFacts("[default]\n")).configuration)).toEqual([]);
});
