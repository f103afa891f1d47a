import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { makeSignature, parseSignatures } from "../../agent/trust/signature-file.ts";
import { signFile } from "../../image/sign.ts";
import { parseConfig } from "../../server/config/read-config.ts";
import type { Situation } from "../../server/service.ts";
import { readSigningKeys, signingWarnings, signLtsConf } from "../../server/signing.ts";
import { newKey } from "../trust/support/keys.ts";
import { writeBootTree } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const { key, privatePem } = newKey();
const least = "[network]\ninterface = lo\naddress = 127.0.0.1\n[dhcp]\nmode = off\n";

async function situation(more = "", signingKeys = [] as (typeof key)[]) {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	const config = parseConfig(`${least}${more}`, "c.ini");
	const parts = { tree: { folder, imageNames: ["node"], defaultImage: "node" }, config, signingKeys };
	// What it asks is in these; network and programs are not looked at.
	return { folder, codes: () => signingWarnings(parts as never as Situation).map(({ code }) => code) };
}

test("a signature for each key, of exactly these bytes", async () => {
	const other = newKey().key;
	const content = Buffer.from("[default]\n");
	const signatures = parseSignatures(Buffer.from(await signLtsConf(content, [key, other])), "x");
	expect(signatures).toEqual([key, other].map((one) => makeSignature(content, "lts.conf", one)));
});

test("warns of what nodes will refuse, until it is signed", async () => {
	const { folder, codes } = await situation();
	expect(codes()).toEqual(["server.lts-conf-unsigned", "server.image-unsigned"]);
	signFile({ file: join(folder, "lts.conf"), purpose: "lts.conf" }, key);
	expect(codes()).toEqual(["server.image-unsigned"]);
	signFile({ file: join(folder, "images/node/1/image.json"), purpose: "image.json" }, key);
	expect(codes()).toEqual([]);
});

test("with a key lts.conf is signed as it is served; without lts.conf there is nothing to sign", async () => {
	expect((await situation("", [key])).codes()).toEqual(["server.image-unsigned"]);
	const { folder, codes } = await situation();
	await execa("rm", [join(folder, "lts.conf")]);
	expect(codes()).toEqual(["server.image-unsigned"]);
});

test("warns when nodes are told to verify nothing", async () => {
	const off = await situation("[kernel]\nparameters = quiet netherd.verify=none\n", [key]);
	expect(off.codes()).toContain("server.verification-off");
	const on = await situation("[kernel]\nparameters = netherd.verify=required\n", [key]);
	expect(on.codes()).not.toContain("server.verification-off");
});

test("paths of keys start at the configuration's folder", () => {
	const keysOf = (value: string) =>
		parseConfig(`${least}[signing]\nkey = ${value}\n`, "/etc/netherd/c.ini").signingKeyFiles;
	expect(keysOf("/a/key.pem")).toEqual(["/a/key.pem"]);
	expect(keysOf("key.pem, ../old.pem")).toEqual(["/etc/netherd/key.pem", "/etc/old.pem"]);
	expect(() => keysOf("key.pem,")).toThrow(expect.objectContaining({ code: "server-config.bad-value" }));
});

test("a key that everybody can fetch is refused, also behind a link", async () => {
	const { folder } = await situation();
	const served = join(folder, "images/key.pem");
	writeFileSync(served, privatePem, { mode: 0o600 });
	symlinkSync(served, join(folder, "link.pem"));
	for (const file of [served, join(folder, "link.pem")]) {
		expect(() => readSigningKeys(folder, [file])).toThrow(
			expect.objectContaining({ code: "server.key-is-served" }),
		);
	}
	const beside = join(folder, "key.pem");
	writeFileSync(beside, privatePem, { mode: 0o600 });
	expect(readSigningKeys(folder, [beside]).map(({ publicKey }) => publicKey.id)).toEqual([key.publicKey.id]);
});

test("check names the key, and refuses one that is missing, open to others or of another kind", async () => {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	const configFile = join(folder, "../c.ini");
	writeFileSync(configFile, `${least}[signing]\nkey = key.pem\n`);
	const program = join(import.meta.dirname, "../../server/main.ts");
	const check = async () =>
		JSON.parse(
			(
				await execa(
					process.execPath,
					[program, "check", folder, "--config", configFile, "--format", "json"],
					{ reject: false },
				)
			).stdout,
		);

	const file = join(folder, "../key.pem");
	expect(await check()).toMatchObject({ ok: false, error: { code: "trust.key-missing" } });
	writeFileSync(file, "nonsense", { mode: 0o600 });
	expect(await check()).toMatchObject({ ok: false, error: { code: "trust.key-unusable" } });
	writeFileSync(file, privatePem);
	expect(await check()).toMatchObject({ ok: true, signingKeys: [key.publicKey.id] });
	await execa("chmod", ["644", file]);
	expect(await check()).toMatchObject({ ok: false, error: { code: "trust.key-exposed" } });
});
