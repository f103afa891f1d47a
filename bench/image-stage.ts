import { randomFillSync } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readdirSync,
	rmSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { execa, execaSync } from "execa";
import { describeImageFile } from "../agent/download/describe-image-file.ts";
import type { SourceAddress } from "../agent/download/source-address.ts";
import { NetherdError } from "../agent/errors.ts";
import { repository } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import type { FetchMeasurement } from "./image-fetch.ts";
import { undoAtTheEnd } from "./leftovers.ts";

/** As the image build has them. */
const chunkSizeBytes = 4 * 1024 ** 2;

/**
 * What the image's benchmarks stand on. All of it goes away with `close`.
 *
 * A virtual machine may give free memory back to its host, seconds after it became free (virtio-balloon, free page
 * reporting). Getting it again costs up to 1.6 s per GiB here, which no node has to pay, by chance and mostly in the tmpfs
 * with huge pages. So a copy keeps its memory until just before the next one is written in the same folder; and with huge
 * pages not before what else became free has been given back, because that takes along what it finds.
 */
export interface Stage {
	readonly sizeMib: number;
	/** Random bytes, in a tmpfs. */
	readonly image: string;
	/** A tmpfs with small pages, as it is by default. */
	readonly plain: string;
	/** One with huge pages, as the agent mounts it; undefined where the kernel has none. */
	readonly huge: string | undefined;
	/** The same for others: what they leave behind is no affair of ours, and the other way round. */
	readonly hugeForPeers: string | undefined;
	/** Of the image. */
	readonly chunks: readonly string[];
	/** Removes the copies. */
	clear(): void;
	/** Removes the copy in this folder; to be called just before the next one is made there. */
	free(folder: string): Promise<void>;
	/** Starts nbdkit and nginx, which serve the image. @param prefix Of their command lines: a namespace. */
	serve(host: string, prefix?: readonly string[]): Promise<Servers>;
	/** A download by netherd, in a process of its own, as on a node; its start is not counted, the agent runs already there. */
	fetch(request: FetchRequest, prefix?: readonly string[]): Promise<FetchMeasurement>;
	close(): void;
}

export interface Servers {
	readonly nbdUri: string;
	readonly httpUrl: string;
	readonly nbd: SourceAddress;
	readonly http: SourceAddress;
	stop(): Promise<void>;
}

export interface FetchRequest {
	readonly source: SourceAddress;
	readonly destination: string;
	readonly isVerified: boolean;
}

/** As the agent mounts its tmpfs. */
const hugePages = ",huge=within_size";

const nbdPort = 10809;
const httpPort = 8080;

export async function setStage(sizeMib: number): Promise<Stage> {
	if (process.getuid?.() !== 0) {
		throw new NetherdError("image.needs-root", "this benchmark mounts tmpfs", { hint: "run it as root" });
	}
	const packages = ["nbdkit", "libnbd-bin", "nginx-light", "curl", "time"];
	await ensureDebianPackages(packages, "compare with nbdcopy and curl");
	const folder = mkdtempSync(join(tmpdir(), "netherd-bench-"));
	const undoings = [undoAtTheEnd(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))];
	const mount = async (name: string, options: string): Promise<string | undefined> => {
		const path = join(folder, name);
		mkdirSync(path);
		// Before it is mounted, and mounted synchronously: an interruption may come at any time.
		undoings.push(
			undoAtTheEnd(() => execaSync("setsid", ["--wait", "umount", "--lazy", path], { reject: false })),
		);
		const size = `size=${sizeMib + 64}m`;
		const { failed } = execaSync("mount", ["-t", "tmpfs", "-o", `${size}${options}`, "none", path], {
			reject: false,
		});
		if (failed) return undefined;
		return path;
	};
	const close = () => {
		for (const undo of undoings.toReversed()) undo();
	};
	try {
		const source = (await mount("source", "")) ?? folder;
		const plain = (await mount("plain", "")) ?? folder;
		const huge = await mount("huge", hugePages);
		const hugeForPeers = huge && (await mount("huge-for-peers", hugePages));
		const image = join(source, "image");
		writeRandomFile(image, sizeMib);
		const { sizeBytes, chunks } = await describeImageFile(image, chunkSizeBytes);
		const fetcher = await buildFetcher(folder);
		const removeCopy = (path: string) => rmSync(join(path, "copy"), { force: true });
		return {
			sizeMib,
			image,
			plain,
			huge,
			hugeForPeers,
			chunks,
			close,
			async free(next) {
				if (next !== plain && givesMemoryBack()) await sleep(giveBackDelayMs);
				removeCopy(next);
			},
			clear() {
				for (const path of [plain, huge ?? plain, hugeForPeers ?? plain]) removeCopy(path);
			},
			serve: (host, prefix = []) => serve(folder, image, host, prefix),
			async fetch({ source, destination, isVerified }, prefix = []) {
				const request = join(folder, "request.json");
				const image = { sizeBytes, chunkSizeBytes, chunks: isVerified ? chunks : [] };
				writeFileSync(request, JSON.stringify({ sources: [source], destination, ...image }));
				const [program = "", ...args] = [...prefix, process.execPath, fetcher, request];
				const { stdout } = await execa(program, args);
				return JSON.parse(stdout) as FetchMeasurement;
			},
		};
	} catch (error) {
		close();
		throw error;
	}
}

