import type { Operation } from "../plan/operation.ts";

/** Where a node's own units and drop-ins go (systemd.unit(5)). */
export const localUnits = "/etc/systemd/system";
const imageUnits = "/usr/lib/systemd/system";

/** The link by which `systemctl enable` has a target want a unit of the image. */
export function wantUnit(name: string, wantedBy: string, because: string | undefined): Operation {
	return {
		kind: "link",
		path: `${localUnits}/${wantedBy}.wants/${name}`,
		target: `${imageUnits}/${name}`,
		because,
	};
}

/** The link by which `systemctl enable` gives a unit of the image a second name. */
export function aliasUnit(name: string, alias: string, because: string | undefined): Operation {
	return { kind: "link", path: `${localUnits}/${alias}`, target: `${imageUnits}/${name}`, because };
}
