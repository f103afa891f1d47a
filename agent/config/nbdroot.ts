import { isIpv4, isIpv6 } from "./values.ts";

/** Where the root image is, from `nbdroot=`. What is absent comes from DHCP or from the defaults. */
export interface NbdRoot {
	/** Server and name come from DHCP (`next-server`, root path). */
	readonly fromDhcp: boolean;
	/** Address or host name, IPv6 without brackets; absent: DHCP `next-server`. */
	readonly host?: string;
	/** Absent: 10809, the registered port of NBD. */
	readonly port?: number;
	/** As written, a leading slash included. Absent: DHCP root path, else `/opt/ltsp/<arch>`. */
	readonly exportName?: string;
	/** Block device, such as `nbd0`, of the form HOST,NAME,DEV. */
	readonly device?: string;
}

/**
 * Forms: `dhcp`, `HOST`, `HOST:PORT`, `HOST:PORT/NAME`, `HOST:/NAME`, `HOST/NAME`, `HOST:NAME`, `:PORT/NAME` and `/NAME`
 * (host from DHCP), the same with `[v6]` as host, and `HOST,NAME[,DEV]` where NAME may be a port number.
 */
export function parseNbdRoot(value: string): NbdRoot | { readonly problem: string } {
	if (value === "" || value === "dhcp") return { fromDhcp: true };
	// A comma behind a slash belongs to the name of the form HOST:PORT/NAME.
	if (/^[^/]*,/.test(value)) return readCommaForm(value);
	const bracket = /^\[([^\]]*)\](.*)$/.exec(value);
	if (bracket !== null) {
		const [, host = "", rest = ""] = bracket;
		if (!isIpv6(host)) return { problem: `${host} is not an IPv6 address` };
		return readPortAndName(host, rest);
	}
	const hostEnd = value.search(/[:/]/);
	const host = hostEnd < 0 ? value : value.slice(0, hostEnd);
	return readPortAndName(host, hostEnd < 0 ? "" : value.slice(hostEnd));
}

function readCommaForm(value: string): NbdRoot | { readonly problem: string } {
	const [hostText = "", name = "", device, ...rest] = value.split(",");
	const host = hostText.replace(/^\[(.*)\]$/, "$1");
	if (rest.length > 0) return { problem: "more than three parts between commas" };
	if (host !== "" && !isHost(host)) return { problem: `${host} is not an address or host name` };
	if (device !== undefined && !/^(?:\/dev\/)?nbd\d{1,3}(?:p\d{1,3})?$/.test(device)) {
		return { problem: `${device} is not an NBD device` };
	}
	const port = /^\d+$/.test(name) ? readPort(name) : undefined;
	if (port !== undefined && typeof port !== "number") return port;
	return {
		fromDhcp: false,
		...(host === "" ? {} : { host }),
		...(port === undefined ? {} : { port }),
		...(name === "" || port !== undefined ? {} : { exportName: name }),
		...(device === undefined ? {} : { device: device.replace("/dev/", "") }),
	};
}

function readPortAndName(host: string, rest: string): NbdRoot | { readonly problem: string } {
	if (host !== "" && !isHost(host)) return { problem: `${host} is not an address or host name` };
	const slash = rest.indexOf("/");
	const portText = (slash < 0 ? rest : rest.slice(0, slash)).replace(/^:/, "");
	const path = slash < 0 ? "" : rest.slice(slash);
	const isName = portText !== "" && !/^\d+$/.test(portText);
	const port = portText === "" || isName ? undefined : readPort(portText);
	if (port !== undefined && typeof port !== "number") return port;
	const exportName = isName ? portText + path : path;
	if (exportName.length > 4096) return { problem: "the export name is longer than 4096 bytes" };
	return {
		fromDhcp: false,
		...(host === "" ? {} : { host }),
		...(port === undefined ? {} : { port }),
		...(exportName === "" || exportName === "/" ? {} : { exportName }),
	};
}

function readPort(text: string): number | { readonly problem: string } {
	const port = Number(text);
	return port >= 1 && port <= 65535 ? port : { problem: `${text} is not a port (1 to 65535)` };
}

function isHost(text: string): boolean {
	if (isIpv6(text)) return true;
	if (/^[\d.]+$/.test(text)) return isIpv4(text);
	return /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text) && text.length <= 253;
}
