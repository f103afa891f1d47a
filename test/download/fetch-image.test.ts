import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import type { DownloadEvent } from "../../agent/download/download-event.ts";
import { type FetchImageRequest, fetchImage } from "../../agent/download/fetch-image.ts";
import { describeImageFile } from "../../agent/download/manifest.ts";
import { NetherdError } from "../../agent/errors.ts";
import { linesInto } from "./support/console.ts";
import { hashChunks, testContent } from "./support/content.ts";
import { startNbdkit, unusedAddress } from "./support/nbdkit.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const chunkSizeBytes = 65_536;
const content = testContent(3_000_017);

test.each([0, 1, 65_535, 65_536, 65_537, 3_000_017])(
	"fetches and verifies an image of %i bytes",
	async (size) => {
		const { source, destination, image } = await serve(content.subarray(0, size));
		const lines: string[] = [];
		const result = await fetchImage({
			sources: [source],
			destination,
			...image,
			onEvent: linesInto(lines),
		});
		expect(readFileSync(destination).equals(content.subarray(0, size))).toBe(true);
		expect(result).toMatchObject({
			sizeBytes: size,
			isVerified: size > 0,
			wrongChunks: 0,
			sourceFailures: 0,
		});
		expect(lines.at(-1)).toMatch(size > 0 ? /^image complete: .*, every chunk verified$/ : /NOT verified$/);
	},
);

