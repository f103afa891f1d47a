import type { Server } from "node:net";
import { NetherdError } from "../agent/errors.ts";
import type { SigningKey } from "../agent/trust/keys.ts";
import type { BootTree } from "./boot-tree.ts";
import type { Config } from "./config/read-config.ts";
import type { EventSink } from "./events.ts";
import type { LiveSettings } from "./live-settings.ts";
import type { Network } from "./network.ts";
import { type Listener, portTaken } from "./ports.ts";
import type { Programs } from "./programs.ts";
import type { VersionUses } from "./releases/version-uses.ts";
import type { RunFolder } from "./run-folder.ts";
import type { ChildState } from "./supervised-child.ts";
import { warningEvent } from "./warning-event.ts";

/** Everything that is known before the first service starts; checked. */
export interface Situation {
	readonly config: Config;
	readonly network: Network;
	readonly tree: BootTree;
	readonly programs: Programs;
	/** They sign lts.conf as it is served. */
	readonly signingKeys: readonly SigningKey[];
}

export interface ServiceContext extends Situation {
	readonly runFolder: RunFolder;
	readonly emit: EventSink;
	/** What machines boot; unlike `config` it changes with the file. */
	readonly settings: LiveSettings;
	readonly uses: VersionUses;
	/** The children of all services, by name. */
	readonly health: () => Readonly<Record<string, ChildState>>;
}

/** One part of the companion that listens somewhere, or that another part needs. */
export interface Service {
	readonly name: string;
	/** One line for people. */
	readonly purpose: string;
	/** Absent: always. */
	readonly isNeeded?: (config: Config) => boolean;
	readonly listens: (situation: Pick<Situation, "config" | "network">) => readonly Listener[];
	/** Returns when it serves; throws when it cannot. */
	readonly start: (context: ServiceContext) => Promise<RunningService>;
}

export interface RunningService {
	/** Returns when nothing of it is left. */
	readonly stop: () => Promise<void>;
	/** Of its child process, if it has one. */
	readonly state?: () => ChildState;
}

/**
 * Returns when the server listens; what fails later (no file descriptor left for a connection, say) is only told.
 *
 * @throws {NetherdError} `server.port-taken`, `server.cannot-listen`.
 */
export function listen(server: Server, listener: Listener, emit: EventSink): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			reject(error.code === "EADDRINUSE" ? portTaken(listener) : cannotListen(listener, error));
		});
		server.listen(listener.port, listener.address, () => {
			server.on("error", (error) => emit(warningEvent(error)));
			resolve();
		});
	});
}

function cannotListen({ address, port, purpose }: Listener, cause: Error): NetherdError {
	return new NetherdError("server.cannot-listen", `cannot listen on ${address}:${port} (${purpose})`, {
		hint: "check [network] address and the port in the configuration; ports below 1024 need root",
		cause,
	});
}
