import type { CommandLine } from "../config/cmdline.ts";
import type { Configuration } from "../config/resolve.ts";
import { NetherdError } from "../errors.ts";
import type { NetworkFacts } from "./facts.ts";

/** An NBD export (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/uri.md names the same three parts). */
export interface ImageSource {
	readonly kind: "nbd";
	readonly host: string;
	readonly port: number;
	readonly exportName: string;
}

/** Everything that says where things are on the server. */
export interface Whereabouts {
	readonly commandLine: CommandLine;
	readonly configuration: Configuration;
	readonly network: NetworkFacts;
}

/** IANA's port of NBD, and what LTSP 5 servers call the export of their image. */
const defaultPort = 10809;
const defaultExportName = "/opt/ltsp/amd64";

/**
 * The NBD export that holds the node's root: `nbdroot=`, with IMAGE of lts.conf as its export name when set; what
 * `nbdroot=` leaves out comes from DHCP (root path, next-server), then from LTSP 5's defaults.
 *
 * @throws {NetherdError} `image.no-server` when nothing names a server.
 */
export function imageSource({ commandLine, configuration, network }: Whereabouts): ImageSource {
	const root = commandLine.nbdRoot;
	const host = root?.host ?? network.nextServer ?? serverHost(commandLine);
	if (host === undefined) {
		throw new NetherdError(
			"image.no-server",
			"neither nbdroot= on the kernel command line nor DHCP names an image server",
			{
				hint: "add nbdroot=SERVER:10809/NAME to the kernel command line, or next-server to the DHCP configuration",
			},
		);
	}
	return {
		kind: "nbd",
		host,
		port: root?.port ?? defaultPort,
		exportName:
			configuredImage(configuration)?.name ?? root?.exportName ?? network.rootPath ?? defaultExportName,
	};
}

/** URL of the image's manifest; undefined when no companion server (`netherd.server=`) is known. */
export function manifestUrl({
	commandLine,
	configuration,
}: Omit<Whereabouts, "network">): string | undefined {
	if (commandLine.server === undefined) return undefined;
	const wanted = configuredImage(configuration);
	const booted = commandLine.image;
	const image = wanted === undefined || wanted.name === booted?.name ? (booted ?? wanted) : wanted;
	return image && `${commandLine.server}/images/${image.name}/${image.version}/image.json`;
}

/** IMAGE of lts.conf, `NAME` or `NAME/VERSION`. */
function configuredImage(configuration: Configuration): { name: string; version: string } | undefined {
	const [name, version] = configuration.text("IMAGE")?.split("/") ?? [];
	return name === undefined ? undefined : { name, version: version ?? "current" };
}

/** URL of the farm's lts.conf; undefined when no companion server is known. */
export function configurationUrl(commandLine: CommandLine): string | undefined {
	return commandLine.server === undefined ? undefined : `${commandLine.server}/lts.conf`;
}

/** What SERVER is when lts.conf does not say: the companion server, else the machine that the image comes from. */
export function defaultServer(commandLine: CommandLine, network: NetworkFacts): string | undefined {
	return serverHost(commandLine) ?? commandLine.nbdRoot?.host ?? network.nextServer;
}

/** Host part of `netherd.server=`. */
export function serverHost(commandLine: CommandLine): string | undefined {
	if (commandLine.server === undefined || !URL.canParse(commandLine.server)) return undefined;
	return new URL(commandLine.server).hostname.replace(/^\[(.*)\]$/, "$1");
}
