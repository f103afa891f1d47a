import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../agent/config/cmdline.ts";
import { gatherConfiguration } from "../../agent/facts/configuration-text.ts";
import { type FetchedFile, getSignedFile } from "../../agent/facts/signed-file.ts";
import { describeVerification, type Trust, trustOf } from "../../agent/facts/verification.ts";
import { makeSignature, serializeSignatures } from "../../agent/trust/signature-file.ts";
import { temporaryFolder } from "../image/support/temporary-folder.ts";
import { newKey } from "../trust/support/keys.ts";
import { type ServedFiles, serveFiles } from "./support/file-server.ts";

const { key, publicPem } = newKey();
const { id } = key.publicKey;
const text = "[default]\nHOSTNAME = node-ü\n";
const trust: Trust = { kind: "signed", keys: [key.publicKey] };
const sign = (content: string) => serializeSignatures([makeSignature(Buffer.from(content), "lts.conf", key)]);

interface Outcome {
	readonly file?: FetchedFile | undefined;
	readonly error?: unknown;
	readonly said: readonly string[];
	readonly requests: readonly string[];
}

async function fetchFrom(files: ServedFiles, trusted = trust): Promise<Outcome> {
	const said: string[] = [];
	const { url, requests } = await serveFiles(files);
	const limits = {
		maximumBytes: 1000,
		timeoutMs: 20_000,
		retryForMs: 0,
		onRetry: (line: string) => said.push(line),
	};
	const outcome = await getSignedFile(`${url}/lts.conf`, "lts.conf", trusted, limits).then(
		(file) => ({ file }),
		(error: unknown) => ({ error }),
	);
	return { ...outcome, said, requests };
}

describe("a file from a server", () => {
	test("is used when a trusted key has signed it, and says which", async () => {
		const { file } = await fetchFrom({ "/lts.conf": text, "/lts.conf.sig": sign(text) });
		expect(file).toEqual({ text, verification: { signedBy: id } });
	});

	test("that is not there needs no signature", async () => {
		expect(await fetchFrom({ "/lts.conf.sig": sign(text) })).toMatchObject({
			file: undefined,
			requests: ["/lts.conf"],
		});
	});

	test("is taken as it is when nobody is to ask, and its signature is not even fetched", async () => {
		const anybody: Trust = { kind: "anybody", why: "netherd.verify=none" };
		const { file, requests } = await fetchFrom({ "/lts.conf": text }, anybody);
		expect(file).toEqual({ text, verification: { notVerified: "netherd.verify=none" } });
		expect(requests).toEqual(["/lts.conf"]);
	});

	test.each([
		["no signature", { "/lts.conf": text }, "trust.unsigned"],
		["one of another key", { "/lts.conf": text, "/lts.conf.sig": foreign() }, "trust.unknown-key"],
		["a page with status 200", { "/lts.conf": text, "/lts.conf.sig": "<html>" }, "trust.signature-malformed"],
		["100 MB", { "/lts.conf": text, "/lts.conf.sig": Buffer.alloc(1e8) }, "trust.signature-too-large"],
	])("with %s in the signature's place is refused, at once", async (_, files, code) => {
		const { error, said } = await fetchFrom(files);
		expect(error).toMatchObject({ code });
		expect(said).toEqual([]);
	});

	test("that never fits its signature is refused in the end", async () => {
		const { error, said, requests } = await fetchFrom({ "/lts.conf": text, "/lts.conf.sig": sign("other") });
		expect(error).toMatchObject({ code: "trust.signature-wrong" });
		expect(requests).toHaveLength(6);
		expect(said).toHaveLength(2);
	});

	test("that was edited between the two requests is fetched again", async () => {
		let current = "old";
		const { file, said } = await fetchFrom({
			"/lts.conf": () => {
				const answer = current;
				current = text;
				return answer;
			},
			"/lts.conf.sig": () => sign(current),
		});
		expect(file).toEqual({ text, verification: { signedBy: id } });
		expect(said).toEqual([expect.stringContaining("does not fit its signature; again in 1 s")]);
	});
});

function foreign(): string {
	return serializeSignatures([makeSignature(Buffer.from(text), "lts.conf", newKey().key)]);
}

describe("the configuration of a machine", () => {
	test("its signer is a fact; secrets are taken out of what was verified", async () => {
		const secret = `${text}KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef\n`;
		const { url } = await serveFiles({ "/lts.conf": secret, "/lts.conf.sig": sign(secret) });
		const root = rootThatTrusts(publicPem);
		const commandLine = parseCommandLine(`netherd.server=${url}`);
		const { configuration, secrets } = await gatherConfiguration(
			commandLine,
			root,
			trustOf(commandLine, root),
			() => {},
		);
		expect(configuration).toMatchObject({ from: `${url}/lts.conf`, verification: { signedBy: id } });
		expect(configuration.text).not.toContain("0123456789abcdef");
		expect(Object.values(secrets).join()).toContain("0123456789abcdef");
	});

	test("without keys nothing from a server is used, whatever its signature", async () => {
		const { url } = await serveFiles({ "/lts.conf": text, "/lts.conf.sig": sign(text) });
		const commandLine = parseCommandLine(`netherd.server=${url}`);
		const root = temporaryFolder();
		await expect(
			gatherConfiguration(commandLine, root, trustOf(commandLine, root), () => {}),
		).rejects.toMatchObject({ code: "trust.no-keys" });
	});

	test("the copy in the image or the initramfs needs no signature", async () => {
		const root = rootThatTrusts(publicPem);
		writeFileSync(join(root, "etc/lts.conf"), text);
		const { url } = await serveFiles({});
		const commandLine = parseCommandLine(`netherd.server=${url}`);
		const { configuration } = await gatherConfiguration(
			commandLine,
			root,
			trustOf(commandLine, root),
			() => {},
		);
		expect(configuration).toEqual({ file: "lts.conf", from: join(root, "etc/lts.conf"), text });
	});

	test("netherd.verify=none asks for no signature, and that is said with the file", () => {
		const asked = trustOf(parseCommandLine("netherd.verify=none"), rootThatTrusts("not even a key"));
		expect(asked).toEqual({ kind: "anybody", why: "netherd.verify=none" });
		expect(describeVerification({ notVerified: "netherd.verify=none" })).toBe(
			"NOT VERIFIED (netherd.verify=none)",
		);
		expect(describeVerification({ signedBy: id })).toBe(`signed by ${id}`);
	});
});

function rootThatTrusts(pem: string): string {
	const root = temporaryFolder();
	mkdirSync(join(root, "etc/netherd/trusted-keys"), { recursive: true });
	writeFileSync(join(root, "etc/netherd/trusted-keys", `${id}.pem`), pem);
	return root;
}