test("run by node from its sources, and nothing keeps the process alive afterwards", async () => {
	const { source, destination, image } = await serve(content);
	const module = join(import.meta.dirname, "../../agent/download/fetch-image.ts");
	const request = JSON.stringify({ sources: [source], destination, ...image });
	const program = `import { fetchImage } from ${JSON.stringify(module)}; await fetchImage(${request});`;
	await execa(process.execPath, ["--input-type=module", "--eval", program], { timeout: 120_000 });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("takes the hashes that describeImageFile makes", async () => {
	const { source, destination, file } = await serve(content);
	await fetchImage({ sources: [source], destination, ...(await describeImageFile(file, 1_000_000)) });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("several connections, where the server allows them", async () => {
	const { source, destination, image } = await serve(content);
	await fetchImage({ sources: [source], destination, ...image, connections: 4 });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("one connection, where the server allows no more", async () => {
	const { source, destination, image } = await serve(
		content,
		["--filter=multi-conn"],
		["multi-conn-mode=disable"],
	);
	await fetchImage({ sources: [source], destination, ...image, connections: 4 });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("without hashes the image is taken as it comes, and the line says so", async () => {
	const { source, destination, image } = await serve(content);
	const lines: string[] = [];
	const result = await fetchImage({
		sources: [source],
		destination,
		...image,
		chunks: [],
		onEvent: linesInto(lines),
	});
	expect(result.isVerified).toBe(false);
	expect(lines.at(-1)).toMatch(/, NOT verified$/);
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("a destination that is missing is made; one of another size gets the right one", async () => {
	const { source, destination, image } = await serve(content);
	await fetchImage({ sources: [source], destination, ...image });
	expect(statSync(destination).size).toBe(content.length);
	truncateSync(destination, content.length + 5000);
	await fetchImage({ sources: [source], destination, ...image });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("an export of another size than the image is refused by name, at once", async () => {
	const { source, destination, image } = await serve(content);
	const error = await failure({ sources: [source], destination, ...image, sizeBytes: image.sizeBytes - 1 });
	expect(error.code).toBe("image.size-mismatch");
	expect(error.message).toBe(`nbd://${source.host}:${source.port}/node has 3000017 bytes, the image 3000016`);
});

test("an export that the server does not have is refused by name, at once", async () => {
	const strict = ["exportname-strict=true", "exportname-list=explicit", "exportname=other"];
	const { source, destination, image } = await serve(content, ["--filter=exportname"], strict);
	const error = await failure({ sources: [source], destination, ...image });
	expect(error.code).toBe("nbd.unknown-export");
	expect(error.message).toContain('has no export "node"');
	expect(error.message).toContain('it has "other"');
});

test("a chunk that is wrong on the server: four attempts, then chunk, offset and hashes", async () => {
	const damaged = Buffer.from(content);
	damaged.writeUInt8(damaged.readUInt8(200_000) ^ 1, 200_000);
	const { source, destination, image } = await serve(damaged);
	const events: DownloadEvent[] = [];
	const chunks = hashChunks(content, chunkSizeBytes);
	const error = await failure({
		sources: [source],
		destination,
		...image,
		chunks,
		onEvent: (event) => events.push(event),
	});
	expect(error.code).toBe("image.chunk-corrupt");
	expect(error.message).toContain("chunk 3 (65536 bytes at offset 196608) from nbd://");
	expect(error.message).toContain(`instead of ${chunks[3]} (time 4 of at most 4)`);
	expect(events.map(({ kind }) => kind).filter((kind) => kind !== "progress")).toEqual([
		"source-used",
		...Array(4).fill("wrong-chunk"),
		"source-given-up",
	]);
});

test("read errors that pass: the image is complete", async () => {
	const injectErrors = join(temporaryFolder(), "inject-errors");
	writeFileSync(injectErrors, "");
	const errors = ["error-pread-rate=100%", "error=EIO", `error-pread-file=${injectErrors}`];
	const { source, destination, image } = await serve(content, ["--filter=error"], errors);
	const lines: string[] = [];
	const result = await fetchImage({
		sources: [source],
		destination,
		...image,
		onEvent(event) {
			linesInto(lines)(event);
			if (event.kind === "source-set-aside") rmSync(injectErrors, { force: true });
		},
	});
	expect(lines.find((line) => !line.startsWith("image: from"))).toMatch(
		/^image: the NBD server .* answers EIO .*; trying it again in 1 s$/,
	);
	expect(result.sourceFailures).toBe(1);
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("read errors that do not pass end in the server's error", async () => {
	const errors = ["error-pread-rate=100%", "error=EIO"];
	const { source, destination, image } = await serve(content, ["--filter=error"], errors);
	const error = await failure({ sources: [source], destination, ...image });
	expect(error.code).toBe("nbd.read-error");
	expect(error.message).toContain("answers EIO");
});

test("a server that never comes: the time limit ends it, with the reason as cause", async () => {
	const source = { kind: "nbd" as const, ...unusedAddress(), exportName: "node" };
	const destination = join(temporaryFolder(), "image");
	const lines: string[] = [];
	const error = await failure({
		sources: [source],
		destination,
		sizeBytes: 10,
		chunkSizeBytes,
		chunks: [],
		totalTimeoutMs: 4000,
		onEvent: linesInto(lines),
	});
	expect(error.code).toBe("image.total-timeout");
	expect(error.message).toBe("the image is not complete after 4000 ms: 0 B of 10 B");
	expect(error.cause).toMatchObject({ code: "nbd.connection-refused" });
	expect(lines.find((line) => !line.startsWith("image: from"))).toMatch(
		/^image: nothing accepts NBD connections on .*; trying it again in 1 s$/,
	);
});

test("a server that stalls: the stall is named", async () => {
	const { source, destination, image } = await serve(content, ["--filter=delay"], ["delay-read=30"]);
	const limits = { stallTimeoutMs: 200, totalTimeoutMs: 5000 };
	const error = await failure({ sources: [source], destination, ...image, ...limits });
	expect(error.code).toBe("image.total-timeout");
	expect(error.cause).toMatchObject({
		code: "nbd.stalled",
		message: `the NBD server ${source.host}:${source.port} sent less than 64 KiB in 200 ms though requests are waiting`,
	});
});

test("the server is killed in the middle and comes back: only what is missing is fetched", async () => {
	const filters = ["--filter=rate", "--filter=log"];
	const log = join(temporaryFolder(), "requests.log");
	const logged = [`logfile=${log}`, "logappend=true"];
	// 12 s for all of it.
	const slowly = ["rate=2M", "burstiness=0.05", ...logged];
	const { source, destination, image, server, start } = await serve(content, filters, slowly);
	const download = fetchImage({ sources: [source], destination, ...image });
	await waitFor(() => readRequests(log).length >= 20);
	await server.stop();
	await start(logged);
	const result = await download;
	expect(result.sourceFailures).toBeGreaterThanOrEqual(1);
	expect(readFileSync(destination).equals(content)).toBe(true);
	// Done chunks are not asked for again: what was in flight at most.
	const readBytes = readRequests(log).reduce((sum, [, length]) => sum + length, 0);
	expect(readBytes).toBeGreaterThanOrEqual(content.length);
	const fetchedAgain = readRequests(log).length - new Set(readRequests(log).map(([offset]) => offset)).size;
	expect(fetchedAgain).toBeLessThanOrEqual(16);
});

test("a second source takes over when the first is not there", async () => {
	const { source, destination, image } = await serve(content);
	const absent = { ...source, ...unusedAddress() };
	const result = await fetchImage({ sources: [absent, source], destination, ...image });
	// It is tried again meanwhile.
	expect(result.sourceFailures).toBeGreaterThanOrEqual(1);
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("a second source takes over when the first lies", async () => {
	const liar = await serve(testContent(content.length).reverse());
	const { source, destination, image } = await serve(content);
	await fetchImage({ sources: [liar.source, source], destination, ...image });
	expect(readFileSync(destination).equals(content)).toBe(true);
});

test("cancelling ends it with the signal's reason, before and in the middle", async () => {
	const { source, destination, image } = await serve(content, ["--filter=delay"], ["delay-read=30"]);
	const request = { sources: [source], destination, ...image };
	const early = AbortSignal.abort(new Error("not wanted"));
	await expect(fetchImage({ ...request, signal: early })).rejects.toThrow("not wanted");
	const late = new AbortController();
	setTimeout(() => late.abort(new Error("no longer wanted")), 300);
	await expect(fetchImage({ ...request, signal: late.signal })).rejects.toThrow("no longer wanted");
});

test("no source at all", async () => {
	const destination = join(temporaryFolder(), "image");
	const error = await failure({ sources: [], destination, sizeBytes: 1, chunkSizeBytes, chunks: [] });
	expect(error.code).toBe("image.no-source");
	expect(existsSync(destination)).toBe(false);
});

test("a destination that cannot be written", async () => {
	const { source, image } = await serve(content);
	const error = await failure({ sources: [source], destination: "/proc/no/such/folder/image", ...image });
	expect(error.code).toBe("image.write-failed");
	expect(error.cause).toMatchObject({ code: "ENOENT" });
});

test("a tmpfs that is too small is noticed before the first byte, with the numbers", async () => {
	const folder = await smallTmpfs("1m");
	const { source, image } = await serve(content);
	const error = await failure({ sources: [source], destination: join(folder, "image"), ...image });
	expect(error.code).toBe("image.destination-too-small");
	expect(error.message).toMatch(/needs 2\.9 MiB more; its file system has 1\.0 MiB left$/);
});

test("a tmpfs that fills up in the middle", async () => {
	const folder = await smallTmpfs("4m");
	const { source, image } = await serve(content);
	const error = await failure({
		sources: [source],
		destination: join(folder, "image"),
		...image,
		onEvent(event) {
			// Its first bytes are there.
			if (event.kind === "source-used") writeFileSync(join(folder, "other"), Buffer.alloc(2_000_000));
		},
	});
	expect(error.code).toBe("image.write-failed");
	expect(error.cause).toMatchObject({ message: expect.stringContaining("ENOSPC") });
});

/** Serves bytes as an NBD export with a real nbdkit. */
async function serve(bytes: Buffer, filters: readonly string[] = [], parameters: readonly string[] = []) {
	const folder = temporaryFolder();
	const file = join(folder, "served");
	writeFileSync(file, bytes);
	const at = unusedAddress();
	const start = (own = parameters) => startNbdkit([...filters, "file", file, ...own], at);
	const server = await start();
	return {
		source: { kind: "nbd" as const, ...at, exportName: "node" },
		destination: join(folder, "image"),
		image: { sizeBytes: bytes.length, chunkSizeBytes, chunks: hashChunks(bytes, chunkSizeBytes) },
		file,
		server,
		start,
	};
}

async function failure(request: FetchImageRequest): Promise<NetherdError> {
	try {
		await fetchImage(request);
	} catch (error) {
		if (error instanceof NetherdError) return error;
		throw error;
	}
	throw new Error("it succeeded");
}

/** Offset and length of every read in a log of nbdkit-log-filter. */
function readRequests(log: string): [offset: number, length: number][] {
	if (!existsSync(log)) return [];
	const reads = readFileSync(log, "utf8").matchAll(/ Read id=\d+ offset=(0x[0-9a-f]+) count=(0x[0-9a-f]+)/g);
	return [...reads].map(([, offset, count]) => [Number(offset), Number(count)]);
}

async function waitFor(condition: () => boolean): Promise<void> {
	while (!condition()) await sleep(10);
}

async function smallTmpfs(size: string): Promise<string> {
	const folder = temporaryFolder();
	await execa("mount", ["-t", "tmpfs", "-o", `size=${size}`, "none", folder]);
	onTestFinished(async () => {
		await execa("umount", ["--lazy", folder]);
	});
	return folder;
}
