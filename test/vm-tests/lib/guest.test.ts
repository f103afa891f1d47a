import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repository } from "../../../tools/cache.ts";
import { Guest } from "../../../vm-tests/lib/guest.ts";

/** The real test shell, at the other end of a socket as QEMU has it. */
let server: Server;
let shell: ChildProcess;
let connection: Socket;
let guest: Guest;
let folder: string;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "netherd-guest-"));
	const path = join(folder, "port");
	server = createServer().listen(path);
	await once(server, "listening");
	const connected = once(server, "connection");
	guest = await Guest.connect(path);
	[connection] = await connected;
});

afterEach(async () => {
	shell?.kill("SIGKILL");
	connection.destroy();
	server.close();
	rmSync(folder, { recursive: true });
});

function startShell(): void {
	shell = spawn("sh", [join(repository, "image/test-channel/netherd-test-shell")], {
		stdio: ["pipe", "pipe", "inherit"],
		env: { ...process.env, TMPDIR: folder },
	});
	const { stdin, stdout } = shell;
	if (stdin === null || stdout === null) throw new Error("no pipes");
	stdin.on("error", () => {}); // it was killed
	connection.pipe(stdin);
	stdout.pipe(connection, { end: false });
}

test("exit code and both outputs, whatever is in them", async () => {
	startShell();
	expect(await guest.run("printf 'a\\nb\\n'; printf 'é \\001' >&2; exit 3")).toEqual({
		exitCode: 3,
		stdout: "a\nb\n",
		stderr: "é \x01",
	});
	expect(await guest.run("true")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

test("several requests at once get their own answers", async () => {
	startShell();
	const words = ["one", "two", "three"];
	expect(await Promise.all(words.map((word) => guest.output(`echo ${word}`)))).toEqual(words);
});

test("a request waits until the shell runs, and firmware that reads from the port gets nothing", async () => {
	let firmwareRead = 0;
	connection.on("data", (bytes: Buffer) => {
		firmwareRead += bytes.length;
	});
	connection.write("noise of firmware\nmore");
	const answer = guest.output("echo answered");
	// A whole turn to the other end and back shows that nothing was sent.
	await new Promise((resolve) => connection.write("\n", resolve));
	expect(firmwareRead).toBe(0);
	connection.removeAllListeners("data");
	startShell();
	expect(await answer).toBe("answered");
});

test("a command that must succeed and fails is shown with its outputs", async () => {
	startShell();
	await expect(guest.output("echo out; echo err >&2; exit 7")).rejects.toMatchObject({
		code: "vm.guest-command-failed",
		message: expect.stringMatching(/exit code 7\nout\nerr\n/),
	});
});

test("no answer in time, and a machine that goes away", async () => {
	await expect(guest.run("true", { timeoutMs: 50 })).rejects.toMatchObject({
		code: "vm.guest-silent",
		message: expect.stringContaining("no answer within 0.05 s"),
	});
	const lost = expect(guest.run("true")).rejects.toMatchObject({
		code: "vm.guest-silent",
		message: expect.stringContaining("the machine went away"),
	});
	connection.destroy();
	await lost;
});
