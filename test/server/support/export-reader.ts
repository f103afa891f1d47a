import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Host, serverAddress, type TwoHosts } from "./two-hosts.ts";

export interface ExportReader {
	readonly process: ChildProcess;
	/** 4096 bytes from there, in hexadecimal. One read at a time. */
	read(offset: number): Promise<string>;
}

/** One connection that stays open: the agent's NBD client, run on a host, reads where it is told to. */
export function startReader(hosts: TwoHosts, host: Host, exportName: string): ExportReader {
	const program = join(import.meta.dirname, "nbd-reader.ts");
	const [file, ...args] = hosts.argv(host, [process.execPath, program, serverAddress, exportName]);
	const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
	const lines = createInterface({ input: child.stdout });
	return {
		process: child,
		async read(offset) {
			const answered = once(lines, "line");
			child.stdin.write(`${offset}\n`);
			const [line] = await answered;
			return String(line);
		},
	};
}
