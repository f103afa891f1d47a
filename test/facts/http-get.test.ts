import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { httpGet } from "../../agent/facts/http-get.ts";

let server: Server | undefined;

afterEach(() => {
	server?.closeAllConnections();
	server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
	const started = createServer(listener);
	server = started;
	await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
	return `http://127.0.0.1:${(started.address() as AddressInfo).port}/lts.conf`;
}

function limits(retries: string[] = []) {
	return {
		maximumBytes: 100,
		timeoutMs: 20_000,
		retryForMs: 60_000,
		onRetry: (line: string) => retries.push(line),
	};
}

test("brings the bytes", async () => {
	const url = await serve((_, response) => response.end("[default]\nA = ä\n"));
	expect(await httpGet(url, limits())).toEqual(Buffer.from("[default]\nA = ä\n"));
});

test("404 means that there is none", async () => {
	const url = await serve((_, response) => response.writeHead(404).end("no"));
	expect(await httpGet(url, limits())).toBeUndefined();
});

test("503, then the file: the attempt is repeated and said", async () => {
	let asked = 0;
	const retries: string[] = [];
	const url = await serve((_, response) =>
		++asked === 1 ? response.writeHead(503).end() : response.end("x"),
	);
	expect(await httpGet(url, limits(retries))).toEqual(Buffer.from("x"));
	expect(retries).toEqual([expect.stringContaining("HTTP status 503; again in 0.5 s")]);
});

test("nobody listens: named, after the time for attempts", async () => {
	const url = await serve(() => undefined);
	await new Promise((resolve) => server?.close(resolve));
	const impatient = { ...limits(), retryForMs: 1_000 };
	await expect(httpGet(url, impatient)).rejects.toMatchObject({ code: "server.unreachable" });
});

test("an answer that breaks off is no answer", async () => {
	const url = await serve((_, response) => {
		response.writeHead(200, { "content-length": "50" }).write("half");
		setTimeout(() => response.destroy(), 20);
	});
	await expect(httpGet(url, { ...limits(), retryForMs: 0 })).rejects.toMatchObject({
		code: "server.unreachable",
	});
});

test("a server that says nothing runs into the limit", async () => {
	const url = await serve(() => undefined);
	await expect(httpGet(url, { ...limits(), timeoutMs: 100, retryForMs: 0 })).rejects.toMatchObject({
		code: "server.unreachable",
		message: expect.stringContaining("no answer within 0.1 s"),
	});
});

test("403 is final", async () => {
	let asked = 0;
	const url = await serve((_, response) => {
		asked++;
		response.writeHead(403).end();
	});
	await expect(httpGet(url, limits())).rejects.toMatchObject({ code: "server.refused" });
	expect(asked).toBe(1);
});

test("more than can be true is refused", async () => {
	const url = await serve((_, response) => response.end("x".repeat(101)));
	await expect(httpGet(url, limits())).rejects.toMatchObject({ code: "server.answer-too-large" });
});

test("what never ends is refused while it is read", async () => {
	let sentBytes = 0;
	const part = Buffer.alloc(64 * 1024);
	const url = await serve((_, response) => {
		response.on("error", () => {});
		const send = () => {
			while (!response.destroyed && response.write(part)) sentBytes += part.length;
		};
		response.on("drain", send);
		send();
	});
	const maximumBytes = 1024 ** 2;
	await expect(httpGet(url, { ...limits(), maximumBytes })).rejects.toMatchObject({
		code: "server.answer-too-large",
	});
	// What is under way in both machines' buffers comes on top of what was read.
	expect(sentBytes).toBeLessThan(50 * maximumBytes);
});
