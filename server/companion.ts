import { checkPins } from "./boot-choice.ts";
import { readBootTree } from "./boot-tree.ts";
import type { Config } from "./config/read-config.ts";
import type { EventSink } from "./events.ts";
import { LiveSettings } from "./live-settings.ts";
import { findNetwork } from "./network.ts";
import { checkPorts } from "./ports.ts";
import { checkPrivileges } from "./privileges.ts";
import { findPrograms } from "./programs.ts";
import { VersionUses } from "./releases/version-uses.ts";
import { makeRunFolder } from "./run-folder.ts";
import type { RunningService, Service, Situation } from "./service.ts";
import { services } from "./services.ts";
import { readSigningKeys, signingWarnings } from "./signing.ts";
import type { ChildState } from "./supervised-child.ts";
import { warningEvent } from "./warning-event.ts";

/** What the command line says. */
export interface CompanionArguments {
	/** DIR, absolute. */
	readonly folder: string;
	readonly configFile: string;
	/** Environment variable PATH. */
	readonly searchPath: string;
}

/**
 * Looks at everything that can be known without starting anything: configuration, folder, programs, network.
 *
 * @throws {NetherdError} `server-config.*`, `server.*`, `image.manifest-*`, `trust.key-*`.
 */
export async function examine(
	{ folder, searchPath }: Pick<CompanionArguments, "folder" | "searchPath">,
	config: Config,
): Promise<Situation> {
	const tree = readBootTree(folder, config);
	checkPins(folder, config.pins);
	const signingKeys = readSigningKeys(folder, config.signingKeyFiles);
	const programs = findPrograms(searchPath);
	const network = await findNetwork(config, programs.ip);
	return { config, network, tree, programs, signingKeys };
}

/**
 * Serves until the signal aborts; then returns when nothing of it is left. A service that cannot start takes those
 * before it down again.
 *
 * @param version Of this program, for the log.
 * @throws {NetherdError} As `examine`, and `server.privileges-missing`, `server.port-taken`, `server.cannot-listen`,
 *   `server.service-failed`.
 */
export async function serve(
	options: CompanionArguments & { readonly config: Config; readonly version: string },
	emit: EventSink,
	stop: AbortSignal,
): Promise<void> {
	const { folder, configFile, config, version } = options;
	emit({ event: "companion.starting", version, folder, config: configFile });
	const situation = await examine(options, config);
	checkPrivileges();
	const needed = services.filter(({ isNeeded }) => isNeeded?.(config) ?? true);
	const listeners = needed.flatMap((service) => service.listens(situation));
	await checkPorts(listeners, situation.network.interfaceName, situation.programs.ss);

	const runFolder = makeRunFolder();
	const uses = new VersionUses(folder, situation.programs.flock, emit);
	const settings = new LiveSettings(situation.tree, config, uses, emit);
	const running: { service: Service; process: RunningService }[] = [];
	try {
		const context = { ...situation, runFolder, emit, settings, uses, health: () => statesOf(running) };
		for (const service of needed) {
			if (stop.aborted) break;
			running.push({ service, process: await service.start(context) });
		}
		if (!stop.aborted) emit(readyEvent(situation));
		warnAboutRouterSolicitations(situation, emit);
		for (const warning of signingWarnings(situation)) emit(warningEvent(warning));
		await aborted(stop);
		emit({ event: "companion.stopping", reason: String(stop.reason) });
	} finally {
		for (const { process } of running.reverse()) {
			await process.stop().catch((error: unknown) => emit(warningEvent(error)));
		}
		settings.stop();
		await uses.stop();
		runFolder.remove();
	}
	emit({ event: "companion.stopped" });
}

function statesOf(
	running: readonly { service: Service; process: RunningService }[],
): Readonly<Record<string, ChildState>> {
	const states: Record<string, ChildState> = {};
	for (const { service, process } of running) {
		const state = process.state?.();
		if (state !== undefined) states[service.name] = state;
	}
	return states;
}

function readyEvent({ config, network, tree }: Situation): Parameters<EventSink>[0] {
	const { address } = network;
	return {
		event: "companion.ready",
		http: `http://${address}:${config.httpPort}`,
		...(config.nbdPort === undefined ? {} : { nbd: `nbd://${address}:${config.nbdPort}` }),
		tftp: `tftp://${address}`,
		dhcp: config.dhcp.mode,
		images: tree.imageNames,
	};
}

function warnAboutRouterSolicitations({ config, network }: Situation, emit: EventSink): void {
	if (config.dhcp.mode === "off" || !config.routerAdvertisements || network.privateIpv6Prefixes.length > 0)
		return;
	emit({
		event: "companion.warning",
		code: "server.no-private-address",
		message: `${network.interfaceName} has no private IPv6 address, so nobody may answer iPXE's router solicitations: it waits up to 16 s`,
		hint: `ip address add fd67::1/64 dev ${network.interfaceName}; or [dhcp] router-advertisements = no, if another router answers`,
	});
}

function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve();
		else signal.addEventListener("abort", () => resolve(), { once: true });
	});
}
