import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchImage } from "../../agent/download/fetch-image.ts";
import { trustedCertificates } from "../../agent/download/http-certificates.ts";
import { openHttpSource } from "../../agent/download/http-source.ts";
import type { Source, SourceLimits } from "../../agent/download/source.ts";
import { retryAfterOf } from "../../agent/download/source-failure.ts";
import { hashChunks, testContent } from "./support/content.ts";
import {
	type HttpBehaviour,
	reply,
	rightReply,
	startFaultyHttpServer,
} from "./support/faulty-http-server.ts";
import { after, withFields } from "./support/http-answers.ts";
import { startNginx } from "./support/nginx.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const mebibyte = 1024 ** 2;
const content = testContent(9 * mebibyte + 5);

describe("against nginx", () => {
	test("reads of any place and length, many at once, on one connection and on four", async () => {
		const { origin } = await startNginx(folderWith(content));
		for (const connections of [1, 4]) {
			const source = await open(`${origin}/image`, { connections });
			expect(source.sizeBytes).toBe(content.length);
			expect(source.identity).toMatch(/^"[0-9a-f]+-[0-9a-f]+"$/);
			const ranges = [
				[0, 0],
				[0, 1],
				[content.length - 1, 1],
				[3, 5 * mebibyte],
				[0, content.length],
			] as const;
			await Promise.all(
				ranges.map(async ([offset, length]) => {
					const target = Buffer.alloc(length);
					let received = 0;
					await source.read(offset, target, (bytes) => {
						received += bytes;
					});
					expect(target.equals(content.subarray(offset, offset + length))).toBe(true);
					expect(received).toBe(length);
				}),
			);
		}
	});

	test("a server that closes after every third request costs nothing", async () => {
		const { origin } = await startNginx(folderWith(content), "keepalive_requests 3;");
		const chunkSizeBytes = 256 * 1024;
		const destination = join(temporaryFolder(), "copy");
		const result = await fetchImage({
			sources: [{ kind: "http", url: `${origin}/image` }],
			destination,
			sizeBytes: content.length,
			chunkSizeBytes,
			chunks: hashChunks(content, chunkSizeBytes),
		});
		expect(readFileSync(destination).equals(content)).toBe(true);
		expect(result).toMatchObject({ sourceFailures: 0, wrongChunks: 0 });
	});

	test("a folder, a file that is not there, an empty file", async () => {
		const { origin } = await startNginx(folderWith(Buffer.alloc(0)));
		await expect(open(`${origin}/`)).rejects.toMatchObject({ code: "http.forbidden" });
		await expect(open(`${origin}/other`)).rejects.toMatchObject({
			code: "http.not-found",
			message: `${origin}/other: status 404 Not Found`,
		});
		expect((await open(`${origin}/image`)).sizeBytes).toBe(0);
	});
});

describe("redirects", () => {
	test("are followed once, and remembered", async () => {
		const mirror = await startFaultyHttpServer(content, () => ({}));
		const first = await startFaultyHttpServer(content, () => ({ answer: redirectTo(mirror.url) }));
		const source = await open(first.url);
		await source.read(0, Buffer.alloc(10));
		await source.read(10, Buffer.alloc(10));
		expect(first.requests).toHaveLength(1);
		expect(mirror.requests).toHaveLength(3);
		// Another mirror may call the same bytes by another name.
		expect(source.identity).toBeUndefined();
	});

	test("relative ones, five at most", async () => {
		const chain = async (length: number) => {
			const answer: HttpBehaviour["answer"] = (request, all) => {
				const hop = Number(request.path.replace(/\D/g, ""));
				return hop < length
					? reply("307 Temporary Redirect", { Location: `image${hop + 1}?secret` })
					: rightReply(request, all);
			};
			const server = await startFaultyHttpServer(content, () => ({ answer }));
			return open(server.url);
		};
		expect((await chain(5)).sizeBytes).toBe(content.length);
		await expect(chain(6)).rejects.toMatchObject({
			code: "http.too-many-redirects",
			message: expect.stringMatching(/\/image6\?…$/),
		});
	});
});

