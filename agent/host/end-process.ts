import { nodePrograms } from "../paths.ts";

/**
 * Ends this process though threads of it wait for the kernel, for which exit(3) would wait, perhaps for ever: another
 * program takes its place, and execve(2) ends all other threads.
 */
export function endProcess(exitCode: number): void {
	process.execve?.(nodePrograms.sh, [nodePrograms.sh, "-c", `exit ${exitCode}`], {});
}
