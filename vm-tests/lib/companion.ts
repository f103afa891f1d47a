import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import type { CompanionEvent } from "../../server/events.ts";
import type { LoaderName } from "../../server/loaders.ts";
import { repository } from "../../tools/cache.ts";
import { type Farm, farmNetwork } from "./farm.ts";
import type { Sighting } from "./timeline.ts";

/** A companion server that serves a farm. */
export interface Companion {
	/** Everything that it logged so far. */
	events(): readonly CompanionEvent[];
	/** Calls back for every event from now on. */
	onEvent(listener: (event: CompanionEvent) => void): void;
	/** Everything as text with times on this process's clock (`performance.now()`). */
	sightings(): readonly Sighting[];
	/** The first event that fits; waits for one.
	 *
	 * @throws {NetherdError} `vm.companion-silent`, `vm.companion-ended`.
	 */
	waitFor(
		what: string,
		fits: (event: CompanionEvent) => boolean,
		options: { timeoutMs: number },
	): Promise<CompanionEvent>;
	/** Ends it the way systemd would. */
	stop(): Promise<void>;
	/** Ends it without a chance to say goodbye; its connections break. */
	kill(): Promise<void>;
}

/** What a scenario can say about the companion and its nodes. */
export interface CompanionOptions {
	/** The boot tree that it serves. */
	readonly tree: string;
	/** Boot loader of all machines; iPXE where nothing is said. */
	readonly loader?: LoaderName;
	/** Parameters for the end of every node's kernel command line. */
	readonly kernelParameters: string;
	/** The router that DHCP tells nodes of; without it they have no default route. */
	readonly router?: string;
	/** Private key with which it signs lts.conf; undefined: it serves the signature that lies in the tree. */
	readonly signingKeyFile: string | undefined;
	/** File with the bootstrap token that nodes may ask for. */
	readonly tokenFile?: string;
	/** Nodes that have a name: fixed address and host name. */
	readonly hosts: readonly { readonly mac: string; readonly address: string; readonly hostname: string }[];
	/** Whether images are served over NBD; they are where nothing is said. */
	readonly servesNbd?: boolean;
	/** Lines of [pins]. */
	readonly pins?: readonly string[];
	/** What is started in place of this repository's companion: an argument list. */
	readonly argv?: (tree: string, configFile: string) => readonly string[];
}

const startLimitMs = 120_000;

/**
 * Starts the companion server in a farm, as a person would: `companion serve DIR --config FILE`. Its log goes to
 * FOLDER/companion.log, its configuration is FOLDER/companion.conf.
 *
 * @throws {NetherdError} `vm.companion-ended` with its last words, when it does not get ready.
 */
export async function startCompanion(
	farm: Farm,
	options: CompanionOptions,
	folder: string,
): Promise<Companion> {
	mkdirSync(folder, { recursive: true });
	const configFile = join(folder, "companion.conf");
	writeFileSync(configFile, companionConfiguration(options));
	const startedMs = performance.now();
	const argv = (options.argv ?? ownCompanion)(options.tree, configFile);
	const program = farm.start(argv, join(folder, "companion.log"));
	const events = (): CompanionEvent[] => program.lines.flatMap(({ text }) => parseEvent(text) ?? []);

	const waitFor: Companion["waitFor"] = async (what, fits, { timeoutMs }) => {
		const known = events().find(fits);
		if (known !== undefined) return known;
		const { promise, resolve, reject } = Promise.withResolvers<CompanionEvent>();
		const timeout = setTimeout(() => reject(silent(what, timeoutMs, lastWords())), timeoutMs);
		const ended = () => reject(endedEarly(what, lastWords()));
		const unsubscribe = program.onLine((line) => {
			const event = parseEvent(line);
			if (event !== undefined && fits(event)) resolve(event);
		});
		program.process.once("close", ended);
		if (program.process.exitCode !== null) ended();
		try {
			return await promise;
		} finally {
			clearTimeout(timeout);
			program.process.off("close", ended);
			unsubscribe();
		}
	};
	const lastWords = () =>
		program.lines
			.slice(-10)
			.map(({ text }) => `    ${text}`)
			.join("\n");

	await waitFor("ready", ({ event }) => event === "companion.ready", { timeoutMs: startLimitMs });
	return {
		events,
		onEvent: (listener) =>
			void program.onLine((line) => {
				const event = parseEvent(line);
				if (event !== undefined) listener(event);
			}),
		sightings: () => program.lines.map(({ atMs, text }) => ({ atMs: startedMs + atMs, text })),
		waitFor,
		stop: () => program.stop(),
		kill: () => program.kill(),
	};
}

function ownCompanion(tree: string, configFile: string): readonly string[] {
	return [process.execPath, join(repository, "server/main.ts"), "serve", tree, "--config", configFile];
}

/** The companion's ini file for a farm of the harness. */
export function companionConfiguration({
	loader,
	kernelParameters,
	signingKeyFile,
	hosts,
	pins,
	servesNbd = true,
	router,
	tokenFile,
}: CompanionOptions): string {
	return [
		"[network]",
		`interface = ${farmNetwork.interface}`,
		"[dhcp]",
		`range = ${farmNetwork.firstLease} - ${farmNetwork.lastLease}`,
		...(router === undefined ? [] : [`router = ${router}`]),
		...(loader === undefined ? [] : ["[loader]", `bios = ${loader}`, `uefi = ${loader}`]),
		"[hosts]",
		...hosts.map(({ mac, address, hostname }) => `${mac} = ${address}, ${hostname}`),
		...(servesNbd ? [] : ["[nbd]", "serve = no"]),
		...(pins === undefined ? [] : ["[pins]", ...pins]),
		...(signingKeyFile === undefined ? [] : ["[signing]", `key = ${signingKeyFile}`]),
		...(tokenFile === undefined ? [] : ["[kubernetes]", `token-file = ${tokenFile}`]),
		"[kernel]",
		`parameters = ${kernelParameters}`,
		"[log]",
		"format = json",
		"",
	].join("\n");
}

function parseEvent(line: string): CompanionEvent | undefined {
	try {
		const event: unknown = JSON.parse(line);
		return typeof event === "object" && event !== null && "event" in event
			? (event as CompanionEvent)
			: undefined;
	} catch {
		return undefined; // a warning of Node, a crash's stack: in the log file for people
	}
}

function silent(what: string, timeoutMs: number, lastWords: string): NetherdError {
	return new NetherdError(
		"vm.companion-silent",
		`the companion did not log "${what}" within ${timeoutMs / 1000} s; its last lines:\n${lastWords}`,
		{ hint: "companion.log in the scenario's folder has all of its lines" },
	);
}

function endedEarly(what: string, lastWords: string): NetherdError {
	return new NetherdError(
		"vm.companion-ended",
		`the companion ended before it logged "${what}"; its last lines:\n${lastWords}`,
		{ hint: "companion.log in the scenario's folder has all of its lines, companion.conf its configuration" },
	);
}