describe("what a server says goes into the error", () => {
	test.each([
		["2", 2000],
		["Fri, 31 Dec 1999 23:59:59 GMT", 59_000],
		["soon", undefined],
	])("Retry-After: %s", async (retryAfter, expectedMs) => {
		const fields = { "Retry-After": retryAfter, Date: "Fri, 31 Dec 1999 23:59:00 GMT" };
		const answer = () => reply("503 Service\u001b[2JUnavailable", fields);
		const server = await startFaultyHttpServer(content, () => ({ answer }));
		const error = await open(server.url).catch((reason: unknown) => reason);
		expect(error).toMatchObject({
			code: "http.busy",
			message: `${server.url}: status 503 Service?[2JUnavailable`,
		});
		expect(retryAfterOf(error)).toBe(expectedMs);
	});

	test("an ETag that changes between two reads, and a size", async () => {
		const wrongs = [
			[withFields({ ETag: '"two"' }), 'its ETag was "one", and is "two"'],
			[withFields({ "Content-Range": "bytes 0-9/12" }), `it had ${content.length} bytes, and has 12`],
		] as const;
		for (const [wrong, difference] of wrongs) {
			const server = await startFaultyHttpServer(content, () => ({ answer: after(1, wrong) }));
			const source = await open(server.url);
			const target = Buffer.alloc(10);
			await expect(source.read(0, target)).rejects.toMatchObject({
				code: "image.changed-on-server",
				message: expect.stringContaining(difference),
			});
			expect(target).toEqual(Buffer.alloc(10));
		}
	});
});

describe("a source ends", () => {
	test("when it is closed: waiting reads fail, and nothing writes into their memory any more", async () => {
		const server = await startFaultyHttpServer(content, () => ({ stallAfterBytes: 5000 }));
		const source = await open(server.url);
		const target = Buffer.alloc(100_000);
		const arrived = Promise.withResolvers<void>();
		const read = source.read(0, target, () => arrived.resolve());
		const outcome = expect(read).rejects.toMatchObject({ code: "http.connection-lost" });
		await arrived.promise;
		await source.close();
		await outcome;
		await expect(source.read(0, target)).rejects.toMatchObject({ code: "http.connection-lost" });
	});

	test("when its signal is aborted, at any time", async () => {
		const reason = new Error("enough");
		const silent = await startFaultyHttpServer(content, () => ({ stallAfterBytes: 0 }));
		const opening = new AbortController();
		const opened = open(silent.url, {}, opening.signal);
		opening.abort(reason);
		await expect(opened).rejects.toBe(reason);

		const server = await startFaultyHttpServer(content, () => ({ stallAfterBytes: 5000 }));
		const reading = new AbortController();
		const source = await open(server.url, {}, reading.signal);
		const read = source.read(0, Buffer.alloc(100_000));
		reading.abort(reason);
		await expect(read).rejects.toBe(reason);
	});
});

describe("a server that limits the rate of each connection", () => {
	const slow: HttpBehaviour = { trickle: { bytes: 200_000, everyMs: 50, afterBytes: 0 } };

	test("is read over several", async () => {
		const server = await startFaultyHttpServer(content, () => slow);
		const source = await open(server.url);
		const target = Buffer.alloc(content.length);
		await source.read(0, target);
		expect(target.equals(content)).toBe(true);
		expect(server.connections()).toBeGreaterThan(1);
		expect(server.connections()).toBeLessThanOrEqual(4);
	});

	test("and allows one only: it is read over one", async () => {
		const refused: HttpBehaviour = { answer: () => reply("503 Too many connections") };
		const server = await startFaultyHttpServer(content, (connection) => (connection === 0 ? slow : refused));
		const source = await open(server.url);
		const target = Buffer.alloc(content.length);
		await source.read(0, target);
		expect(target.equals(content)).toBe(true);
		expect(server.connections()).toBe(2);
	});
});

