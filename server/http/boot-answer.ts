import { describeError } from "../../agent/errors.ts";
import { type BootChoice, chooseBoot, pinText } from "../boot-choice.ts";
import { readReleasedImage } from "../boot-tree.ts";
import { isMac, parseMac } from "../config/values.ts";
import { warningEvent } from "../warning-event.ts";
import { bootScript, failureScript, introductionScript } from "./boot-script.ts";
import type { Site } from "./routes.ts";

/**
 * The script for a machine that asks what to boot. Without pins it is the same for all of them, and nobody is asked who
 * they are.
 *
 * @param said What the machine says that its MAC address is; undefined when it was not asked.
 */
export async function scriptFor(said: string | undefined, client: string, site: Site): Promise<string> {
	const { address, httpPort, nbdPort, emit } = site;
	const settings = site.settings.current;
	const url = `http://${address}:${httpPort}/boot.ipxe`;
	if (said === undefined && settings.pins.length > 0) return introductionScript(url);
	const mac = said !== undefined && isMac(said) ? parseMac(said) : undefined;
	try {
		const choice = chooseBoot(settings, mac);
		const { name, version, manifest } = readReleasedImage(site.folder, choice.image, choice.version);
		site.uses.touch(name, version);
		await site.uses.locked(name, version);
		if (mac !== undefined) {
			emit({ event: "boot.chosen", client, mac, image: name, version, because: reasonOf(choice) });
		}
		return bootScript({
			address,
			httpPort,
			nbdPort,
			image: name,
			version,
			kernelFile: manifest.kernel.file,
			initramfsFile: manifest.initramfs.file,
			extraParameters: settings.kernelParameters,
		});
	} catch (error) {
		emit(warningEvent(error));
		return failureScript(describeError(error), mac === undefined ? url : `${url}?mac=${mac}`);
	}
}

/** Why a node boots what it boots, for people. */
export function reasonOf({ pin, overruled }: BootChoice): string {
	if (pin === undefined) return "no pin, the default image";
	const others = overruled.length === 0 ? "" : `, before ${overruled.map(pinText).join(", ")}`;
	return `${pinText(pin)}${others}`;
}
