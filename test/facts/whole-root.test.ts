import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeWholeRoot, gatherWholeRoot } from "../../agent/facts/whole-root.ts";

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
