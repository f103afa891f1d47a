import type { ParsedFile } from "../../agent/config/lts-conf.ts";
import { NetherdError } from "../../agent/errors.ts";
import { choice, companionArguments, parse, report, usage } from "../arguments.ts";
import { chooseBoot, pinText } from "../boot-choice.ts";
import { readBootTree, readReleasedImage } from "../boot-tree.ts";
import { type Config, readConfig } from "../config/read-config.ts";
import { isMac, parseMac } from "../config/values.ts";
import { explainHelp } from "../help.ts";
import { reasonOf } from "../http/boot-answer.ts";
import { hasNodeParameters, type KnownNode, nodeParameters, readFarm } from "../node-parameters.ts";

/** `companion explain DIR NODE --config FILE`: what a node boots, and why. */
export async function runExplain(args: readonly string[]): Promise<number> {
	const { values, positionals } = parse(args, { format: { type: "string" } });
	if (values.help === true) {
		process.stdout.write(explainHelp());
		return 0;
	}
	const isJson = choice("--format", values.format, ["text", "json"]) === "json";
	return report(isJson, async () => {
		const [folder, node, ...more] = positionals;
		const how = "companion explain DIR NODE --config FILE; NODE is a MAC address or a name in [hosts]";
		if (node === undefined) throw usage("the node is missing", how);
		if (more.length > 0) throw usage(`one node only, not also ${more.join(" ")}`, how);
		const options = companionArguments(values, [folder ?? ""]);
		const config = readConfig(options.configFile);
		const { defaultImage } = readBootTree(options.folder, config);
		const mac = macOf(node, config);
		const host = config.hosts.find(({ macs }) => macs.includes(mac));
		const choice = chooseBoot({ ...config, defaultImage }, mac);
		const { image, pin, overruled } = choice;
		const { version, manifest } = readReleasedImage(options.folder, image, choice.version);
		const farm = await readFarm(options.folder);
		const own = hasNodeParameters(farm) ? ownParameters(farm, { mac, host }, config) : undefined;
		const json = {
			ok: true,
			mac,
			...(host?.hostname === undefined ? {} : { hostname: host.hostname }),
			image,
			version,
			kernel: manifest.kernel.release,
			pin: pin === undefined ? null : pinText(pin),
			overruled: overruled.map(pinText),
			kernelParameters: own?.text ?? null,
			...(own?.problem === undefined ? {} : { problem: own.problem }),
		};
		const name = host?.hostname === undefined ? mac : `${host.hostname} (${mac})`;
		const lines = [
			`${name} boots ${image}/${version}: ${reasonOf(choice)}`,
			...(own?.text === undefined ? [] : [`with the kernel parameters ${own.text} (${own.whence})`]),
			...(own?.problem === undefined ? [] : [own.problem]),
		];
		return { json, text: `${lines.join("\n")}\n` };
	});
}

/** A wrong lts.conf is no reason not to say what the node boots. */
function ownParameters(
	farm: ParsedFile,
	node: KnownNode,
	{ address }: Config,
): { text?: string; whence?: string; problem?: string } {
	try {
		// Only for $SERVER; a companion that serves knows its address.
		const { text, whence } = nodeParameters(farm, node, address ?? "SERVER");
		return text === "" ? {} : { text, whence };
	} catch (error) {
		if (!(error instanceof NetherdError)) throw error;
		return { problem: error.message };
	}
}

function macOf(node: string, { hosts, file }: Config): string {
	if (isMac(node)) return parseMac(node);
	const host = hosts.find(({ hostname }) => hostname === node.toLowerCase());
	if (host !== undefined) return host.macs[0];
	const names = hosts.flatMap(({ hostname }) => hostname ?? []);
	throw usage(
		`${node} is neither a MAC address nor a name in [hosts] of ${file}`,
		names.length === 0
			? "give a MAC address: companion explain DIR MAC --config FILE"
			: `names are: ${names.join(", ")}`,
	);
}
