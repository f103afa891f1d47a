import { type Finding, hasErrors } from "../agent/config/findings.ts";
import { type ParsedFile, parseLtsConf } from "../agent/config/lts-conf.ts";
import { resolveConfiguration } from "../agent/config/resolve.ts";
import { redactSecrets } from "../agent/config/secrets.ts";
import { NetherdError } from "../agent/errors.ts";
import type { StaticHost } from "./config/hosts.ts";
import { openRooted } from "./rooted-path.ts";

const key = "KERNEL_PARAMETERS";

/** What the companion knows of a node by the time that it asks what to boot. */
export interface KnownNode {
	/** Lower case, with colons. */
	readonly mac: string;
	/** The line of [hosts] that has it. */
	readonly host: Pick<StaticHost, "address" | "hostname"> | undefined;
	/** IPv4 address from which it asks, where one is known. */
	readonly client?: string | undefined;
}

/** What lts.conf adds to the kernel command line of a node. */
export interface NodeParameters {
	/** Words with blanks between them; empty: nothing. */
	readonly text: string;
	/** For people: `lts.conf:12 [rack7]`. */
	readonly whence: string;
}

/**
 * The farm's lts.conf, without its secrets; undefined where there is none. A farm of 10,000 nodes asks for it 10,000 times
 * in a morning, so it is read again only when it has changed.
 *
 * @throws {NetherdError} `server.path-leads-out`.
 */
export async function readFarm(folder: string): Promise<ParsedFile | undefined> {
	const file = await openRooted(folder, ["lts.conf"]).catch((error: unknown) => {
		if (error instanceof NetherdError && error.code === "server.file-missing") return undefined;
		throw error;
	});
	if (file === undefined) return undefined;
	try {
		const { ino, size, mtimeMs, ctimeMs } = file.status;
		const state = `${file.path} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
		if (lastRead?.state !== state) {
			const text = redactSecrets(await file.handle.readFile("utf8"), "lts.conf").text;
			lastRead = { state, farm: parseLtsConf(text, "lts.conf") };
		}
		return lastRead.farm;
	} finally {
		await file.handle.close();
	}
}

let lastRead: { readonly state: string; readonly farm: ParsedFile } | undefined;

/** Whether any node gets parameters of its own, so that the companion must know who asks. */
export function hasNodeParameters(farm: ParsedFile | undefined): farm is ParsedFile {
	return farm?.sections.some(({ entries }) => entries.some((entry) => entry.key === key)) === true;
}

/**
 * KERNEL_PARAMETERS of a node, chosen as the node itself will choose it: by MAC address, name and address, as far as the
 * companion knows them.
 *
 * @param server This server's address, for `$SERVER`.
 * @throws {NetherdError} `server.kernel-parameters-wrong`: the file has an error, for this node.
 */
export function nodeParameters(farm: ParsedFile, node: KnownNode, server: string): NodeParameters {
	const { mac, host, client } = node;
	const ip = host?.address ?? client;
	const hostname = host?.hostname;
	const { configuration, findings } = resolveConfiguration({
		file: farm,
		identities: { mac, ip, hostname },
		commandLine: { keys: new Map(), parameters: [] },
		facts: {
			SERVER: server,
			...(ip === undefined ? {} : { IPV4ADDR: ip }),
			...(hostname === undefined ? {} : { HOSTNAME: hostname }),
		},
	});
	const all = [...farm.findings, ...findings];
	if (hasErrors(all)) throw wrong(hostname ?? mac, all);
	return { text: configuration.text(key)?.trim() ?? "", whence: configuration.whence(key) };
}

function wrong(node: string, findings: readonly Finding[]): NetherdError {
	const [first] = findings.filter(({ severity }) => severity === "error");
	const place = `${first?.file}:${first?.line}:${first?.column}`;
	return new NetherdError(
		"server.kernel-parameters-wrong",
		`${node} boots without ${key}: ${place}: ${first?.message}`,
		{
			hint: "mend the line, agent check FILE finds all that is wrong; of a node's facts only $SERVER is known here, and $IPV4ADDR and $HOSTNAME of [hosts]",
		},
	);
}
