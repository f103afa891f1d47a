import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import type { DownloadEvent } from "../../agent/download/download-event.ts";
import { ImageReporter } from "../../agent/host/image-reporter.ts";
import { reportEvent } from "../../agent/host/report-event.ts";
import type { Log } from "../../agent/log.ts";

const silent: Log = { info() {}, warn() {}, error() {}, debug() {} };
const nbd = "nbd://192.0.2.1:10809/node/7";
const http = "http://192.0.2.1/images/node/7/image.squashfs";

const progressAt = (elapsedMs: number): DownloadEvent => ({
	kind: "progress",
	doneBytes: elapsedMs * 1000,
	sizeBytes: 60_000_000,
	elapsedMs,
	bytesPerSecond: 1_000_000.4,
	sources: [nbd],
});
const complete: DownloadEvent = {
	kind: "complete",
	sizeBytes: 60_000_000,
	elapsedMs: 60_000.7,
	isVerified: true,
	wrongChunks: 1,
	sourceFailures: 2,
};
const aside: DownloadEvent = {
	kind: "source-set-aside",
	source: nbd,
	code: "nbd.connection-lost",
	message: "the connection broke",
	retryInMs: 500,
};

let server: Server | undefined;
afterEach(async () => {
	server?.closeAllConnections();
	server?.close();
	server = undefined;
});

/** A server that keeps what it is told; answers when `answer` lets it. */
async function listener(answer: (heard: number) => Promise<void> = async () => {}) {
	const heard: Record<string, unknown>[] = [];
	server = createServer(async (request, response) => {
		heard.push(JSON.parse(await text(request)));
		await answer(heard.length);
		response.writeHead(204).end();
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	/** All that are under way have arrived. */
	const settled = Promise.withResolvers<void>();
	let underWay = 0;
	const reporter = new ImageReporter(async (event) => {
		underWay += 1;
		const delivered = await reportEvent(url, { ...event, stage: "initramfs", uptimeSeconds: 1 }, silent);
		underWay -= 1;
		if (event.event === "image-complete" && underWay === 0) settled.resolve();
		return delivered;
	});
	return { heard, reporter, settled: settled.promise };
}

test("the server hears how the download goes, progress every few seconds only", async () => {
	const { heard, reporter, settled } = await listener();
	reporter.take({ kind: "source-used", source: nbd, isBack: false });
	reporter.take(progressAt(1000));
	reporter.take(progressAt(4999));
	reporter.take(aside);
	reporter.take({ kind: "source-used", source: http, isBack: false });
	reporter.take({ kind: "wrong-chunk", source: http, index: 3, message: "chunk 3 is wrong" });
	reporter.take({ kind: "source-given-up", source: http, code: "http.refused", message: "no" });
	reporter.take(complete);
	await settled;
	const common = { stage: "initramfs", uptimeSeconds: 1 };
	expect(heard).toEqual([
		{
			...common,
			event: "image-source-aside",
			source: nbd,
			code: "nbd.connection-lost",
			message: "the connection broke",
			retryInMs: 500,
		},
		{ ...common, event: "image-wrong-chunk", source: http, chunk: 3, message: "chunk 3 is wrong" },
		{ ...common, event: "image-source-aside", source: http, code: "http.refused", message: "no" },
		{
			...common,
			event: "image-complete",
			sizeBytes: 60_000_000,
			durationMs: 60_001,
			bytesPerSecond: 999_988,
			sources: [nbd, http],
			isVerified: true,
			wrongChunks: 1,
			sourceFailures: 2,
		},
	]);
});

test("progress says how far it is, and is left out while the server has not answered", async () => {
	const gate = Promise.withResolvers<void>();
	const { heard, reporter, settled } = await listener((count) =>
		count === 1 ? gate.promise : Promise.resolve(),
	);
	reporter.take(progressAt(5000));
	reporter.take(progressAt(10_000));
	reporter.take(progressAt(15_000));
	reporter.take(complete);
	gate.resolve();
	await settled;
	expect(heard.map(({ event }) => event)).toEqual(["image-progress", "image-complete"]);
	expect(heard[0]).toMatchObject({
		doneBytes: 5_000_000,
		sizeBytes: 60_000_000,
		bytesPerSecond: 1_000_000,
		sources: [nbd],
	});
});

test("a server that is gone: nothing waits, what it missed is dropped, the end is tried once more", async () => {
	const tried: string[] = [];
	const done = Promise.withResolvers<void>();
	const reporter = new ImageReporter(async ({ event }) => {
		tried.push(event);
		const gone = { ...complete, event: "image-complete", stage: "initramfs", uptimeSeconds: 1 } as never;
		// Port 9 of loopback: nobody listens.
		const delivered = await reportEvent("http://127.0.0.1:9", gone, silent);
		if (event === "image-complete") done.resolve();
		return delivered;
	});
	for (let times = 0; times < 100; times++) reporter.take(aside);
	reporter.take(complete);
	await done.promise;
	expect(tried).toEqual(["image-source-aside", "image-complete"]);
});

test("a slow server gets a bounded number of messages, and the end", async () => {
	const gate = Promise.withResolvers<void>();
	const { heard, reporter, settled } = await listener((count) =>
		count === 1 ? gate.promise : Promise.resolve(),
	);
	for (let times = 0; times < 100; times++) reporter.take(aside);
	reporter.take(complete);
	gate.resolve();
	await settled;
	expect(heard).toHaveLength(18);
	expect(heard.at(-1)?.event).toBe("image-complete");
});
