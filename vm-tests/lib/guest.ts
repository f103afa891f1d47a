import { NetherdError } from "../../agent/errors.ts";
import { connectLines, type LineConnection } from "./unix-connection.ts";

/** How a command in the guest ended. */
export interface CommandResult {
	/** 124: it ran longer than allowed and was ended. */
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** The test shell's first line. */
const greeting = "netherd-test-shell ready";

/** Room for a guest that is still booting, and for a busy host. */
const defaultTimeoutMs = 240_000;

/**
 * Runs commands inside a booted machine, as root, over the virtio port of test images (the protocol is in
 * image/test-channel/netherd-test-shell). A guest that is still booting answers once its shell runs; a machine whose
 * image has no test channel never answers.
 */
export class Guest {
	readonly #waiting = new Map<string, (result: CommandResult) => void>();
	/** Requests for a shell that does not run yet: UEFI firmware reads from the port too, and would swallow them. */
	#unsent: string[] = [];
	#shellRuns = false;
	#connection: LineConnection | undefined;
	#closed = new Promise<void>(() => {});
	#lastId = 0;

	/** @throws {NetherdError} `vm.no-socket`. */
	static async connect(path: string): Promise<Guest> {
		const guest = new Guest();
		const connection = await connectLines(path, (line) => guest.#take(line));
		guest.#closed = new Promise((resolve) => {
			connection.socket.once("close", () => resolve());
		});
		guest.#connection = connection;
		return guest;
	}

	/**
	 * Runs lines of sh in the guest and returns how they ended, whatever the exit code.
	 *
	 * @throws {NetherdError} `vm.guest-silent` without an answer in time, or when the machine goes away.
	 */
	async run(command: string, { timeoutMs = defaultTimeoutMs } = {}): Promise<CommandResult> {
		const id = `r${++this.#lastId}`;
		const answer = Promise.withResolvers<CommandResult>();
		const late = Promise.withResolvers<"late">();
		const timeout = setTimeout(() => late.resolve("late"), timeoutMs);
		this.#waiting.set(id, answer.resolve);
		const line = request(id, Math.ceil(timeoutMs / 1000), command);
		this.#unsent.push(line);
		if (this.#shellRuns) this.#flush();
		try {
			const outcome = await Promise.race([
				answer.promise,
				late.promise,
				this.#closed.then(() => "closed" as const),
			]);
			if (typeof outcome === "object") return outcome;
			const why = outcome === "late" ? `no answer within ${timeoutMs / 1000} s` : "the machine went away";
			throw new NetherdError("vm.guest-silent", `in the guest: ${command}: ${why}`, {
				hint: "the console's file in the scenario's folder says how far the machine came; only test images answer",
			});
		} finally {
			clearTimeout(timeout);
			this.#waiting.delete(id);
			this.#unsent = this.#unsent.filter((unsent) => unsent !== line);
		}
	}

	/**
	 * Standard output of lines of sh that must succeed, without the last line end.
	 *
	 * @throws {NetherdError} `vm.guest-command-failed` with both outputs, and what `run` throws.
	 */
	async output(command: string, options: { timeoutMs?: number } = {}): Promise<string> {
		const { exitCode, stdout, stderr } = await this.run(command, options);
		if (exitCode === 0) return stdout.replace(/\n$/, "");
		throw new NetherdError(
			"vm.guest-command-failed",
			`in the guest: ${command}: exit code ${exitCode}\n${stdout}${stderr}`,
			{ hint: "the machine booted, but is not in the state that the scenario expects" },
		);
	}

	/** The machine was reset: the next request waits for the next boot's shell. */
	expectNewShell(): void {
		this.#shellRuns = false;
	}

	#flush(): void {
		for (const line of this.#unsent.splice(0)) this.#connection?.send(line);
	}

	#take(line: string): void {
		if (line.endsWith(greeting)) {
			this.#shellRuns = true;
			this.#flush();
		}
		const { id = "", ...result } = parseAnswer(line) ?? {};
		if ("exitCode" in result) this.#waiting.get(id)?.(result);
	}
}

/** The line that asks the test shell to run a command. */
export function request(id: string, seconds: number, command: string): string {
	return `${id} ${seconds} ${Buffer.from(command).toString("base64")}`;
}

/** The test shell's answer; nothing for its greeting and for noise. */
export function parseAnswer(line: string): (CommandResult & { readonly id: string }) | undefined {
	const match = /^(r\d+) (\d+) (\S+) (\S+)$/.exec(line);
	if (match === null) return undefined;
	const [, id = "", exitCode, stdout = "", stderr = ""] = match;
	return { id, exitCode: Number(exitCode), stdout: decoded(stdout), stderr: decoded(stderr) };
}

function decoded(field: string): string {
	return field === "-" ? "" : Buffer.from(field, "base64").toString("utf8");
}
