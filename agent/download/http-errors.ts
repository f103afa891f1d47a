import { NetherdError } from "../errors.ts";
import { quoteForeignText } from "./foreign-text.ts";
import { HttpProtocolError, type ReplyHead } from "./http-codec.ts";
import { NotHttp, UnexpectedEnd } from "./http-replies.ts";
import { formatBytes } from "./progress.ts";
import { withRetryAfter } from "./source-failure.ts";
import { stallFloorBytes } from "./stall-watch.ts";

const hintServerUp = "check that the web server runs and that the URL's address and port are right";
const hintServerLog = "look at the web server's log";
const hintUrl = "open the URL by hand; correct it, or put the image there";
const hintCertificate =
	"check the server's certificate and this machine's clock; a certificate authority of your own belongs into " +
	"/etc/netherd/ca.pem of the initramfs";

/** @param error What node:net or node:tls reports; `phase` is how far the connection was. */
export function connectFailure(url: URL, error: Error, phase: "connect" | "handshake"): NetherdError {
	const code = "code" in error ? String(error.code) : "";
	const failure = (name: string, message: string, hint: string) =>
		new NetherdError(name, message, { hint, cause: error });
	if (phase === "handshake" && !["ECONNRESET", "EPIPE"].includes(code)) {
		const why = quoteForeignText(error.message);
		return failure("http.tls-failed", `no TLS connection to ${url.host}: ${why}`, hintCertificate);
	}
	switch (code) {
		case "ECONNREFUSED":
			return failure(
				"http.connection-refused",
				`nothing accepts HTTP connections on ${describeHost(url)}`,
				hintServerUp,
			);
		case "ENOTFOUND":
		case "EAI_AGAIN":
			return failure(
				"http.unknown-host",
				`the name ${JSON.stringify(url.hostname)} has no address`,
				"use the server's IP address in the URL, or check the DNS servers that DHCP gives",
			);
		case "EHOSTUNREACH":
		case "ENETUNREACH":
		case "EHOSTDOWN":
		case "ENETDOWN":
		case "ETIMEDOUT":
		case "EADDRNOTAVAIL":
			return failure(
				"http.unreachable",
				`no way to the web server ${describeHost(url)} (${code})`,
				"check cable, VLAN, address and default route of the boot interface",
			);
		default:
			return connectionLost(url, phase === "connect" ? "while connecting" : "in the TLS handshake", error);
	}
}

/** @param when Completes "the server closed the connection …". */
export function connectionLost(url: URL, when: string, cause?: unknown): NetherdError {
	return new NetherdError(
		"http.connection-lost",
		`the web server ${describeHost(url)} closed the connection ${when}`,
		{
			hint: `${hintServerLog}; it may have been restarted`,
			cause,
		},
	);
}

export function connectTimeout(url: URL, timeoutMs: number, phase: string): NetherdError {
	return new NetherdError(
		"http.connect-timeout",
		`the web server ${describeHost(url)} did not answer within ${timeoutMs} ms (stopped ${phase})`,
		{ hint: `${hintServerUp}; a firewall that drops packets looks like this too` },
	);
}

export function stalled(url: URL, timeoutMs: number): NetherdError {
	return new NetherdError(
		"http.stalled",
		`the web server ${describeHost(url)} sent less than ${formatBytes(stallFloorBytes)} in ${timeoutMs} ms though requests are waiting`,
		{ hint: `${hintServerLog} and at the network between` },
	);
}

/** @param caPath Of the file with certificates that cannot be used. */
export function badCertificates(caPath: string, cause: unknown): NetherdError {
	return new NetherdError("http.bad-certificates", `${caPath} does not hold certificates as PEM`, {
		hint: "put certificates of certificate authorities there, each between BEGIN CERTIFICATE and END CERTIFICATE, and make the initramfs again",
		cause,
	});
}

