import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { runStartingOverOnce } from "../../agent/commands/start-over.ts";
import type { DownloadEvent } from "../../agent/download/download-event.ts";
import { NetherdError } from "../../agent/errors.ts";
import type { ImageFacts, InitramfsFacts } from "../../agent/facts/facts.ts";
import { sendFile } from "../../server/http/send-file.ts";
import { unusedAddress } from "../download/support/nbdkit.ts";
import { writeBootTree, writeVersion } from "../server/support/boot-tree.ts";

const image = { name: "node", version: "1", sizeBytes: 8_000_000 };
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

/**
 * Serves a boot tree; `onImageRequest` is called before each request for the image is answered, with their count since
 * the manifest was asked for.
 */
async function serveTree(onImageRequest: (count: number, tree: string) => void) {
	const tree = mkdtempSync(join(tmpdir(), "netherd-start-over-"));
	await writeBootTree(tree, image);
	const first = await writeVersion(tree, image);
	let count = 0;
	const server = createServer(async (request, response) => {
		const path = request.url ?? "";
		if (path.endsWith("/image.json")) count = 0;
		if (path.endsWith("/image.squashfs")) onImageRequest(++count, tree);
		await sendFile(request, response, tree, path.split("/").filter(Boolean)).catch(() =>
			response.writeHead(404).end(),
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
		rmSync(tree, { recursive: true, force: true });
	});
	return { tree, first, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Stage 1 as far as the image, in a mount namespace of its own. */
async function stageOne(url: string, ...otherSources: string[]) {
	const script = join(import.meta.dirname, "support/stage-one-in-namespace.ts");
	const { stdout } = await execa("unshare", ["--mount", process.execPath, script, url, ...otherSources]);
	return JSON.parse(stdout) as {
		readonly lines: readonly string[];
		readonly commands: readonly string[];
		readonly error: string;
		readonly mountedTimes: number;
		readonly sha256: string;
	};
}

/** A tree whose image becomes another one, once, at the twentieth request. */
async function serveReplacedTree() {
	const other = await otherTree();
	let isReplaced = false;
	const { url } = await serveTree((count, tree) => {
		if (count !== 20 || isReplaced) return;
		isReplaced = true;
		moveImage(other.folder, tree);
	});
	return { url, other };
}

describe("an image that is replaced in the middle of its download", () => {
	test("the stage starts over, by name, and ends with the new one", async () => {
		const { url, other } = await serveReplacedTree();
		const outcome = await stageOne(url);
		expect(outcome).toMatchObject({ error: "undefined", mountedTimes: 1, sha256: sha256(other.content) });
		expect(outcome.lines).toContain(
			"image node 1 was replaced on the server meanwhile: starting over with what it is now",
		);
		expect(outcome.lines.join("\n")).toContain("was replaced during the download");
		expect(outcome.commands).toEqual([
			...["makeDirectory", "mount", "fetchImage"],
			...["umount", "makeDirectory", "mount", "fetchImage"],
		]);
	});

	test("the stage starts over though another source, which is down, might still have the old one", async () => {
		const { url, other } = await serveReplacedTree();
		const { host, port } = unusedAddress();
		const outcome = await stageOne(url, `http://${host}:${port}/image.squashfs`);
		expect(outcome).toMatchObject({ error: "undefined", mountedTimes: 1, sha256: sha256(other.content) });
		expect(outcome.lines.filter((line) => line.includes("starting over"))).toEqual([
			"image node 1 was replaced on the server meanwhile: starting over with what it is now",
		]);
		expect(outcome.lines.join("\n")).toContain("nothing accepts HTTP connections on");
	});

	test("without a change the stage runs once", async () => {
		const { url, first } = await serveTree(() => undefined);
		const outcome = await stageOne(url);
		expect(outcome).toMatchObject({ error: "undefined", mountedTimes: 1, sha256: sha256(first) });
		expect(outcome.commands).toEqual(["makeDirectory", "mount", "fetchImage"]);
	});

	test("a server that replaces it again and again is given up", async () => {
		const others = [await otherTree(), await otherTree()];
		const { url } = await serveTree((count, tree) => {
			const other = count === 20 ? others.shift() : undefined;
			if (other !== undefined) moveImage(other.folder, tree);
		});
		const outcome = await stageOne(url);
		expect(outcome.commands.filter((command) => command === "fetchImage")).toHaveLength(2);
		expect(outcome.error).toMatch(/^image\.(changed-on-server|no-source-left)$/);
	});
});

/** A folder with the same version of the same image, built again. */
async function otherTree() {
	const folder = mkdtempSync(join(tmpdir(), "netherd-start-over-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	return { folder, content: await writeVersion(folder, { ...image, sizeBytes: 9_000_000 }) };
}

function moveImage(from: string, to: string): void {
	for (const file of ["image.squashfs", "image.json"]) {
		renameSync(join(from, "images/node/1", file), join(to, "images/node/1", file));
	}
}

describe("whether the manifest is asked for again", () => {
	const facts = (version: string, chunks: readonly string[]) => ({
		facts: {
			image: { name: "node", version, sizeBytes: 1, chunks } as unknown as ImageFacts,
		} as InitramfsFacts,
		secrets: {},
	});
	const failing =
		(code: string, event?: DownloadEvent) => async (_: unknown, told: (e: DownloadEvent) => void) => {
			if (event !== undefined) told(event);
			throw new NetherdError(code, "no", { hint: "none" });
		};
	const wrongChunk: DownloadEvent = { kind: "wrong-chunk", source: "s", index: 0, message: "wrong" };
	const lost: DownloadEvent = {
		kind: "source-set-aside",
		source: "s",
		code: "nbd.connection-lost",
		message: "lost",
		retryInMs: 1,
	};

	test.each<[string, string, DownloadEvent | undefined, boolean]>([
		["a changed ETag", "image.changed-on-server", undefined, true],
		["another size", "image.size-mismatch", undefined, true],
		["wrong chunks, then no source", "image.no-source-left", wrongChunk, true],
		["wrong chunks, then the time was over", "image.total-timeout", wrongChunk, true],
		["a server that is lost", "image.no-source-left", lost, false],
		["a machine that is too small", "image.larger-than-memory", undefined, false],
	])("%s", async (_, code, event, expected) => {
		let asked = 0;
		const attempt = runStartingOverOnce(facts("1", ["a"]), {
			gather: async () => {
				asked += 1;
				return facts("1", ["a"]);
			},
			run: failing(code, event),
			say: () => undefined,
		});
		await expect(attempt).rejects.toMatchObject({ code });
		expect(asked).toBe(expected ? 1 : 0);
	});

	test("one that cannot be had leaves the first error", async () => {
		const said: string[] = [];
		const attempt = runStartingOverOnce(facts("1", ["a"]), {
			gather: async () => {
				throw new Error("no answer");
			},
			run: failing("image.chunk-corrupt"),
			say: (line) => said.push(line),
		});
		await expect(attempt).rejects.toMatchObject({ code: "image.chunk-corrupt" });
		expect(said).toEqual(["no answer"]);
	});

	test("a new version is called by its name", async () => {
		const said: string[] = [];
		let runs = 0;
		const second = facts("2", ["b"]);
		const result = await runStartingOverOnce(facts("1", ["a"]), {
			gather: async () => second,
			run: async () => {
				if (++runs === 1) throw new NetherdError("image.size-mismatch", "another size", { hint: "none" });
			},
			say: (line) => said.push(line),
		});
		expect(result).toBe(second);
		expect(said).toEqual([
			"another size",
			"image node 1 was replaced on the server meanwhile: starting over with node 2",
		]);
	});
});
