import { nodePrograms } from "../paths.ts";
import { programRunner } from "./run-program.ts";

const timeoutMs = 5_000;

/**
 * Tells systemd what the unit is doing: the line `Status:` of `systemctl status` (sd_notify(3)). Nothing happens where
 * no systemd listens. Node has no datagram sockets of Unix, so a program of systemd's own sends it.
 */
export async function tellServiceStatus(text: string): Promise<void> {
	const { NOTIFY_SOCKET } = process.env;
	if (NOTIFY_SOCKET === undefined) return;
	await programRunner("/")([nodePrograms.systemdNotify, `--status=${text}`], {
		timeoutMs,
		onLine: () => undefined,
		environment: { NOTIFY_SOCKET },
	});
}