/** Any status but those that answer a request for a range. @param retryAfterMs As {@link withRetryAfter} takes it. */
export function refusal(url: URL, head: ReplyHead, retryAfterMs: number | undefined): NetherdError {
	const { status } = head;
	const message = `${describeUrl(url)}: ${describeStatus(head)}`;
	const later = (error: NetherdError) =>
		retryAfterMs === undefined ? error : withRetryAfter(error, retryAfterMs);
	if (status === 404 || status === 410) return new NetherdError("http.not-found", message, { hint: hintUrl });
	if (status === 401 || status === 403 || status === 407) {
		const hint =
			"let the web server give the image to this machine without a password; check the file's mode";
		return new NetherdError("http.forbidden", message, { hint });
	}
	if (status === 429 || status === 503) {
		const hint = `${hintServerLog}: it is overloaded or in maintenance; more sources spread the load`;
		return later(new NetherdError("http.busy", message, { hint }));
	}
	if (status >= 500) return later(new NetherdError("http.server-error", message, { hint: hintServerLog }));
	return new NetherdError("http.refused", message, { hint: `${hintServerLog}; open the URL by hand` });
}

/** An image was wanted, and a page for people came. */
export function htmlPage(url: URL): NetherdError {
	return new NetherdError("http.html-page", `${describeUrl(url)} gives a web page instead of the image`, {
		hint: `${hintUrl}; a proxy or a login page between looks like this too`,
	});
}

export function rangesIgnored(url: URL): NetherdError {
	return new NetherdError(
		"http.ranges-ignored",
		`${describeUrl(url)} gives the whole file though a part was asked for`,
		{
			hint: "use a web server that answers range requests (RFC 9110, section 14), such as nginx, Apache or the companion",
		},
	);
}

/** @param what Completes "the server answers a request for bytes 0–9 with …". */
export function wrongRange(
	url: URL,
	asked: { firstByte: number; lastByte: number },
	what: string,
): NetherdError {
	return new NetherdError(
		"http.wrong-range",
		`${describeUrl(url)} answers a request for bytes ${asked.firstByte}–${asked.lastByte} with ${quoteForeignText(what)}`,
		{ hint: `${hintServerLog}; a faulty proxy between looks like this too` },
	);
}

/** @param location As the server sent it; undefined when it sent none. */
export function badRedirect(url: URL, location: string | undefined): NetherdError {
	const to =
		location === undefined ? "without saying where" : `to ${quoteForeignText(JSON.stringify(location))}`;
	return new NetherdError("http.bad-redirect", `${describeUrl(url)} redirects ${to}`, {
		hint: "only http: and https: URLs without user and password can be followed, and never from https: to http:",
	});
}

/** @param last The last one that was followed. */
export function tooManyRedirects(first: URL, last: URL, redirects: number): NetherdError {
	return new NetherdError(
		"http.too-many-redirects",
		`${describeUrl(first)} leads nowhere: ${redirects} redirects, the last to ${describeUrl(last)}`,
		{ hint: "correct the web server's redirects, or let the source name the final URL" },
	);
}

/** Gives a decoding error its address; other errors stay as they are. @param during The phase of the conversation. */
export function withUrl(url: URL, error: unknown, during: string, cause?: unknown): unknown {
	if (error instanceof UnexpectedEnd) return connectionLost(url, during, cause);
	if (error instanceof NotHttp) {
		const seen = quoteForeignText(Buffer.from(error.firstBytes).toString("latin1"));
		return new NetherdError(
			"http.not-http",
			`${describeHost(url)} is not a web server: it begins with "${seen}"`,
			{
				hint: "check the URL's port, and whether it must begin with https:",
			},
		);
	}
	if (!(error instanceof HttpProtocolError)) return error;
	return new NetherdError(
		"http.protocol-violation",
		`the web server ${describeHost(url)} broke the protocol: ${quoteForeignText(error.message)}`,
		{ hint: `${hintServerLog}; a faulty proxy between looks like this too` },
	);
}

/** `status 404 Not Found`. */
export function describeStatus({ status, reason }: ReplyHead): string {
	return `status ${status}${reason === "" ? "" : ` ${quoteForeignText(reason, 80)}`}`;
}

/** Without its query, which may hold a signature that someone else must not have. */
export function describeUrl(url: URL): string {
	const query = url.search === "" ? "" : "?…";
	return quoteForeignText(`${url.origin}${url.pathname}`) + query;
}

/** `192.0.2.1:80`; a URL leaves out its protocol's usual port. */
function describeHost(url: URL): string {
	return url.port === "" ? `${url.host}:${url.protocol === "https:" ? 443 : 80}` : url.host;
}
