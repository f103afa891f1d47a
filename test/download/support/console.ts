import type { DownloadEvent } from "../../../agent/download/download-event.ts";
import { consoleLines } from "../../../agent/download/progress.ts";

/** For `onEvent`: collects the lines that a console would show. */
export function linesInto(lines: string[]): (event: DownloadEvent) => void {
	const lineOf = consoleLines();
	return (event) => {
		const line = lineOf(event);
		if (line !== undefined) lines.push(line);
	};
}
