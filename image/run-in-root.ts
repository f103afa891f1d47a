import { join } from "node:path";
import { execa } from "execa";
import { isolated, runTool, type ToolOptions } from "./run-tool.ts";

/**
 * Runs a program with another root, as in-root.sh describes, in namespaces of its own where this machine allows them.
 *
 * @param root Its dev and proc are folders.
 * @throws {NetherdError} As `runTool`.
 */
export async function runInRoot(
	root: string,
	argv: readonly [string, ...string[]],
	options: ToolOptions,
): Promise<string> {
	const isIsolated = await canIsolate();
	return await runTool(
		[
			...(isIsolated ? isolated : endsWithBuild),
			"sh",
			join(import.meta.dirname, "in-root.sh"),
			root,
			...argv,
		],
		{
			program: argv[0],
			...options,
			environment: { ISOLATED: isIsolated ? "yes" : "no", ...options.environment },
		},
	);
}

/** Put before a program that mounts nothing. */
export const endsWithBuild = ["setpriv", "--pdeathsig=KILL"] as const;

/** Whether this process may have namespaces and mount in them: not so in most containers. */
async function canIsolate(): Promise<boolean> {
	const [program, ...words] = isolated;
	const { failed } = await execa(program, [...words, "true"], { reject: false });
	return !failed;
}
