import { basename } from "node:path";
import type { CompanionEvent } from "../events.ts";

/** Returns what a line of dnsmasq's log means, if it completes an event. */
export type DnsmasqReader = (line: string) => CompanionEvent | undefined;

type Answer = Extract<CompanionEvent, { event: "dhcp.offer" | "dhcp.ack" | "dhcp.proxy" }>;

const macPattern = "(?:[0-9a-f]{2}:){5}[0-9a-f]{2}";
const dhcpLine = /^dnsmasq-dhcp\[\d+\]: (?:(\d+) )?(.*)$/;
const tftpLine = /^dnsmasq-tftp\[\d+\]: (.*)$/;
const answerPattern = new RegExp(`^DHCP(OFFER|ACK)\\(\\S+\\) ([\\d.]+) (${macPattern})(?: (\\S+))?`);
const proxyPattern = new RegExp(`^PXE\\(\\S+\\) (?:[\\d.]+ )?(${macPattern}) `);
const refusalPattern = new RegExp(`^DHCPNAK\\(\\S+\\) ([\\d.]+) (${macPattern}) (.*)$`);
const discoverPattern = new RegExp(`^DHCPDISCOVER\\(\\S+\\) (?:[\\d.]+ )?(${macPattern}) (.*\\S)\\s*$`);

/**
 * Reads dnsmasq's log as it comes with `log-dhcp`. The boot file of an answer stands some lines after the answer itself
 * (all lines of one packet are together), so an answer is complete when its options are listed.
 */
export function createDnsmasqReader(): DnsmasqReader {
	let open: { transaction: string | undefined; answer: Answer } | undefined;

	return (line) => {
		const [, transaction, text] = dhcpLine.exec(line) ?? [];
		if (text === undefined) return tftpEvent(tftpLine.exec(line)?.[1]);

		const answer = answerFrom(text);
		if (answer !== undefined) {
			open = { transaction, answer };
			return undefined;
		}
		if (open !== undefined && open.transaction === transaction) {
			const bootFile = /^bootfile name: (.+)$/.exec(text)?.[1];
			if (bootFile !== undefined) open.answer = { ...open.answer, bootFile };
			if (!text.startsWith("sent size:")) return undefined;
			const complete = open.answer;
			open = undefined;
			return complete;
		}
		return problemFrom(text);
	};
}

function answerFrom(text: string): Answer | undefined {
	const [, kind, address = "", mac = "", hostname] = answerPattern.exec(text) ?? [];
	if (kind !== undefined) {
		const event = kind === "OFFER" ? "dhcp.offer" : "dhcp.ack";
		return { event, mac, address, ...(hostname === undefined ? {} : { hostname }) };
	}
	const proxied = proxyPattern.exec(text)?.[1];
	return proxied === undefined ? undefined : { event: "dhcp.proxy", mac: proxied };
}

function problemFrom(text: string): CompanionEvent | undefined {
	const [, address = "", refused, why = ""] = refusalPattern.exec(text) ?? [];
	if (refused !== undefined) return { event: "dhcp.refused", mac: refused, address, reason: why };
	const [, unanswered, reason = ""] = discoverPattern.exec(text) ?? [];
	return unanswered === undefined ? undefined : { event: "dhcp.unanswered", mac: unanswered, reason };
}

function tftpEvent(text = ""): CompanionEvent | undefined {
	const patterns = [
		["tftp.sent", /^sent (.+) to (\S+)$/],
		["tftp.missing", /^file (.+) not found for (\S+)$/],
		["tftp.failed", /^failed sending (.+) to (\S+)$/],
	] as const;
	for (const [event, pattern] of patterns) {
		const [, file, client] = pattern.exec(text) ?? [];
		if (file !== undefined && client !== undefined) return { event, file: basename(file), client };
	}
	return undefined;
}
