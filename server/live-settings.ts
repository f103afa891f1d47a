import { statSync } from "node:fs";
import { type BootSettings, checkPins } from "./boot-choice.ts";
import { type BootTree, readBootTree } from "./boot-tree.ts";
import { type Config, readConfig } from "./config/read-config.ts";
import type { EventSink } from "./events.ts";
import type { VersionUses } from "./releases/version-uses.ts";
import { warningEvent } from "./warning-event.ts";

/** A changed file is noticed after so long at the latest; before that when a machine asks what to boot. */
const defaultLookMs = 5_000;

/**
 * The part of the configuration that holds without a restart: what machines boot. The file is read again when it has
 * changed, because in a container nobody can send a signal when a ConfigMap changes. A changed file that is wrong is told
 * once, and the old one goes on to count, until it is right.
 */
export class LiveSettings {
	readonly #folder: string;
	readonly #atStart: Config;
	#config: Config;
	readonly #emit: EventSink;
	readonly #uses: VersionUses;
	readonly #timer: NodeJS.Timeout;
	#settings: BootSettings;
	/** State of the file that was read last, well or not. At first unknown: it may have changed since the start. */
	#seen = "";
	#isWrong = false;
	#lastProblem = "";

	/**
	 * @param tree As read at the start, checked together with the configuration.
	 * @param uses Told which versions are pinned.
	 */
	constructor(tree: BootTree, config: Config, uses: VersionUses, emit: EventSink, lookMs = defaultLookMs) {
		this.#folder = tree.folder;
		this.#atStart = config;
		this.#config = config;
		this.#emit = emit;
		this.#uses = uses;
		this.#settings = { ...config, defaultImage: tree.defaultImage };
		this.#keepPinned();
		this.#timer = setInterval(() => this.#look(), lookMs);
		this.#timer.unref();
	}

	/** As the file says now. */
	get current(): BootSettings {
		this.#look();
		return this.#settings;
	}

	stop(): void {
		clearInterval(this.#timer);
	}

	#keepPinned(): void {
		this.#uses.keep(
			this.#settings.pins.flatMap(({ image, version }) =>
				version === undefined ? [] : [{ image, version }],
			),
		);
	}

	#look(): void {
		const { file } = this.#atStart;
		const state = stateOf(file);
		// One that was wrong is read again and again: a version that a pin names may have come.
		if (state === this.#seen && !this.#isWrong) return;
		try {
			const config = readConfig(file);
			const { defaultImage } = readBootTree(this.#folder, config);
			checkPins(this.#folder, config.pins);
			this.#settings = { ...config, defaultImage };
			this.#keepPinned();
			this.#isWrong = false;
			this.#lastProblem = "";
			// A new file with the old text: a ConfigMap that changed elsewhere, say.
			if (JSON.stringify(config) !== JSON.stringify(this.#config)) {
				const needsRestart = changedForRestart(this.#atStart, config);
				this.#emit({ event: "companion.reloaded", config: file, needsRestart });
			}
			this.#config = config;
		} catch (error) {
			this.#isWrong = true;
			const warning = warningEvent(error);
			if (warning.message !== this.#lastProblem) {
				this.#emit({ ...warning, message: `${file} has changed and is not taken: ${warning.message}` });
			}
			this.#lastProblem = warning.message;
		}
		this.#seen = state;
	}
}

/** Another file, or another content; a link is followed. */
function stateOf(file: string): string {
	const status = statSync(file, { throwIfNoEntry: false });
	return status === undefined
		? "missing"
		: `${status.ino} ${status.size} ${status.mtimeMs} ${status.ctimeMs}`;
}

/** What sockets and children were made from. */
function changedForRestart(before: Config, after: Config): string[] {
	const parts: Readonly<Record<string, (config: Config) => unknown>> = {
		"[network]": ({ interfaceName, address }) => [interfaceName, address],
		"[http]": ({ httpPort }) => httpPort,
		"[nbd]": ({ nbdPort }) => nbdPort,
		"[dhcp]": ({ dhcp, routerAdvertisements }) => [dhcp, routerAdvertisements],
		"[loader]": ({ loaders }) => loaders,
		"[hosts]": ({ dhcp, hosts }) => (dhcp.mode === "server" ? hosts : []),
		"[kubernetes]": ({ tokenFile }) => tokenFile,
		"[signing]": ({ signingKeyFiles }) => signingKeyFiles,
		"[log]": ({ log }) => log,
	};
	return Object.entries(parts)
		.filter(([, part]) => JSON.stringify(part(before)) !== JSON.stringify(part(after)))
		.map(([name]) => name);
}
