import { availableParallelism } from "node:os";
import { NetherdError } from "../errors.ts";
import { ChunkLedger } from "./chunk-ledger.ts";
import { ChunkWorkers } from "./chunk-workers.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { openDestination } from "./destination-file.ts";
import { Download } from "./download.ts";
import type { DownloadEvent } from "./download-event.ts";
import { listReasons } from "./image-errors.ts";
import { formatBytes } from "./progress.ts";
import { RateMeter } from "./rate-meter.ts";
import type { SourceAddress, SourceUse } from "./source-address.ts";

/** Time limits where the caller gives none. */
export const defaultLimits = {
	connectTimeoutMs: 10_000,
	stallTimeoutMs: 30_000,
	totalTimeoutMs: 3_600_000,
} as const;

export interface FetchImageRequest {
	/** In order of preference. */
	readonly sources: readonly SourceAddress[];
	/** `in-order` (default): a source is used while none before it works. `together`: all at once. */
	readonly use?: SourceUse | undefined;
	/** A file, normally on a tmpfs of its own; made or resized when it has another size. */
	readonly destination: string;
	readonly sizeBytes: number;
	readonly chunkSizeBytes: number;
	/** SHA-256 of every chunk in order, lower-case hexadecimal; empty: the image is not verified. */
	readonly chunks: readonly string[];
	/** For a connection and its handshake. */
	readonly connectTimeoutMs?: number | undefined;
	/** A source that is asked for bytes and brings less than 64 KiB in this time has stalled. */
	readonly stallTimeoutMs?: number | undefined;
	/** For everything, repetitions included. */
	readonly totalTimeoutMs?: number | undefined;
	/** To each source, where it allows several; undefined: the engine finds out how many pay. */
	readonly connections?: number | undefined;
	/** What happens, as it happens; {@link consoleLines} makes lines of it. */
	readonly onEvent?: ((event: DownloadEvent) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface FetchImageResult {
	readonly sizeBytes: number;
	readonly isVerified: boolean;
	readonly durationMs: number;
	/** Chunks that came wrong and were fetched again. */
	readonly wrongChunks: number;
	/** Times that a source failed and was tried again, or another in its stead. */
	readonly sourceFailures: number;
}

const progressIntervalMs = 1000;

/** Receiving and the server's reading overlap with this many threads that hash and write; more gain nothing at 10 Gbit/s. */
const maximumWorkers = 3;

/**
 * Fetches an image into a file: several requests in flight, chunks verified in worker threads before they are written,
 * after a break only what is missing. The file's content is undefined when it throws.
 *
 * @throws {NetherdError} `image.destination-too-small`, `image.write-failed`, `image.size-mismatch`,
 *   `image.chunk-corrupt`, `image.total-timeout`, `image.no-source`, `image.no-source-left`, `image.worker-failed`;
 *   `nbd.*` when the only source fails for good. The signal's reason when it is aborted.
 * @throws {RangeError} When sizes and chunks contradict each other, which `parseManifest` excludes.
 */
export async function fetchImage(request: FetchImageRequest): Promise<FetchImageResult> {
	const { sizeBytes, chunkSizeBytes, chunks, onEvent = () => {} } = request;
	request.signal?.throwIfAborted();
	if (request.sources.length === 0) {
		throw new NetherdError("image.no-source", "there is no source to fetch the image from", {
			hint: "add nbdroot=HOST:PORT/NAME to the kernel command line",
		});
	}
	const startedMs = performance.now();
	const elapsedMs = () => performance.now() - startedMs;
	const ledger = new ChunkLedger(sizeBytes, chunkSizeBytes, chunks);
	const destination = openDestination(request.destination, sizeBytes);
	const workers =
		chunks.length > 0
			? new ChunkWorkers(Math.min(availableParallelism(), maximumWorkers))
			: new ChunkWriter();
	const download = new Download({
		connectTimeoutMs: request.connectTimeoutMs ?? defaultLimits.connectTimeoutMs,
		stallTimeoutMs: request.stallTimeoutMs ?? defaultLimits.stallTimeoutMs,
		connections: request.connections,
		sources: request.sources,
		use: request.use ?? "in-order",
		sizeBytes,
		chunkSizeBytes,
		ledger,
		workers,
		destination: { path: request.destination, fileDescriptor: destination.fileDescriptor },
		onEvent,
	});
	const stopReporting = reportProgress(download, sizeBytes, elapsedMs, onEvent);
	const totalTimeoutMs = request.totalTimeoutMs ?? defaultLimits.totalTimeoutMs;
	const totalTimer = setTimeout(
		() => download.abort(totalTimeout(download, sizeBytes, totalTimeoutMs)),
		totalTimeoutMs,
	);
	const cancel = () => download.abort(request.signal?.reason);
	request.signal?.addEventListener("abort", cancel);
	try {
		await download.run();
	} finally {
		request.signal?.removeEventListener("abort", cancel);
		clearTimeout(totalTimer);
		stopReporting();
		await workers.close();
		destination.close();
	}
	const isVerified = chunks.length > 0;
	const durationMs = elapsedMs();
	const { wrongChunks, sourceFailures } = download;
	const result = { sizeBytes, isVerified, wrongChunks, sourceFailures };
	onEvent({ kind: "complete", elapsedMs: durationMs, ...result });
	return { durationMs, ...result };
}

function reportProgress(
	download: Download,
	sizeBytes: number,
	elapsedMs: () => number,
	onEvent: (event: DownloadEvent) => void,
): () => void {
	const rate = new RateMeter();
	const timer = setInterval(() => {
		const { doneBytes } = download;
		const nowMs = elapsedMs();
		const bytesPerSecond = rate.sample(doneBytes, nowMs);
		const sources = download.takeBusySources();
		onEvent({ kind: "progress", doneBytes, sizeBytes, elapsedMs: nowMs, bytesPerSecond, sources });
	}, progressIntervalMs);
	return () => clearInterval(timer);
}

function totalTimeout(download: Download, sizeBytes: number, totalTimeoutMs: number): NetherdError {
	const reasons = download.sources.length > 1 ? listReasons(download.sources) : "";
	return new NetherdError(
		"image.total-timeout",
		`the image is not complete after ${totalTimeoutMs} ms: ` +
			`${formatBytes(download.doneBytes)} of ${formatBytes(sizeBytes)}${reasons}`,
		{
			hint: "check the server and the network; a slow network needs a longer time limit",
			cause: download.lastProblem,
		},
	);
}
