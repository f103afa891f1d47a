import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface RunningNbdkit {
	readonly host: string;
	readonly port: number;
	/** Cuts all connections. Called by itself when the test ends. */
	stop(): Promise<void>;
}

let started = 0;

/**
 * Runs a real nbdkit, read-only, on a loopback address that belongs to this process alone.
 *
 * @param args Filters, plugin and their parameters.
 */
export async function startNbdkit(
	args: readonly string[],
	at: { host: string; port: number } = unusedAddress(),
): Promise<RunningNbdkit> {
	await ensureDebianPackages(["nbdkit"], "test the download of images");
	const pidFile = join(temporaryFolder(), "nbdkit.pid");
	const { host, port } = at;
	// With several threads a connection, nbdkit 1.32 aborts (raw_send_socket: Assertion `sock >= 0') when a client
	// disappears while they answer it.
	const options = ["--foreground", "--exit-with-parent", "--readonly", "--threads=1"];
	const server = execa(
		"nbdkit",
		[...options, `--pidfile=${pidFile}`, `--ipaddr=${host}`, `--port=${port}`, ...args],
		{ reject: false, all: true },
	);
	const stop = async () => {
		server.kill("SIGKILL");
		await server;
	};
	onTestFinished(stop);
	let ended: string | undefined;
	server.then(({ all }) => {
		ended = all;
	});
	// It writes the file when it accepts connections.
	while (!existsSync(pidFile)) {
		if (ended !== undefined) throw new Error(`nbdkit ended: ${ended}`);
		await sleep(10);
	}
	return { host, port, stop };
}

/** 127.0.0.0/8 is all loopback: an address made from the process id needs no search for a free port. */
export function unusedAddress(): { host: string; port: number } {
	const { pid } = process;
	started += 1;
	const host = `127.${64 + ((pid >> 16) & 63)}.${(pid >> 8) & 255}.${Math.max(1, pid & 255)}`;
	return { host, port: 20_000 + started };
}
