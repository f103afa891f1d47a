import { isIPv4 } from "node:net";
import type { ParsedFile } from "../../agent/config/lts-conf.ts";
import { describeError } from "../../agent/errors.ts";
import { type BootChoice, chooseBoot, pinText } from "../boot-choice.ts";
import { type ReleasedImage, readReleasedImage } from "../boot-tree.ts";
import { isMac, parseMac } from "../config/values.ts";
import type { LoaderName } from "../loaders.ts";
import { hasNodeParameters, nodeParameters, readFarm } from "../node-parameters.ts";
import { versionsOf } from "../releases/versions.ts";
import { warningEvent } from "../warning-event.ts";
import { bootScript, failureScript, introductionScript } from "./boot-script.ts";
import { grubFailureScript, grubScript } from "./grub-script.ts";
import type { BootParameters } from "./kernel-command-line.ts";
import type { Site } from "./routes.ts";

/**
 * The script for a machine that asks what to boot, in the language of its boot loader. For iPXE, without pins and without
 * KERNEL_PARAMETERS in lts.conf, it is the same for all of them, and nobody is asked who they are.
 *
 * @param said What the machine says that its MAC address is; undefined when it was not asked.
 */
export async function scriptFor(
	loader: LoaderName,
	said: string | undefined,
	client: string,
	site: Site,
): Promise<string> {
	const { address, httpPort, emit } = site;
	const settings = site.settings.current;
	const url = `http://${address}:${httpPort}/boot.ipxe`;
	const farm = await readFarm(site.folder).catch((error: unknown) => void emit(warningEvent(error)));
	const hasOwn = hasNodeParameters(farm);
	const isOneForAll = settings.pins.length === 0 && !hasOwn;
	if (loader === "ipxe" && said === undefined && !isOneForAll) return introductionScript(url);
	const mac = said !== undefined && isMac(said) ? parseMac(said) : undefined;
	try {
		const choice = chooseBoot(settings, mac);
		const chosen = readReleasedImage(site.folder, choice.image, choice.version);
		const { name, version } = chosen;
		site.uses.touch(name, version);
		await site.uses.locked(name, version);
		const own = hasOwn && mac !== undefined ? ownParameters(farm, mac, client, site) : "";
		if (mac !== undefined) {
			emit({
				...{ event: "boot.chosen", client, mac, image: name, version, because: reasonOf(choice) },
				...(own === "" ? {} : { kernelParameters: own }),
			});
		}
		const extra = [settings.kernelParameters, own].filter((text) => text !== "").join(" ");
		const parameters = (image: ReleasedImage) => bootParameters(image, extra, site);
		return loader === "ipxe"
			? bootScript(parameters(chosen))
			: grubScript(mac, [chosen, ...otherVersions(site.folder, chosen)].map(parameters));
	} catch (error) {
		emit(warningEvent(error));
		const why = describeError(error);
		return loader === "ipxe"
			? failureScript(why, mac === undefined ? url : `${url}?mac=${mac}`)
			: grubFailureScript(why, address, httpPort);
	}
}

/** A node whose lines are wrong boots without them, and says itself what is wrong with its lts.conf. */
function ownParameters(farm: ParsedFile, mac: string, client: string, site: Site): string {
	const host = site.settings.current.hosts.find(({ macs }) => macs.includes(mac));
	const ipv4 = client.replace(/^::ffff:/, "");
	try {
		const node = { mac, host, ...(isIPv4(ipv4) ? { client: ipv4 } : {}) };
		return nodeParameters(farm, node, site.address).text;
	} catch (error) {
		site.emit(warningEvent(error));
		return "";
	}
}

function bootParameters(
	{ name, version, manifest }: ReleasedImage,
	extraParameters: string,
	{ address, httpPort, nbdPort }: Site,
): BootParameters {
	return {
		address,
		httpPort,
		nbdPort,
		image: name,
		version,
		kernelFile: manifest.kernel.file,
		initramfsFile: manifest.initramfs.file,
		rootFormat: manifest.rootFormat,
		extraParameters,
	};
}

/** More would not fit on a screen. */
const shownVersions = 5;

/** The newest of the image's other versions, for a menu. */
function otherVersions(folder: string, { name, version }: ReleasedImage): ReleasedImage[] {
	return versionsOf(folder, name)
		.flatMap(({ released }) => (released === undefined || released.version === version ? [] : [released]))
		.slice(0, shownVersions);
}

/** Why a node boots what it boots, for people. */
export function reasonOf({ pin, overruled }: BootChoice): string {
	if (pin === undefined) return "no pin, the default image";
	const others = overruled.length === 0 ? "" : `, before ${overruled.map(pinText).join(", ")}`;
	return `${pinText(pin)}${others}`;
}
