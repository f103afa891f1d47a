import { execFile } from "node:child_process";

/** Children speak English whatever the server speaks: their output is read by programs. */
export const childEnvironment: NodeJS.ProcessEnv = {
	PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	LC_ALL: "C",
};

/**
 * Runs a program that only looks at something, and returns what it printed.
 *
 * @throws {Error} When it cannot be started, fails, or takes longer than 10 s; the message has its stderr.
 */
export function outputOf(program: string, args: readonly string[]): Promise<string> {
	return new Promise((resolve, reject) => {
		execFile(
			program,
			args,
			{ env: childEnvironment, timeout: 10_000, maxBuffer: 64 * 1024 * 1024 },
			(error, stdout, stderr) => {
				if (error === null) resolve(stdout);
				else reject(new Error(stderr.trim() === "" ? error.message : stderr.trim()));
			},
		);
	});
}
