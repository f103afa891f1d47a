import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { nodePrograms, searchPath } from "../paths.ts";

/** A systemd that does not listen is no reason to wait. */
const longestEndMs = 5_000;

/** Ends with its input. */
const notifyEachLine = `while IFS= read -r status; do ${nodePrograms.systemdNotify} "--status=$status"; done`;

/**
 * Tells systemd what the unit is doing: the line `Status:` of `systemctl status` (sd_notify(3)). Nothing happens where no
 * systemd listens.
 *
 * Node has no datagram sockets of Unix, so a program of systemd's own sends it. A shell starts that program for each line:
 * a process as large as Node's is expensive to fork, and a shell's is not.
 */
export class ServiceStatus {
	#shell: ChildProcess | undefined;

	/** One line; what stands behind a line break is left out. */
	tell(text: string): void {
		const { NOTIFY_SOCKET } = process.env;
		if (NOTIFY_SOCKET === undefined) return;
		this.#shell ??= startShell(NOTIFY_SOCKET);
		this.#shell.stdin?.write(`${text.split("\n", 1)[0]}\n`);
	}

	/** Waits until systemd has heard everything, but not long. Nothing can be told afterwards. */
	async end(): Promise<void> {
		const shell = this.#shell;
		if (shell === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
		const ended = once(shell, "close");
		shell.stdin?.end();
		await Promise.race([ended, sleep(longestEndMs, undefined, { ref: false })]);
		shell.kill();
	}
}

function startShell(socket: string): ChildProcess {
	const shell = spawn(nodePrograms.sh, ["-c", notifyEachLine], {
		env: { PATH: searchPath, LC_ALL: "C", NOTIFY_SOCKET: socket },
		stdio: ["pipe", "ignore", "ignore"],
	});
	// Without it the status is missing, and nothing else.
	shell.on("error", () => undefined);
	shell.stdin?.on("error", () => undefined);
	return shell;
}
