import { NetherdError } from "../agent/errors.ts";
import { readReleasedImage, releasedImages } from "./boot-tree.ts";
import type { Pin } from "./config/pins.ts";
import type { Config } from "./config/read-config.ts";

/** What decides which image a node boots. */
export interface BootSettings extends Pick<Config, "hosts" | "groups" | "pins" | "kernelParameters"> {
	readonly defaultImage: string;
}

/** Which image a node boots, and why. */
export interface BootChoice {
	readonly image: string;
	/** Undefined: the version that is current. */
	readonly version: string | undefined;
	/** Undefined: nobody pinned it, it boots the default image. */
	readonly pin: Pin | undefined;
	/** Pins that also name this node, and that `pin` goes before. */
	readonly overruled: readonly Pin[];
}

const order: readonly Pin["kind"][] = ["mac", "host", "group"];

/**
 * A pin of a MAC address goes before one of a name, that before one of a group; among groups the first in the file. A
 * node that has several network cards is the same node on each.
 *
 * @param mac Lower case, with colons; undefined when the node did not say.
 */
export function chooseBoot(
	{ hosts, groups, pins, defaultImage }: Omit<BootSettings, "kernelParameters">,
	mac: string | undefined,
): BootChoice {
	const host = hosts.find(({ macs }) => mac !== undefined && macs.includes(mac));
	const macs = host?.macs ?? (mac === undefined ? [] : [mac]);
	const names = [...macs, ...(host?.hostname === undefined ? [] : [host.hostname])];
	const isMember = (groupName: string) =>
		groups.some(
			({ name, members }) =>
				name === groupName && members.some((member) => names.some((each) => fits(member, each))),
		);
	const [pin, ...overruled] = order.flatMap((kind) =>
		pins.filter(
			(each) => each.kind === kind && (kind === "group" ? isMember(each.node) : names.includes(each.node)),
		),
	);
	return { image: pin?.image ?? defaultImage, version: pin?.version, pin, overruled };
}

/** A pattern has `*` for any characters; everything else stands for itself. */
function fits(member: string, name: string): boolean {
	const [first = "", ...rest] = member.split("*");
	const last = rest.pop();
	if (last === undefined) return member === name;
	if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
		return false;
	let from = first.length;
	for (const part of rest) {
		const at = name.slice(0, name.length - last.length).indexOf(part, from);
		if (at < 0) return false;
		from = at + part.length;
	}
	return true;
}

/** `[pins] canary = node/7`, as it stands in the file. */
export function pinText({ node, image, version }: Pin): string {
	return `[pins] ${node} = ${image}${version === undefined ? "" : `/${version}`}`;
}

/**
 * Checks that everything that is pinned is there and whole.
 *
 * @throws {NetherdError} `server.pin-wrong`
 */
export function checkPins(folder: string, pins: readonly Pin[]): void {
	for (const pin of pins) {
		try {
			readReleasedImage(folder, pin.image, pin.version);
		} catch (error) {
			if (!(error instanceof NetherdError)) throw error;
			throw new NetherdError("server.pin-wrong", `${pinText(pin)}: ${error.message}`, {
				hint: `put that version there, or change the pin; \`companion releases list\` shows all that there are; images are: ${releasedImages(folder).join(", ")}`,
				cause: error,
			});
		}
	}
}
