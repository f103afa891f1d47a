import { execa } from "execa";
import { searchPath } from "../paths.ts";

/** What a program that changes nothing prints, trimmed; undefined when it is not there or fails. */
export async function queryProgram(argv: readonly [string, ...string[]]): Promise<string | undefined> {
	const [program, ...args] = argv;
	const result = await execa(program, args, {
		reject: false,
		timeout: 20_000,
		stdin: "ignore",
		env: { PATH: searchPath, LC_ALL: "C" },
		extendEnv: false,
	});
	return result.failed ? undefined : result.stdout.trim();
}
