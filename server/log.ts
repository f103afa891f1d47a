import { type CompanionEvent, describeEvent, type EventSink, type Level, levelOf } from "./events.ts";

/** Where the lines go and how they look. */
export interface LogOptions {
	readonly format: "text" | "json";
	/** The lowest level that is written. */
	readonly level: "info" | "debug";
	/** Escape sequences for colour, only in `text`. */
	readonly colours: boolean;
	readonly now: () => Date;
	readonly write: (line: string) => void;
}

/**
 * Makes the function that writes one line per event. `text`: time (ISO 8601, UTC), area, sentence. `json`: one object with `time`
 * (ISO 8601), `level`, `event`, the event's own fields, and the sentence as `message`.
 */
export function createLog(options: LogOptions): EventSink {
	return (event) => {
		const level = levelOf(event);
		if (level === "debug" && options.level === "info") return;
		const time = options.now().toISOString();
		options.write(
			options.format === "json" ? jsonLine(event, level, time) : textLine(event, level, time, options),
		);
	};
}

function jsonLine(event: CompanionEvent, level: Level, time: string): string {
	return `${JSON.stringify({ time, level, ...event, message: describeEvent(event) })}\n`;
}

function textLine(event: CompanionEvent, level: Level, time: string, options: LogOptions): string {
	const area = (event.event.split(".")[0] ?? "").padEnd(9);
	const word = level === "warn" ? "warning: " : level === "error" ? "error: " : "";
	const paint = options.colours ? inColour : withoutColour;
	return `${paint("dim", time)} ${paint("bold", area)} ${paint(level, word + describeEvent(event))}\n`;
}

type Style = Level | "dim" | "bold";

const escapes: Readonly<Record<Style, string>> = {
	dim: "\x1b[2m",
	bold: "\x1b[1m",
	debug: "\x1b[2m",
	info: "",
	warn: "\x1b[33m",
	error: "\x1b[31m",
};

function inColour(style: Style, text: string): string {
	return escapes[style] === "" ? text : `${escapes[style]}${text}\x1b[0m`;
}

function withoutColour(_style: Style, text: string): string {
	return text;
}
