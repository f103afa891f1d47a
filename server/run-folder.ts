import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
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

export function makeRunFolder(): RunFolder {
	const path = mkdtempSync(join(tmpdir(), "netherd-companion-"));
	const loader = join(path, "loader");
	const exports = join(path, "exports");
	mkdirSync(loader);
	mkdirSync(exports, { mode: 0o700 });
	// dnsmasq runs as nobody: it passes through, and reads what it is told to; it lists nothing.
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
