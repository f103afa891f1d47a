import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is removed when the running test ends. */
export function temporaryFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "netherd-server-test-"));
	// TFTP runs as nobody, and passes through.
	chmodSync(folder, 0o711);
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}
