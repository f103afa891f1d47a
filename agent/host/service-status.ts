import { execa } from "execa";
import { nodePrograms, searchPath } from "../paths.ts";

/**
 * Tells systemd what the unit is doing: the line `Status:` of `systemctl status` (sd_notify(3)). Nothing happens where
 * no systemd listens. Node has no datagram sockets of Unix, so a program of systemd's own sends it.
 */
export async function tellServiceStatus(text: string): Promise<void> {
	const { NOTIFY_SOCKET } = process.env;
	if (NOTIFY_SOCKET === undefined) return;
	await execa(nodePrograms.systemdNotify, [`--status=${text}`], {
		reject: false,
		timeout: 5_000,
		stdin: "ignore",
		env: { PATH: searchPath, LC_ALL: "C", NOTIFY_SOCKET },
		extendEnv: false,
	});
}
