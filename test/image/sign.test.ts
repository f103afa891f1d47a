import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { parseSignatures } from "../../agent/trust/signature-file.ts";
import { signableFiles, signFile } from "../../image/sign.ts";
import { newKey } from "../trust/support/keys.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const { key } = newKey();
const idsIn = (file: string) => parseSignatures(readFileSync(file), file).map(({ keyId }) => keyId);

test("in a boot tree: lts.conf, and every version of every image, once, finished ones only", () => {
	const tree = temporaryFolder();
	for (const version of ["node/v1", "node/v2", "storage/v1", "node/.v3.unfinished-1"]) {
		mkdirSync(join(tree, "images", version), { recursive: true });
		writeFileSync(join(tree, "images", version, "image.json"), "{}");
	}
	mkdirSync(join(tree, "images/node/copying"));
	symlinkSync("v2", join(tree, "images/node/current"));
	writeFileSync(join(tree, "lts.conf"), "");
	expect(signableFiles(tree).map(({ file, purpose }) => [relative(tree, file), purpose])).toEqual([
		["lts.conf", "lts.conf"],
		["images/node/v1/image.json", "image.json"],
		["images/node/v2/image.json", "image.json"],
		["images/storage/v1/image.json", "image.json"],
	]);
	expect(signableFiles(join(tree, "images/node/v1")).map(({ file }) => relative(tree, file))).toEqual([
		"images/node/v1/image.json",
	]);
});

test("other paths are refused by name", () => {
	const folder = temporaryFolder();
	writeFileSync(join(folder, "image.squashfs"), "");
	writeFileSync(join(folder, "lts.conf.sig"), "");
	for (const path of [folder, "image.squashfs", "lts.conf.sig", "no-such-file"]) {
		expect(() => signableFiles(join(folder, path))).toThrow(
			expect.objectContaining({ code: "image.nothing-to-sign" }),
		);
	}
});

test("signing again changes nothing; another key's signature is added; a changed file gets a new one", () => {
	const file = join(temporaryFolder(), "lts.conf");
	writeFileSync(file, "[default]\n");
	const signable = { file, purpose: "lts.conf" } as const;
	expect(signFile(signable, key)).toBe(true);
	const { ino } = statSync(`${file}.sig`);
	expect(signFile(signable, key)).toBe(false);
	expect(statSync(`${file}.sig`).ino).toBe(ino);

	const other = newKey().key;
	expect(signFile(signable, other)).toBe(true);
	expect(idsIn(`${file}.sig`)).toEqual([key.publicKey.id, other.publicKey.id]);

	const before = readFileSync(`${file}.sig`, "utf8");
	writeFileSync(file, "[default]\nHOSTNAME = a\n");
	expect(signFile(signable, key)).toBe(true);
	expect(idsIn(`${file}.sig`)).toEqual([other.publicKey.id, key.publicKey.id]);
	expect(readFileSync(`${file}.sig`, "utf8")).not.toBe(before);
	expect(readdirSync(join(file, "..")).sort()).toEqual(["lts.conf", "lts.conf.sig"]);
});

test("the signature lies beside the link, not beside what it leads to", () => {
	const folder = temporaryFolder();
	mkdirSync(join(folder, "checkout"));
	writeFileSync(join(folder, "checkout/lts.conf"), "[default]\n");
	symlinkSync("checkout/lts.conf", join(folder, "lts.conf"));
	for (const signable of signableFiles(folder)) signFile(signable, key);
	expect(readdirSync(folder).sort()).toEqual(["checkout", "lts.conf", "lts.conf.sig"]);
	expect(readdirSync(join(folder, "checkout"))).toEqual(["lts.conf"]);
});

test("what is no manifest is not signed, nor is a file beside which something else lies", () => {
	const folder = temporaryFolder();
	const file = join(folder, "image.json");
	writeFileSync(file, "{}");
	expect(() => signFile({ file, purpose: "image.json" }, key)).toThrow(
		expect.objectContaining({ code: "image.manifest-invalid" }),
	);
	expect(readdirSync(folder)).toEqual(["image.json"]);
	const conf = join(folder, "lts.conf");
	writeFileSync(conf, "");
	writeFileSync(`${conf}.sig`, "precious");
	expect(() => signFile({ file: conf, purpose: "lts.conf" }, key)).toThrow(
		expect.objectContaining({ code: "trust.signature-malformed" }),
	);
	expect(readFileSync(`${conf}.sig`, "utf8")).toBe("precious");
	expect(() => signFile({ file: join(folder, "gone"), purpose: "lts.conf" }, key)).toThrow(
		expect.objectContaining({ code: "image.sign-failed" }),
	);
});
