import { createWriteStream, type WriteStream } from "node:fs";
import { NetherdError } from "../../agent/errors.ts";
import { type ConsoleLine, ConsoleLines } from "./console-lines.ts";

/** What to look for on the console: text that a line contains, or a pattern. */
export type ConsoleText = string | RegExp;

interface Waiter {
	readonly text: ConsoleText;
	readonly resolve: (line: ConsoleLine) => void;
}

const shownOnFailure = 40;

/**
 * A machine's serial console: keeps every line with its time, writes the bytes as they come to one file and the lines
 * with their times to another, and waits for text.
 */
export class Console {
	readonly #decoder = new ConsoleLines();
	readonly #lines: ConsoleLine[] = [];
	readonly #bytesFile: WriteStream;
	readonly #linesFile: WriteStream;
	readonly #waiters = new Set<Waiter>();
	readonly #listeners: ((line: ConsoleLine) => void)[] = [];
	#closedBecause: string | undefined;
	#onClose = (_reason: string): void => {};
	readonly #closed = new Promise<string>((resolve) => {
		this.#onClose = resolve;
	});

	/** @param file Path without extension: FILE.log gets the bytes, FILE.txt the lines with seconds since power-on. */
	constructor(file: string) {
		this.#bytesFile = createWriteStream(`${file}.log`);
		this.#linesFile = createWriteStream(`${file}.txt`);
	}

	/** All finished lines since the console exists. */
	get lines(): readonly ConsoleLine[] {
		return this.#lines;
	}

	/** Calls back for every line from now on. */
	onLine(listener: (line: ConsoleLine) => void): void {
		this.#listeners.push(listener);
	}

	/** Takes the next bytes from the machine. */
	push(bytes: Uint8Array, atMs: number): void {
		this.#bytesFile.write(bytes);
		for (const line of this.#decoder.push(bytes, atMs)) {
			this.#lines.push(line);
			this.#linesFile.write(`${(line.atMs / 1000).toFixed(3).padStart(9)}  ${line.text}\n`);
			this.#offer(line);
			for (const listener of this.#listeners) listener(line);
		}
		if (this.#decoder.partial !== undefined) this.#offer(this.#decoder.partial);
	}

	/** The machine is gone: whoever still waits fails with this reason. */
	close(reason: string): void {
		if (this.#closedBecause !== undefined) return;
		this.#closedBecause = reason;
		this.#bytesFile.end();
		this.#linesFile.end();
		this.#onClose(reason);
	}

	/**
	 * Waits for a line that holds the text.
	 *
	 * @param timeoutMs A guard against hanging, generous enough for a slow, busy host.
	 * @param fromLine Lines before this index do not count: `lines.length` waits for news.
	 * @throws {NetherdError} `vm.console-timeout`, `vm.machine-stopped`; both show the console's last lines.
	 */
	async waitFor(
		text: ConsoleText,
		{ timeoutMs, fromLine = 0 }: { timeoutMs: number; fromLine?: number },
	): Promise<ConsoleLine> {
		const known = this.#lines.slice(fromLine).find((line) => holds(line, text));
		if (known !== undefined) return known;
		const { partial } = this.#decoder;
		if (partial !== undefined && holds(partial, text)) return partial;

		const { promise, resolve } = Promise.withResolvers<ConsoleLine>();
		const waiter = { text, resolve };
		this.#waiters.add(waiter);
		const timer = Promise.withResolvers<"late">();
		const timeout = setTimeout(() => timer.resolve("late"), timeoutMs);
		try {
			const outcome = await Promise.race([promise, timer.promise, this.#closed]);
			if (typeof outcome === "object") return outcome;
			throw outcome === "late" ? this.#lateError(text, timeoutMs) : this.#stoppedError(text, outcome);
		} finally {
			clearTimeout(timeout);
			this.#waiters.delete(waiter);
		}
	}

	/** The last lines, indented, for messages about failures. */
	tail(count = shownOnFailure): string {
		const partial = this.#decoder.partial;
		const lines = partial === undefined ? this.#lines : [...this.#lines, partial];
		if (lines.length === 0) return "    (the console stayed empty)";
		return lines
			.slice(-count)
			.map((line) => `    ${(line.atMs / 1000).toFixed(1).padStart(6)}  ${line.text}`)
			.join("\n");
	}

	#offer(line: ConsoleLine): void {
		for (const waiter of this.#waiters) {
			if (holds(line, waiter.text)) waiter.resolve(line);
		}
	}

	#lateError(text: ConsoleText, timeoutMs: number): NetherdError {
		return new NetherdError(
			"vm.console-timeout",
			`the console did not show ${shown(text)} within ${timeoutMs / 1000} s; its last lines:\n${this.tail()}`,
			{ hint: "the last lines say how far the machine came; the whole console is in the scenario's folder" },
		);
	}

	#stoppedError(text: ConsoleText, reason: string): NetherdError {
		return new NetherdError(
			"vm.machine-stopped",
			`the machine stopped (${reason}) before its console showed ${shown(text)}; its last lines:\n${this.tail()}`,
			{ hint: "the last lines say why; the whole console is in the scenario's folder" },
		);
	}
}

function holds(line: ConsoleLine, text: ConsoleText): boolean {
	return typeof text === "string" ? line.text.includes(text) : text.test(line.text);
}

function shown(text: ConsoleText): string {
	return typeof text === "string" ? JSON.stringify(text) : String(text);
}
