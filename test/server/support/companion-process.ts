import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CompanionEvent } from "../../../server/events.ts";
import type { TwoHosts } from "./two-hosts.ts";

const program = join(import.meta.dirname, "../../../server/main.ts");

let configurations = 0;

type EventOf<Name extends CompanionEvent["event"]> = Extract<CompanionEvent, { event: Name }>;

/** A companion on the server of two hosts, logging JSON. */
export class CompanionProcess {
	readonly child: ChildProcess;
	readonly events: CompanionEvent[] = [];
	readonly configFile: string;
	stderr = "";
	readonly #listeners = new Set<() => void>();

	/** @param wrapper A program that starts the companion, such as setpriv. */
	constructor(hosts: TwoHosts, folder: string, configuration: string, wrapper: readonly string[] = []) {
		this.configFile = join(folder, "..", `${++configurations}.ini`);
		writeFileSync(this.configFile, configuration);
		// What it leaves when it is killed goes with the test's folder.
		const temporary = join(folder, "../tmp");
		mkdirSync(temporary, { recursive: true });
		const [file, ...args] = hosts.argv("server", [
			...["env", `TMPDIR=${temporary}`],
			...wrapper,
			process.execPath,
			program,
			...["serve", folder, "--config", this.configFile, "--log-format", "json"],
		]);
		this.child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
		this.child.stderr?.on("data", (chunk) => {
			this.stderr += chunk;
		});
		if (this.child.stdout === null) throw new Error("no standard output");
		createInterface({ input: this.child.stdout }).on("line", (line) => {
			this.events.push(JSON.parse(line));
			for (const listener of this.#listeners) listener();
		});
		this.child.once("close", () => {
			for (const listener of this.#listeners) listener();
		});
	}

	/** The first event of that name, from now or before, that fits. */
	async event<Name extends CompanionEvent["event"]>(
		name: Name,
		fits: (event: EventOf<Name>) => boolean = () => true,
	): Promise<EventOf<Name>> {
		for (;;) {
			const found = this.events.find(
				(event): event is EventOf<Name> => event.event === name && fits(event as EventOf<Name>),
			);
			if (found !== undefined) return found;
			if (this.child.exitCode !== null || this.child.signalCode !== null) {
				throw new Error(`the companion ended without ${name}: ${this.stderr}`);
			}
			await new Promise<void>((resolve) => {
				const listener = () => {
					this.#listeners.delete(listener);
					resolve();
				};
				this.#listeners.add(listener);
			});
		}
	}

	/** Sends a signal and waits for the end. @returns The exit code, or the signal that ended it. */
	async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | string | null> {
		const closed = once(this.child, "close");
		this.child.kill(signal);
		const [code, endedBy] = await closed;
		return endedBy ?? code;
	}

	/** Waits for an end that it decides on itself. */
	async ended(): Promise<{ exitCode: number | null; stderr: string }> {
		if (this.child.exitCode === null) await once(this.child, "close");
		return { exitCode: this.child.exitCode, stderr: this.stderr };
	}
}
