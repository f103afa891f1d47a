import { NetherdError } from "../agent/errors.ts";
import type { CompanionEvent } from "./events.ts";

/** Something went wrong that the companion survives, as an event. */
export function warningEvent(error: unknown): Extract<CompanionEvent, { event: "companion.warning" }> {
	if (error instanceof NetherdError) {
		return { event: "companion.warning", code: error.code, message: error.message, hint: error.hint };
	}
	const message = error instanceof Error ? error.message : String(error);
	return {
		event: "companion.warning",
		code: "server.unexpected",
		message,
		hint: "this should not happen: report it with this line",
	};
}