function givesMemoryBack(): boolean {
	const drivers = "/sys/bus/virtio/drivers/virtio_balloon";
	return existsSync(drivers) && readdirSync(drivers).some((name) => /^virtio\d+$/.test(name));
}

/** mm/page_reporting.c: two seconds after something became free. */
const giveBackDelayMs = 2200;

/** One bundle, as the agent's executable contains it: without what Node needs to run TypeScript. */
async function buildFetcher(folder: string): Promise<string> {
	const outfile = join(folder, "image-fetch.cjs");
	const entry = join(repository, "bench/image-fetch.ts");
	await build({
		entryPoints: [entry],
		outfile,
		bundle: true,
		platform: "node",
		format: "cjs",
		logLevel: "error",
	});
	return outfile;
}

function writeRandomFile(path: string, sizeMib: number): void {
	const file = openSync(path, "w");
	const block = Buffer.alloc(1024 ** 2);
	for (let written = 0; written < sizeMib; written++) writeSync(file, randomFillSync(block));
}

async function serve(
	folder: string,
	image: string,
	host: string,
	prefix: readonly string[],
): Promise<Servers> {
	const own = mkdtempSync(join(folder, "servers-"));
	const nbdkitOptions = ["--foreground", "--exit-with-parent", "--readonly", `--pidfile=${own}/nbdkit.pid`];
	const nginxConfiguration = join(own, "nginx.conf");
	// Debian's own settings for sendfile, tcp_nopush and the number of workers.
	writeFileSync(
		nginxConfiguration,
		`daemon off; worker_processes auto; user root; pid ${own}/nginx.pid; error_log stderr;
events {}
http { sendfile on; tcp_nopush on; access_log off; server { listen ${host}:${httpPort}; root ${join(image, "..")}; } }
`,
	);
	const nbdkit = run(prefix, [
		"nbdkit",
		...nbdkitOptions,
		`--ipaddr=${host}`,
		`--port=${nbdPort}`,
		"file",
		image,
	]);
	const nginx = run(prefix, ["nginx", "-c", nginxConfiguration, "-e", "stderr"]);
	await Promise.all([listening(nbdkit, join(own, "nbdkit.pid")), listening(nginx, join(own, "nginx.pid"))]);
	return {
		nbdUri: `nbd://${host}:${nbdPort}/image`,
		httpUrl: `http://${host}:${httpPort}/image`,
		nbd: { kind: "nbd", host, port: nbdPort, exportName: "image" },
		http: { kind: "http", url: `http://${host}:${httpPort}/image` },
		async stop() {
			for (const server of [nbdkit, nginx]) {
				server.kill("SIGTERM");
				await server;
			}
		},
	};
}

/** Both write their file when they accept connections. */
async function listening(server: ReturnType<typeof run>, pidFile: string): Promise<void> {
	let ended: string | undefined;
	server.then(({ stderr }) => {
		ended = stderr;
	});
	while (!existsSync(pidFile)) {
		if (ended !== undefined) throw new Error(`a server did not start: ${ended}`);
		await sleep(10);
	}
}

function run(prefix: readonly string[], argv: readonly string[]) {
	const [program = "", ...args] = [...prefix, ...argv];
	const child = execa(program, args, { reject: false });
	// nbdkit waits for its clients when it is asked to end.
	const kill = undoAtTheEnd(() => child.kill("SIGKILL"));
	child.then(kill);
	return child;
}
