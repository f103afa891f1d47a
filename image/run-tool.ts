import { execa } from "execa";
import { NetherdError } from "../agent/errors.ts";

const shownLines = 25;

/**
 * Put before a program that mounts or starts others: whatever it leaves behind ends with it, and it ends with the build.
 * A mount that stayed in the build's folder would be emptied together with the folder, and it may be this machine's /dev
 * or /sys.
 */
export const isolated = [
	...["setpriv", "--pdeathsig=KILL"],
	...["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
] as const;

/** How a program of the build runs. */
export interface ToolOptions {
	/** The error's code when the tool fails, and what to do then. */
	readonly code: string;
	readonly hint: string;
	/** The program that is meant, where another one starts it. */
	readonly program?: string;
	readonly input?: string;
	readonly environment?: Readonly<Record<string, string>>;
	/** Called with every line of output. */
	readonly onLine?: (line: string) => void;
	/** Called with the program's process id. */
	readonly onStart?: (pid: number) => void;
}

/**
 * Runs a program of the build to its end and returns its output (both streams, as they came).
 *
 * @throws {NetherdError} `options.code` with the last lines of the output; `image.disk-full` when these say so.
 */
export async function runTool(argv: readonly [string, ...string[]], options: ToolOptions): Promise<string> {
	// One pipe for both streams, or their order is lost.
	const child = execa("sh", ["-c", 'exec "$@" 2>&1', "sh", ...argv], {
		reject: false,
		input: options.input ?? "",
		env: { LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive", ...options.environment },
	});
	if (child.pid !== undefined) options.onStart?.(child.pid);
	if (options.onLine !== undefined) {
		for await (const line of child.iterable()) options.onLine(line);
	}
	const result = await child;
	if (!result.failed) return result.stdout;

	const program =
		options.program ?? argv.find((word) => !(isolated as readonly string[]).includes(word)) ?? argv[0];
	const how =
		result.exitCode === undefined
			? `was ended by ${result.signal}`
			: `ended with exit code ${result.exitCode}`;
	const lastLines = result.stdout.split("\n").slice(-shownLines).join("\n");
	if (/No space left on device|ENOSPC/.test(lastLines)) {
		throw new NetherdError("image.disk-full", `${program} found no space left\n${lastLines}`, {
			hint: "free some space: the build needs 3 GB beside .cache and 1 GB of memory for its temporary files",
		});
	}
	throw new NetherdError(options.code, `${program} ${how}\n${lastLines}`, { hint: options.hint });
}
