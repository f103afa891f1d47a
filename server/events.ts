import { quoteForeignText } from "../agent/download/foreign-text.ts";

export type Level = "debug" | "info" | "warn" | "error";

/** Everything that the companion says while it runs: one object, one line. Sizes in bytes, times in milliseconds. */
export type CompanionEvent =
	| { event: "companion.starting"; version: string; folder: string; config: string }
	| {
			event: "companion.ready";
			http: string;
			/** Absent when nothing is served over NBD. */
			nbd?: string;
			tftp: string;
			dhcp: string;
			images: readonly string[];
	  }
	| { event: "companion.reloaded"; config: string; needsRestart: readonly string[] }
	| { event: "companion.stopping"; reason: string }
	| { event: "companion.stopped" }
	| { event: "companion.warning"; code: string; message: string; hint: string }
	| { event: "service.started"; service: string; pid: number }
	| { event: "service.died"; service: string; reason: string; lastOutput: string; restartInMs: number }
	| { event: "service.restarted"; service: string; pid: number; restarts: number }
	| { event: "service.output"; service: string; line: string }
	| { event: "dhcp.offer" | "dhcp.ack"; mac: string; address: string; hostname?: string; bootFile?: string }
	| { event: "dhcp.proxy"; mac: string; bootFile?: string }
	| { event: "dhcp.refused"; mac: string; address: string; reason: string }
	| { event: "dhcp.unanswered"; mac: string; reason: string }
	| { event: "tftp.sent" | "tftp.missing" | "tftp.failed"; file: string; client: string }
	| {
			event: "boot.chosen";
			client: string;
			mac: string;
			image: string;
			version: string;
			because: string;
			/** What lts.conf adds for this node; absent: nothing. */
			kernelParameters?: string;
	  }
	| HttpRequestEvent
	| { event: "nbd.opened"; client: string; exportName: string; image: string; version: string }
	| { event: "nbd.closed"; client: string; exportName: string; bytes: number; durationMs: number }
	| { event: "nbd.refused"; client: string; exportName: string; reason: string }
	| { event: "node.report"; client: string; report: object };

export interface HttpRequestEvent {
	event: "http.request";
	client: string;
	method: string;
	path: string;
	status: number;
	/** Of the body; of what went out, headers included, when the client went away. */
	bytes: number;
	durationMs: number;
	/** False when the client went away before the end. */
	complete: boolean;
}

export type EventSink = (event: CompanionEvent) => void;

/** How much an event matters: `warn` and `error` are for what an operator should look at. */
export function levelOf(event: CompanionEvent): Level {
	switch (event.event) {
		case "service.output":
			return "debug";
		case "service.died":
			return "error";
		case "companion.warning":
		case "dhcp.refused":
		case "dhcp.unanswered":
		case "tftp.failed":
		case "nbd.refused":
			return "warn";
		case "tftp.missing":
			// iPXE asks for this one at every start.
			return event.file === "autoexec.ipxe" ? "info" : "warn";
		case "http.request":
			return levelOfRequest(event);
		default:
			return "info";
	}
}

/** The event as one line for people, without time; nothing in it can move a terminal's cursor. */
export function describeEvent(event: CompanionEvent): string {
	return quoteForeignText(sentenceFor(event), 4096);
}

function levelOfRequest(event: HttpRequestEvent): Level {
	if (event.status >= 500) return "error";
	// A health check comes every few seconds for ever.
	if (event.path === "/health") return "debug";
	// What a node reports is an event of its own.
	if (event.path === "/events" && event.status === 204) return "debug";
	// Without a file the nodes use their image's own lts.conf: that is normal.
	if (event.path === "/lts.conf" && event.status === 404) return "info";
	return event.status >= 400 || !event.complete ? "warn" : "info";
}

function sentenceFor(event: CompanionEvent): string {
	switch (event.event) {
		case "companion.starting":
			return `version ${event.version} serves ${event.folder} as ${event.config} says`;
		case "companion.ready":
			return (
				`ready: ${event.http}/boot.ipxe, ${event.nbd === undefined ? "" : `${event.nbd}, `}${event.tftp}, DHCP ${event.dhcp}; ` +
				`images: ${event.images.join(", ")}`
			);
		case "companion.reloaded":
			return (
				`${event.config} has changed: what machines boot is as it says from now on` +
				`${event.needsRestart.length === 0 ? "" : `; needs a restart: ${event.needsRestart.join(", ")}`}`
			);
		case "companion.stopping":
			return `stopping: ${event.reason}`;
		case "companion.stopped":
			return "stopped";
		case "companion.warning":
			return `${event.message} [${event.code}]; what to do: ${event.hint}`;
		case "service.started":
			return `${event.service} runs, process ${event.pid}`;
		case "service.died":
			return (
				`${event.service} died: ${event.reason}${event.lastOutput === "" ? "" : ` (last words: ${event.lastOutput})`}; ` +
				`starting it again in ${seconds(event.restartInMs)}, and again until it stays`
			);
		case "service.restarted":
			return `${event.service} runs again, process ${event.pid}, restart ${event.restarts}`;
		case "service.output":
			return `${event.service}: ${event.line}`;
		case "dhcp.offer":
		case "dhcp.ack":
			return (
				`${event.event === "dhcp.offer" ? "offer" : "ack"} ${event.address} to ${event.mac}` +
				`${event.hostname === undefined ? "" : ` (${event.hostname})`}${bootFileOf(event.bootFile)}`
			);
		case "dhcp.proxy":
			return `told ${event.mac} where to boot from${bootFileOf(event.bootFile)}`;
		case "dhcp.refused":
			return `refused ${event.address} to ${event.mac}: ${event.reason}`;
		case "dhcp.unanswered":
			return `no answer to ${event.mac}: ${event.reason}`;
		case "tftp.sent":
			return `sent ${event.file} to ${event.client}`;
		case "tftp.missing":
			return `${event.client} asked for ${event.file}, which is not there`;
		case "tftp.failed":
			return `sending ${event.file} to ${event.client} failed`;
		case "boot.chosen":
			return `${event.mac} at ${event.client} boots ${event.image}/${event.version}: ${event.because}${event.kernelParameters === undefined ? "" : `; kernel parameters: ${event.kernelParameters}`}`;
		case "http.request":
			return (
				`${event.client} ${event.method} ${event.path} ${event.status}, ` +
				`${event.bytes} bytes in ${event.durationMs} ms${event.complete ? "" : ", cut off by the client"}`
			);
		case "nbd.opened":
			return `${event.client} opened ${event.exportName}: image ${event.image}, version ${event.version}`;
		case "nbd.closed":
			return `${event.client} closed ${event.exportName} after ${event.bytes} bytes in ${event.durationMs} ms`;
		case "nbd.refused":
			return `${event.client} refused, export ${JSON.stringify(event.exportName)}: ${event.reason}`;
		case "node.report":
			return `${event.client} ${JSON.stringify(event.report)}`;
	}
}

function bootFileOf(bootFile: string | undefined): string {
	return bootFile === undefined ? "" : `, boot file ${bootFile}`;
}

function seconds(milliseconds: number): string {
	return `${milliseconds / 1000} s`;
}
