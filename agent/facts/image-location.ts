import type { CommandLine } from "../config/cmdline.ts";
import type { Configuration } from "../config/resolve.ts";
import { defaultNbdPort, type NbdSourceAddress } from "../download/source-address.ts";
import { NetherdError } from "../errors.ts";
import type { ImageFacts, NetworkFacts } from "./facts.ts";

/** Everything that says where things are on the server. */
export interface Whereabouts {
	readonly commandLine: CommandLine;
	readonly configuration: Configuration;
	readonly network: NetworkFacts;
}

/** What LTSP 5 servers call the export of their image. */
const defaultExportName = "/opt/ltsp/amd64";

/**
 * The NBD export that holds the node's root: `nbdroot=`, with IMAGE of lts.conf as its export name when set; what
 * `nbdroot=` leaves out comes from DHCP (root path, next-server), then from LTSP 5's defaults.
 *
 * @param image What its manifest said, where there is one: the version of an IMAGE that names none.
 * @throws {NetherdError} `image.no-server` when nothing names a server.
 */
export function imageSource(
	{ commandLine, configuration, network }: Whereabouts,
	image?: Pick<ImageFacts, "name" | "version">,
): NbdSourceAddress {
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
		port: root?.port ?? defaultNbdPort,
		exportName:
			configuredExport(configuration, commandLine, image) ??
			root?.exportName ??
			network.rootPath ??
			defaultExportName,
	};
}

/** URL of the image's manifest; undefined when no companion server (`netherd.server=`) is known. */
export function manifestUrl({
	commandLine,
	configuration,
}: Omit<Whereabouts, "network">): string | undefined {
	if (commandLine.server === undefined) return undefined;
	const image = configuredImage(configuration, commandLine) ?? commandLine.image;
	return image && `${commandLine.server}/images/${image.name}/${image.version ?? "current"}/image.json`;
}

/** The export of IMAGE; undefined when lts.conf leaves the choice to the command line. */
function configuredExport(
	configuration: Configuration,
	commandLine: CommandLine,
	image: Pick<ImageFacts, "name" | "version"> | undefined,
): string | undefined {
	const wanted = configuredImage(configuration, commandLine);
	if (wanted === undefined) return undefined;
	const version = wanted.version ?? (image?.name === wanted.name ? image.version : undefined);
	return version === undefined ? wanted.name : `${wanted.name}/${version}`;
}

/** IMAGE of lts.conf, `NAME` or `NAME/VERSION`. Just the name of the image that was booted means the booted version. */
function configuredImage(
	configuration: Configuration,
	{ image: booted }: CommandLine,
): { name: string; version?: string | undefined } | undefined {
	const [name, version] = configuration.text("IMAGE")?.split("/") ?? [];
	if (name === undefined) return undefined;
	return version === undefined && booted?.name === name ? booted : { name, version };
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
