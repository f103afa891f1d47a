import type { CommandLine } from "../config/cmdline.ts";
import { type ImageIdentity, missingPlaceholders, readImageSources } from "../config/image-sources.ts";
import type { Configuration } from "../config/resolve.ts";
import type { NbdSourceAddress, SourceAddress } from "../download/source-address.ts";
import { defaultNbdPort } from "../download/source-address.ts";
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

/** What is known about the image before it is there, in its manifest or otherwise. */
export type KnownImage = Pick<ImageFacts, "name" | "version" | "from">;

/** `from` of an image that nobody has asked a server about: what it says of itself is an example. */
export const assumed = "assumed";

/**
 * Everywhere the image can be had, in order of preference: IMAGE_SOURCES; without it the NBD export of {@link nbdExport},
 * then the companion's HTTP, where a manifest told which version the image is; only that where there is no `nbdroot=`.
 *
 * @param image What its manifest said, where there is one.
 * @throws {NetherdError} `image.no-server`, `image.unknown-version`.
 */
export function imageSources(where: Whereabouts, image?: KnownImage): readonly SourceAddress[] {
	const configured = configuredSources(where, image);
	if (configured.length > 0) return configured;
	const overHttp = companionImage(where, image);
	// A companion that serves NBD says so in its boot script.
	if (overHttp.length > 0 && where.commandLine.nbdRoot === undefined) return overHttp;
	return [nbdExport(where, image), ...overHttp];
}

/** The export for an image that stays on the server: the first of IMAGE_SOURCES that is one, else {@link nbdExport}. */
export function nbdSource(where: Whereabouts): NbdSourceAddress {
	const text = where.configuration.text("IMAGE_SOURCES") ?? "";
	const identity = identityOf(where, undefined);
	// There is no manifest to learn more from.
	const sources = missingPlaceholders(text, identity).length > 0 ? [] : addressesIn(text, identity);
	return sources.find((source) => source.kind === "nbd") ?? nbdExport(where);
}

function configuredSources(where: Whereabouts, image: KnownImage | undefined): readonly SourceAddress[] {
	const { configuration } = where;
	const text = configuration.text("IMAGE_SOURCES");
	if (text === undefined) return [];
	const identity = identityOf(where, image);
	const missing = missingPlaceholders(text, identity);
	if (missing.length > 0) {
		throw new NetherdError(
			"image.unknown-version",
			`IMAGE_SOURCES (${configuration.whence("IMAGE_SOURCES")}) has ${missing.join(" and ")}, and nothing says what the image is`,
			{
				hint: "add netherd.image=NAME/VERSION to the kernel command line, set IMAGE = NAME/VERSION, or write the address out",
			},
		);
	}
	return addressesIn(text, identity);
}

function addressesIn(text: string, identity: ImageIdentity): readonly SourceAddress[] {
	const reading = readImageSources(text, identity);
	// resolveFacts has refused what cannot be read.
	return "value" in reading ? reading.value : [];
}

/** The companion serves the image beside its manifest; a server without a manifest has none. */
function companionImage(where: Whereabouts, image: KnownImage | undefined): readonly SourceAddress[] {
	const { server } = where.commandLine;
	if (server === undefined || (image?.version === undefined && image?.from !== assumed)) return [];
	const { name, version } = identityOf(where, image);
	return [{ kind: "http", url: `${server}/images/${name}/${version}/image.squashfs` }];
}

/** Without a manifest, name and version are what lts.conf or the boot script say. */
function identityOf(
	{ configuration, commandLine }: Whereabouts,
	image: KnownImage | undefined,
): ImageIdentity {
	if (image?.version !== undefined) return image;
	const said: ImageIdentity = configuredImage(configuration, commandLine) ?? commandLine.image ?? {};
	return image?.from === assumed
		? { name: said.name ?? image.name, version: said.version ?? "VERSION" }
		: said;
}

/**
 * The NBD export that holds the node's root: `nbdroot=`, with IMAGE of lts.conf as its export name when set; what
 * `nbdroot=` leaves out comes from DHCP (root path, next-server), then from LTSP 5's defaults.
 *
 * @param image What its manifest said, where there is one: the version of an IMAGE that names none.
 * @throws {NetherdError} `image.no-server` when nothing names a server.
 */
export function nbdExport(
	{ commandLine, configuration, network }: Whereabouts,
	image?: KnownImage,
): NbdSourceAddress {
	const root = commandLine.nbdRoot;
	const host = root?.host ?? network.nextServer ?? serverHost(commandLine);
	if (host === undefined) {
		throw new NetherdError(
			"image.no-server",
			"neither nbdroot= on the kernel command line nor DHCP names an image server",
			{
				hint: "add nbdroot=SERVER:10809/NAME to the kernel command line, IMAGE_SOURCES to lts.conf, or next-server to the DHCP configuration",
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
export function manifestUrl(where: Omit<Whereabouts, "network">): string | undefined {
	const { commandLine } = where;
	if (commandLine.server === undefined) return undefined;
	const image = wantedImage(where);
	return image && `${commandLine.server}/images/${image.name}/${image.version ?? "current"}/image.json`;
}

/** The image that the node is to run: IMAGE of lts.conf, else the one that was booted. */
export function wantedImage({ commandLine, configuration }: Omit<Whereabouts, "network">) {
	return configuredImage(configuration, commandLine) ?? commandLine.image;
}

/** The export of IMAGE; undefined when lts.conf leaves the choice to the command line. */
function configuredExport(
	configuration: Configuration,
	commandLine: CommandLine,
	image: KnownImage | undefined,
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
