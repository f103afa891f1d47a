import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the children need as files; made at every start, holds nothing that is worth keeping. */
export interface RunFolder {
	readonly path: string;
	/** Copies of the boot loaders, readable by everyone. */
	readonly loader: string;
	/** Links to image files, for nbdkit. */
	readonly exports: string;
	readonly nbdkitSocket: string;
	remove(): void;
}

/** Makes one below TMPDIR, else /tmp, and removes those of companions that were killed. */
export function makeRunFolder(): RunFolder {
	removeLeftovers();
	const path = mkdtempSync(join(tmpdir(), `${ownerPrefix()}-`));
	const loader = join(path, "loader");
	const exports = join(path, "exports");
	mkdirSync(loader);
	mkdirSync(exports, { mode: 0o700 });
	// TFTP runs as nobody: it passes through, and reads what it is told to; it lists nothing.
	chmodSync(path, 0o711);
	chmodSync(loader, 0o755);
	return {
		path,
		loader,
		exports,
		nbdkitSocket: join(path, "nbd.socket"),
		remove: () => rmSync(path, { recursive: true, force: true }),
	};
}

/**
 * Says which process made a folder: its PID namespace, its id, and when it started, because ids are used again. A
 * container that shares /tmp has a namespace of its own.
 */
function ownerPrefix(): string {
	return `netherd-companion-${pidNamespace()}-${process.pid}-${startTicks(process.pid)}`;
}

function removeLeftovers(): void {
	for (const name of readdirSync(tmpdir())) {
		const [, namespace, id, ticks] = /^netherd-companion-(\d+)-(\d+)-(\d+)-/.exec(name) ?? [];
		if (namespace !== pidNamespace() || startTicks(Number(id)) === ticks) continue;
		rmSync(join(tmpdir(), name), { recursive: true, force: true });
	}
}

function pidNamespace(): string {
	return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
}

/** Clock ticks from the machine's start to the process's (proc_pid_stat(5), field 22); undefined when it is gone. */
function startTicks(id: number): string | undefined {
	try {
		const stat = readFileSync(`/proc/${id}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
	} catch {
		return undefined;
	}
}
