import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ServiceStatus } from "../../agent/host/service-status.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

let folder: string;
let listener: ChildProcess | undefined;
let heard: string[];

beforeAll(() => ensureDebianPackages(["systemd"], "tell a unit's status"), 600_000);
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-status-"));
	heard = [];
});
afterEach(() => {
	listener?.kill("SIGKILL");
	listener = undefined;
	delete process.env.NOTIFY_SOCKET;
	rmSync(folder, { recursive: true });
});

/** sd_notify(3): datagrams to a socket of Unix, with lines NAME=VALUE. perl-base is on every Debian. */
const listen = `use Socket; $| = 1; my ($socket, $message);
socket($socket, PF_UNIX, SOCK_DGRAM, 0) && bind($socket, pack_sockaddr_un($ARGV[0])) or die $!;
print "listening\\n";
while (defined recv($socket, $message, 4096, 0)) { print "$message\\n"; }`;

async function systemd(): Promise<void> {
	const socket = join(folder, "notify");
	listener = spawn("perl", ["-e", listen, socket], { stdio: ["ignore", "pipe", "inherit"] });
	const lines = createInterface({ input: listener.stdout ?? process.stdin });
	await once(lines, "line");
	lines.on("line", (line) => heard.push(line));
	process.env.NOTIFY_SOCKET = socket;
}

const statuses = () => heard.filter((line) => line.startsWith("STATUS="));

test("systemd hears each status, in order and as it is", async () => {
	await systemd();
	const status = new ServiceStatus();
	status.tell("waits for the API server: it says 503 \\n `reboot` $(reboot) ' \" ; |");
	status.tell("  starts\nwhat stands here is for the log");
	await status.end();
	await expect
		.poll(statuses, { timeout: 60_000 })
		.toEqual([
			"STATUS=waits for the API server: it says 503 \\n `reboot` $(reboot) ' \" ; |",
			"STATUS=  starts",
		]);
});

test("without systemd nothing is started", async () => {
	const status = new ServiceStatus();
	status.tell("starts");
	await status.end();
	expect(statuses()).toEqual([]);
});

test("a systemd that does not listen keeps nobody", async () => {
	process.env.NOTIFY_SOCKET = join(folder, "nobody");
	const status = new ServiceStatus();
	status.tell("starts");
	await status.end();
	status.tell("is told too late");
});
