import { tooManyRedirects } from "./http-errors.ts";
import { HttpConnection, type HttpConnectionOptions } from "./http-socket.ts";
import { type FirstAnswer, judgeFirstReply, type RemoteFile } from "./http-verdict.ts";

/** Where a file really is, and a connection to there. */
export interface FoundFile {
	readonly url: URL;
	readonly isRedirected: boolean;
	readonly file: RemoteFile;
	/** Its server has answered a request for a range; it may have closed it since. */
	readonly connection: HttpConnection;
}

/** Five are what RFC 2068, 10.3 asked of clients; more are a loop. */
const maximumRedirects = 5;

/**
 * Asks for the first byte of a file, which shows its size, its identity and that the server knows ranges; follows
 * redirects.
 *
 * @param signal Ends it, and the connection that it returns.
 * @throws {NetherdError} `http.*`
 */
export async function findFile(
	start: URL,
	options: Omit<HttpConnectionOptions, "url">,
	signal: AbortSignal,
): Promise<FoundFile> {
	let url = start;
	for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
		const { connection, answer } = await askForFirstByte({ ...options, url }, signal);
		if (answer.kind !== "redirect") {
			return { url, isRedirected: redirects > 0, file: answer.file, connection };
		}
		url = answer.to;
	}
	throw tooManyRedirects(start, url, maximumRedirects + 1);
}

async function askForFirstByte(
	options: HttpConnectionOptions,
	signal: AbortSignal,
): Promise<{ connection: HttpConnection; answer: FirstAnswer }> {
	signal.throwIfAborted();
	const answered = Promise.withResolvers<void>();
	const connection = new HttpConnection(options, ({ error }) => answered.reject(error));
	const abort = () => connection.cut(signal.reason);
	signal.addEventListener("abort", abort);
	connection.closed.then(() => signal.removeEventListener("abort", abort));
	let answer: FirstAnswer | undefined;
	connection.send({
		offsetBytes: 0,
		target: new Uint8Array(1),
		accept(head) {
			answer = judgeFirstReply(options.url, head);
			return answer.kind === "file";
		},
		onReceived() {},
		finish: () => answered.resolve(),
	});
	await answered.promise;
	if (answer === undefined) throw new Error("request finished without an answer");
	return { connection, answer };
}
