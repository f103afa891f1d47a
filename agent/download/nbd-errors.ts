import { NetherdError } from "../errors.ts";
import { quoteForeignText } from "./foreign-text.ts";
import { NbdProtocolError } from "./nbd-codec.ts";
import { stallFloorBytes } from "./stall-watch.ts";

/** Where an export is. */
export interface NbdAddress {
	/** IP address or name. */
	readonly host: string;
	readonly port: number;
	/** As sent to the server; a leading slash is part of it. */
	readonly exportName: string;
}

/** `192.0.2.1:10809` or `[2001:db8::1]:10809`. */
export function describeServer({ host, port }: NbdAddress): string {
	return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const hintServerUp =
	"check that the NBD server runs and that its address and port are right (nbdroot=HOST:PORT/NAME)";
const hintServerLog = "look at the NBD server's log";
const hintNotNbd = "check the port in nbdroot=; 10809 is the usual one for NBD";

/** @param error What node:net reports for a connection that failed. */
export function connectFailure(address: NbdAddress, error: Error): NetherdError {
	const code = "code" in error ? String(error.code) : "";
	const server = describeServer(address);
	if (code === "ECONNREFUSED") {
		return new NetherdError("nbd.connection-refused", `nothing accepts NBD connections on ${server}`, {
			hint: hintServerUp,
			cause: error,
		});
	}
	if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
		return new NetherdError("nbd.unknown-host", `the name ${JSON.stringify(address.host)} has no address`, {
			hint: "use the server's IP address in nbdroot=, or check the DNS servers that DHCP gives",
			cause: error,
		});
	}
	if (["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "ETIMEDOUT", "EADDRNOTAVAIL"].includes(code)) {
		return new NetherdError("nbd.unreachable", `no way to the NBD server ${server} (${code})`, {
			hint: "check cable, VLAN, address and default route of the boot interface",
			cause: error,
		});
	}
	return connectionLost(address, "while connecting", error);
}

/** @param when Completes "the server closed the connection …". */
export function connectionLost(address: NbdAddress, when: string, cause?: unknown): NetherdError {
	return new NetherdError(
		"nbd.connection-lost",
		`the NBD server ${describeServer(address)} closed the connection ${when}`,
		{ hint: `${hintServerLog}; it may have been restarted`, cause },
	);
}

export function handshakeTimeout(address: NbdAddress, timeoutMs: number, when: string): NetherdError {
	return new NetherdError(
		"nbd.handshake-timeout",
		`${describeServer(address)} did not complete the NBD handshake in ${timeoutMs} ms (stopped ${when})`,
		{
			hint: `${hintServerUp}; a web server on that port, or a firewall that drops packets, looks like this too`,
		},
	);
}

export function stalled(address: NbdAddress, timeoutMs: number): NetherdError {
	return new NetherdError(
		"nbd.stalled",
		`the NBD server ${describeServer(address)} sent less than ${stallFloorBytes / 1024} KiB in ${timeoutMs} ms though requests are waiting`,
		{ hint: `${hintServerLog} and at the network between` },
	);
}

/** @param firstBytes What came instead of the greeting. */
export function notNbd(address: NbdAddress, firstBytes: Uint8Array): NetherdError {
	const seen = quoteForeignText(Buffer.from(firstBytes).toString("latin1"));
	return new NetherdError(
		"nbd.not-nbd",
		`${describeServer(address)} is not an NBD server: it begins with "${seen}"`,
		{ hint: hintNotNbd },
	);
}

export function oldProtocol(address: NbdAddress): NetherdError {
	return new NetherdError(
		"nbd.old-protocol",
		`${describeServer(address)} speaks the oldstyle NBD protocol, which has no export names`,
		{ hint: "serve the image with nbdkit, qemu-nbd or nbd-server 2.9.17 or newer" },
	);
}

/** @param available The exports that the server lists; undefined when it does not tell. */
export function unknownExport(
	address: NbdAddress,
	serverMessage: string,
	available: readonly string[] | undefined,
): NetherdError {
	const said = serverMessage === "" ? "" : ` ("${quoteForeignText(serverMessage)}")`;
	return new NetherdError(
		"nbd.unknown-export",
		`the NBD server ${describeServer(address)} has no export ${JSON.stringify(address.exportName)}${said}; ` +
			describeAvailable(available),
		{
			hint: "correct the name in nbdroot=HOST:PORT/NAME, or let the server export the image under this name",
		},
	);
}

function describeAvailable(available: readonly string[] | undefined): string {
	if (available === undefined) return "it does not tell which it has";
	if (available.length === 0) return "it lists none";
	const shown = available.slice(0, 10).map((name) => quoteForeignText(JSON.stringify(name), 80));
	const more = available.length > shown.length ? ` and ${available.length - shown.length} more` : "";
	return `it has ${shown.join(", ")}${more}`;
}

/** @param reason What the server said or did, completes "refuses the export …:". */
export function exportRefused(address: NbdAddress, reason: string, cause?: unknown): NetherdError {
	return new NetherdError(
		"nbd.export-refused",
		`the NBD server ${describeServer(address)} refuses the export ${JSON.stringify(address.exportName)}: ` +
			quoteForeignText(reason),
		{ hint: `${hintServerLog}; check the export's name and its access rules`, cause },
	);
}

export function tlsRequired(address: NbdAddress): NetherdError {
	return new NetherdError("nbd.tls-required", `the NBD server ${describeServer(address)} insists on TLS`, {
		hint: "let the server export the image without TLS (nbdkit: --tls=off or --tls=on, not --tls=require)",
	});
}

export function serverShuttingDown(address: NbdAddress): NetherdError {
	return new NetherdError(
		"nbd.server-shutting-down",
		`the NBD server ${describeServer(address)} is shutting down`,
		{
			hint: hintServerUp,
		},
	);
}

export function readError(
	address: NbdAddress,
	error: { readonly name: string; readonly message: string },
	range: { readonly offsetBytes: number; readonly lengthBytes: number },
): NetherdError {
	const said = error.message === "" ? "" : ` ("${quoteForeignText(error.message)}")`;
	return new NetherdError(
		"nbd.read-error",
		`the NBD server ${describeServer(address)} answers ${error.name}${said} for ` +
			`${range.lengthBytes} bytes at offset ${range.offsetBytes} of ${JSON.stringify(address.exportName)}`,
		{ hint: `${hintServerLog}; the disk that holds the image may be failing` },
	);
}

/** Gives a decoding error its address; other errors stay as they are. */
export function withAddress(address: NbdAddress, error: unknown): unknown {
	if (!(error instanceof NbdProtocolError)) return error;
	return new NetherdError(
		"nbd.protocol-violation",
		`the NBD server ${describeServer(address)} broke the protocol: ${error.message}`,
		{ hint: `${hintServerLog}; a device between that changes data looks like this too` },
	);
}
