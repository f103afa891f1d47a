import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Registers what to do when a test ends; concurrent tests must give that of their own context. */
export type CleanUp = (action: () => void | Promise<void>) => void;

/** A folder that is removed when the running test ends. */
export function temporaryFolder(cleanUp: CleanUp = onTestFinished): string {
	const folder = mkdtempSync(join(tmpdir(), "netherd-download-"));
	cleanUp(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}
