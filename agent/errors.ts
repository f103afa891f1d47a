/**
 * An error for the person at the console: a stable code (each has an entry in docs/errors.md, held by a test), what
 * failed with the value that failed, and what to do about it. The underlying failure, if any, is `cause`.
 */
export class NetherdError extends Error {
	override readonly name = "NetherdError";
	/** Stable, `area.what-is-wrong`. */
	readonly code: string;
	/** What the operator can do, in the imperative. */
	readonly hint: string;

	constructor(code: string, message: string, details: { hint: string; cause?: unknown }) {
		super(message, details.cause === undefined ? undefined : { cause: details.cause });
		this.code = code;
		this.hint = details.hint;
	}
}

/** The lines shown for any thrown value: message, code, causes in order, hint. No stack: that goes to the log. */
export function describeError(error: unknown): string {
	const lines = [messageOf(error)];
	if (error instanceof NetherdError) lines[0] = `${lines[0]} [${error.code}]`;
	for (let cause = causeOf(error); cause !== undefined; cause = causeOf(cause)) {
		lines.push(`  cause: ${messageOf(cause)}`);
	}
	if (error instanceof NetherdError) lines.push(`  what to do: ${error.hint}`);
	return lines.join("\n");
}

/** What node:util's parseArgs says is wrong, without its advice on how to write words that begin with a hyphen. */
export function describeWrongOption(error: unknown): string {
	return messageOf(error).replace(/\. To specify a positional argument[\s\S]*$/, "");
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
	return error instanceof Error ? error.cause : undefined;
}
