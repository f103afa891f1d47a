import { programRunner } from "./run-program.ts";

const timeoutMs = 20_000;

/** What a program that changes nothing prints, trimmed; undefined when it is not there or fails. */
export async function queryProgram(argv: readonly [string, ...string[]]): Promise<string | undefined> {
	const lines: string[] = [];
	const { exitCode } = await programRunner("/")(argv, {
		timeoutMs,
		onLine: (line) => lines.push(line),
		onlyStandardOutput: true,
	});
	return exitCode === 0 ? lines.join("\n").trim() : undefined;
}