test("requests on a connection are pipelined", async () => {
	let inFlight = 0;
	let most = 0;
	const server = await startFaultyHttpServer(content, () => ({
		answer(request, all) {
			inFlight += 1;
			most = Math.max(most, inFlight);
			setImmediate(() => {
				inFlight -= 1;
			});
			return rightReply(request, all);
		},
	}));
	const source = await open(server.url, { connections: 1 });
	await source.read(0, Buffer.alloc(content.length));
	expect(most).toBeGreaterThan(1);
	expect(server.connections()).toBe(1);
});

describe("https", () => {
	test("with an authority of one's own; refused without, by name", async () => {
		const { key, certificate } = await makeCertificate();
		const server = createServer(
			{ key: readFileSync(key), cert: readFileSync(certificate) },
			(request, response) => {
				const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
				const part = content.subarray(Number(from), Number(to) + 1);
				const range = `bytes ${from}-${to}/${content.length}`;
				response.writeHead(206, { "Content-Range": range, "Content-Length": part.length }).end(part);
			},
		);
		server.listen(0, "127.0.0.1");
		onTestFinished(() => void server.close().closeAllConnections());
		await new Promise((resolve) => server.once("listening", resolve));
		const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/image`;

		const source = await open(url, {}, undefined, () => trustedCertificates(certificate));
		const target = Buffer.alloc(content.length);
		await source.read(0, target);
		expect(target.equals(content)).toBe(true);

		await expect(open(url)).rejects.toMatchObject({
			code: "http.tls-failed",
			message: expect.stringContaining("self-signed certificate"),
		});
		await expect(
			open(url.replace("127.0.0.1", "localhost"), {}, undefined, () => trustedCertificates(certificate)),
		).rejects.toMatchObject({ code: "http.tls-failed" });
	});

	test("a port that speaks http", async () => {
		const answer = () => reply("400 Bad Request");
		const server = await startFaultyHttpServer(content, () => ({
			greeting: "HTTP/1.1 400 x\r\n\r\n",
			answer,
		}));
		await expect(open(server.url.replace("http:", "https:"))).rejects.toMatchObject({
			code: "http.tls-failed",
		});
	});

	test("a file of certificates that holds none, and one with garbage inside", () => {
		const folder = temporaryFolder();
		const file = join(folder, "ca.pem");
		expect(trustedCertificates(file)).not.toHaveLength(0);
		for (const text of ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
			writeFileSync(file, text);
			expect(() => trustedCertificates(file)).toThrow(
				expect.objectContaining({ code: "http.bad-certificates" }),
			);
		}
	});
});

async function open(
	url: string,
	limits: Partial<SourceLimits> = {},
	signal: AbortSignal = new AbortController().signal,
	certificates?: () => readonly string[],
): Promise<Source> {
	const all = { connectTimeoutMs: 10_000, stallTimeoutMs: 10_000, ...limits };
	const source = await openHttpSource({ kind: "http", url }, all, signal, certificates);
	onTestFinished(() => source.close());
	return source;
}

function redirectTo(url: string): NonNullable<HttpBehaviour["answer"]> {
	return () => reply("302 Found", { Location: url });
}

function folderWith(bytes: Buffer): string {
	const folder = temporaryFolder();
	writeFileSync(join(folder, "image"), bytes);
	return folder;
}

async function makeCertificate(): Promise<{ key: string; certificate: string }> {
	const folder = temporaryFolder();
	const key = join(folder, "key.pem");
	const certificate = join(folder, "certificate.pem");
	const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test"];
	const names = ["-addext", "subjectAltName=IP:127.0.0.1"];
	await execa("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", certificate, ...names]);
	return { key, certificate };
}
