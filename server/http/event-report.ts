import type { IncomingMessage } from "node:http";
import { NetherdError } from "../../agent/errors.ts";

/** One event of a node is a few hundred bytes; a journal of a failed boot some ten thousand. */
export const maximumReportBytes = 64 * 1024;

/**
 * Reads one JSON object from a request.
 *
 * @throws {NetherdError} `server.report-too-large`, `server.report-not-an-object`.
 */
export async function readReport(request: IncomingMessage): Promise<object> {
	const chunks: Buffer[] = [];
	let sizeBytes = 0;
	// Not destroyed when this gives up: the client shall still get the answer.
	for await (const chunk of request.iterator({ destroyOnReturn: false })) {
		sizeBytes += chunk.length;
		if (sizeBytes > maximumReportBytes) {
			throw new NetherdError("server.report-too-large", `more than ${maximumReportBytes} bytes`, {
				hint: "send one event per request",
			});
		}
		chunks.push(chunk);
	}
	return parseReport(Buffer.concat(chunks).toString("utf8"));
}

function parseReport(text: string): object {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw notAnObject(error);
	}
	if (typeof value !== "object" || value === null || Array.isArray(value)) throw notAnObject(undefined);
	return value;
}

function notAnObject(cause: unknown): NetherdError {
	return new NetherdError("server.report-not-an-object", "the body is not one JSON object", {
		hint: 'send for example {"stage":"join","state":"ready"}',
		cause,
	});
}
