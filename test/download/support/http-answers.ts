import {
	chunkedReply,
	type HttpBehaviour,
	type ReceivedRequest,
	reply,
	rightReply,
} from "./faulty-http-server.ts";

/** Answers one request, rightly or wrongly. */
export type Answer = NonNullable<HttpBehaviour["answer"]>;

/** Right for the first few requests (the first asks for one byte). */
export function after(requests: number, wrong: Answer): Answer {
	let count = 0;
	return (request, all) => (count++ < requests ? rightReply(request, all) : wrong(request, all));
}

export function withFields(fields: Readonly<Record<string, string | undefined>>): Answer {
	return (request, all) => rightReply(request, all, fields);
}

export function withLength(difference: number): Answer {
	return (request, all) => {
		const bytes = (request.lastByte ?? 0) - (request.firstByte ?? 0) + 1;
		return rightReply(request, all, { "Content-Length": String(bytes + difference) });
	};
}

export function padded(request: ReceivedRequest, all: Buffer): Buffer {
	return Buffer.concat([rightReply(request, all), Buffer.from("!")]);
}

/** The chunk before, under its own name. */
export function shiftedRange({ path, firstByte = 0, lastByte = 0 }: ReceivedRequest, all: Buffer): Buffer {
	return rightReply({ path, firstByte: firstByte - 1, lastByte: lastByte - 1 }, all);
}

/** Other bytes than those that it names. */
export function liar(request: ReceivedRequest, all: Buffer): Buffer {
	const answer = rightReply(request, all);
	answer.writeUInt8(answer.readUInt8(answer.length - 1) ^ 1, answer.length - 1);
	return answer;
}

export function lyingTwice(): Answer {
	let count = 0;
	return (request, all) => (++count === 3 || count === 4 ? liar : rightReply)(request, all);
}

export function floodOfLines(): Buffer {
	const lines = Array.from({ length: 1000 }, (_, index) => [`X-Flood-${index}`, "a value of some length"]);
	return reply("206 x", Object.fromEntries(lines));
}

export function tooLongChunked(request: ReceivedRequest, all: Buffer): Buffer {
	const longer = { ...request, lastByte: (request.lastByte ?? 0) + 1 };
	const wrong = chunkedReply(longer, all, 1000).toString("latin1");
	const range = (last: number | undefined) => `bytes ${request.firstByte}-${last}/`;
	return Buffer.from(wrong.replace(range(longer.lastByte), range(request.lastByte)), "latin1");
}

export function brokenChunked(request: ReceivedRequest, all: Buffer): Buffer {
	const right = chunkedReply(request, all, 1000).toString("latin1");
	return Buffer.from(right.replace("\r\n3e8;", "\r\nzz;"), "latin1");
}

export function withoutSize(request: ReceivedRequest, all: Buffer): Buffer {
	return rightReply(request, all, { "Content-Range": `bytes ${request.firstByte}-${request.lastByte}/*` });
}

export function withLineFeeds(request: ReceivedRequest, all: Buffer): Buffer {
	const right = rightReply(request, all);
	const body = right.subarray(right.indexOf("\r\n\r\n") + 4);
	const head = right.toString("latin1", 0, right.length - body.length).replaceAll("\r\n", "\n");
	return Buffer.concat([Buffer.from(head), body]);
}

export function withHints(request: ReceivedRequest, all: Buffer): Buffer {
	return Buffer.concat([
		Buffer.from("HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"),
		rightReply(request, all),
	]);
}

export function asHttp10(line: string): Answer {
	return (request, all) => {
		const right = rightReply(request, all).toString("latin1");
		return Buffer.from(
			right.replace("HTTP/1.1 206 Partial Content\r\n", `HTTP/1.0 206 OK\r\n${line}`),
			"latin1",
		);
	};
}

export function htmlPage(): Buffer {
	return reply("200 OK", { "Content-Type": "text/html; charset=utf-8" }, "<html>Please log in</html>");
}

export function wholeFile(_: ReceivedRequest, all: Buffer): Buffer {
	return reply("200 OK", { "Content-Type": "application/octet-stream" }, all);
}

export function replacedAfter(requests: number): Answer {
	let count = 0;
	return (request, all) => rightReply(request, all, { ETag: count++ < requests ? '"one"' : '"two"' });
}

export function shrunkAfter(requests: number): Answer {
	return after(requests, (request, all) => rightReply(request, all.subarray(0, 10)));
}
