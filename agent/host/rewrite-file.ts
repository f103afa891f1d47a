import { chmodSync, chownSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Gives a file that a person named another content: whole or not at all, with the mode and the owner that it has. A link
 * is followed.
 */
export function rewriteFile(file: string, text: string): void {
	const path = realpathSync(file);
	const { mode, uid, gid } = statSync(path);
	const temporary = join(dirname(path), `.${basename(path)}.netherd-new`);
	rmSync(temporary, { force: true });
	try {
		writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
		chownSync(temporary, uid, gid);
		chmodSync(temporary, mode & 0o7777);
		renameSync(temporary, path);
	} catch (error) {
		rmSync(temporary, { force: true });
		throw error;
	}
}
