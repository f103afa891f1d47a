import { realpathSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { relative, sep } from "node:path";
import { describeError, NetherdError } from "../../agent/errors.ts";
import type { SigningKey } from "../../agent/trust/keys.ts";
import type { EventSink } from "../events.ts";
import type { LiveSettings } from "../live-settings.ts";
import type { LoaderName } from "../loaders.ts";
import type { VersionUses } from "../releases/version-uses.ts";
import { pathParts, readRooted } from "../rooted-path.ts";
import { signLtsConf } from "../signing.ts";
import type { ChildState } from "../supervised-child.ts";
import { warningEvent } from "../warning-event.ts";
import { scriptFor } from "./boot-answer.ts";
import { readReport } from "./event-report.ts";
import { grubFirstScript } from "./grub-script.ts";
import { joinToken, type TokenPlace } from "./join-token.ts";
import { sendFile } from "./send-file.ts";

/** What the pages are made from. */
export interface Site {
	/** DIR */
	readonly folder: string;
	readonly address: string;
	readonly httpPort: number;
	readonly nbdPort: number | undefined;
	readonly settings: Pick<LiveSettings, "current">;
	readonly uses: VersionUses;
	readonly token: TokenPlace;
	/** They sign lts.conf as it is served; none: its signature is a file like others. */
	readonly signingKeys: readonly SigningKey[];
	readonly emit: EventSink;
	/** The children, by name. */
	health(): Readonly<Record<string, ChildState>>;
}

interface Exchange {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	readonly parts: readonly string[];
	readonly site: Site;
}

interface Route {
	readonly methods: readonly string[];
	/** The whole path, or with a final slash everything below it. */
	readonly path: string;
	readonly answer: (exchange: Exchange) => Promise<void>;
}

/** Everything that the companion says over HTTP. */
export const routes: readonly Route[] = [
	{ methods: ["GET", "HEAD"], path: "/boot.ipxe", answer: (exchange) => answerBootScript("ipxe", exchange) },
	{ methods: ["GET", "HEAD"], path: "/boot.grub", answer: (exchange) => answerBootScript("grub", exchange) },
	{ methods: ["GET", "HEAD"], path: "/grub/grub.cfg", answer: answerGrubFirstScript },
	{ methods: ["GET", "HEAD"], path: "/lts.conf", answer: answerLtsConf },
	{ methods: ["GET"], path: "/token", answer: answerToken },
	{ methods: ["GET", "HEAD"], path: "/lts.conf.sig", answer: answerLtsConfSignature },
	{ methods: ["GET", "HEAD"], path: "/images/", answer: answerFile },
	{ methods: ["GET", "HEAD"], path: "/loader/", answer: answerFile },
	{ methods: ["POST"], path: "/events", answer: takeReport },
	{ methods: ["GET", "HEAD"], path: "/health", answer: answerHealth },
];

/** Answers one request; never throws. */
export async function answerRequest(
	request: IncomingMessage,
	response: ServerResponse,
	site: Site,
): Promise<void> {
	try {
		const path = pathOf(request);
		const parts = pathParts(path);
		const route = routes.find((candidate) =>
			candidate.path.endsWith("/") ? path.startsWith(candidate.path) : path === candidate.path,
		);
		if (route === undefined) {
			sendText(response, 404, `nothing at ${path}; there are: ${routes.map((one) => one.path).join(" ")}\n`);
		} else if (!route.methods.includes(request.method ?? "")) {
			response.setHeader("Allow", route.methods.join(", "));
			sendText(response, 405, `${path} takes ${route.methods.join(", ")}\n`);
		} else {
			await route.answer({ request, response, parts, site });
		}
	} catch (error) {
		// The client went away while it sent its body.
		if (request.destroyed && !request.complete) return;
		if (isForOperator(error)) site.emit(warningEvent(error));
		sendText(response, statusFor(error), `${describeError(error)}\n`);
	}
}

/** Bugs, and links that somebody has to correct; what clients ask for wrongly is in their own log line. */
function isForOperator(error: unknown): boolean {
	return (
		!(error instanceof NetherdError) ||
		error.code === "server.path-leads-out" ||
		error.code === "server.token-unreadable"
	);
}

/**
 * The path without query, as the client wrote it; but shim puts a second slash before the name of the next loader
 * (`/loader//grubx64.efi`) when it came over HTTP itself.
 */
export function pathOf(request: IncomingMessage): string {
	return (request.url ?? "/").replace(/[?#].*$/s, "").replace(/^\/loader\/\//, "/loader/");
}

const statuses: Readonly<Record<string, number>> = {
	"server.file-missing": 404,
	"server.path-refused": 400,
	"server.path-leads-out": 403,
	"server.token-refused": 403,
	"server.no-token": 404,
	"server.report-too-large": 413,
	"server.report-not-an-object": 400,
};

function statusFor(error: unknown): number {
	return error instanceof NetherdError ? (statuses[error.code] ?? 500) : 500;
}

async function answerBootScript(loader: LoaderName, { request, response, site }: Exchange): Promise<void> {
	const query = new URL(request.url ?? "/", "http://companion").searchParams;
	const client = request.socket.remoteAddress ?? "unknown";
	// Status 200 whatever happens, or the boot loader would show a number instead of the reason.
	const script = await scriptFor(loader, query.get("mac") ?? undefined, client, site);
	response.setHeader("Cache-Control", "no-store");
	sendText(response, 200, script);
}

/** Where GRUB looks when it came over HTTP itself; else it gets the same over TFTP. */
async function answerGrubFirstScript({ response, site }: Exchange): Promise<void> {
	sendText(response, 200, grubFirstScript(site.address, site.httpPort));
}

async function answerLtsConf({ request, response, site }: Exchange): Promise<void> {
	await sendFile(request, response, site.folder, ["lts.conf"], "no-store");
}

async function answerToken({ request, response, site }: Exchange): Promise<void> {
	response.setHeader("Cache-Control", "no-store");
	sendText(response, 200, `${await joinToken(site.token, request.socket.remoteAddress ?? "")}\n`);
}

/** Of the file as it is now: a node that got another one asks again. */
async function answerLtsConfSignature({ request, response, site }: Exchange): Promise<void> {
	if (site.signingKeys.length === 0) {
		await sendFile(request, response, site.folder, ["lts.conf.sig"], "no-store");
		return;
	}
	const content = await readRooted(site.folder, ["lts.conf"]);
	response.setHeader("Cache-Control", "no-store");
	sendText(response, 200, await signLtsConf(content, site.signingKeys));
}

async function answerFile({ request, response, parts, site }: Exchange): Promise<void> {
	await sendFile(request, response, site.folder, parts, "no-cache", (path) => {
		const [area, image, version] = relative(realpathSync(site.folder), path).split(sep);
		return area === "images" && image !== undefined && version !== undefined
			? site.uses.begin(image, version)
			: () => {};
	});
}

async function takeReport({ request, response, site }: Exchange): Promise<void> {
	const report = await readReport(request);
	site.emit({ event: "node.report", client: request.socket.remoteAddress ?? "unknown", report });
	response.writeHead(204).end();
}

async function answerHealth({ response, site }: Exchange): Promise<void> {
	const services = site.health();
	const isWell = Object.values(services).every(({ state }) => state === "running");
	response.setHeader("Content-Type", "application/json");
	response.setHeader("Cache-Control", "no-store");
	sendText(
		response,
		isWell ? 200 : 503,
		`${JSON.stringify({ status: isWell ? "ok" : "degraded", services })}\n`,
	);
}

/** Plain text; does nothing when an answer has begun already. */
function sendText(response: ServerResponse, status: number, text: string): void {
	if (response.headersSent) {
		response.destroy();
		return;
	}
	if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "text/plain; charset=utf-8");
	response.writeHead(status, { "Content-Length": Buffer.byteLength(text) }).end(text);
}
