import type { Finding } from "./findings.ts";

/** Where something stands; the end is that of the marked text. */
export interface Place {
	readonly line: number;
	readonly column: number;
	readonly endColumn?: number;
}

/** What is said about it: the code without its area, and texts for people. */
export interface Problem {
	readonly severity: Finding["severity"];
	readonly code: string;
	readonly message: string;
	readonly hint: string;
}

/** Collects findings of one file, up to a limit that ends the reading with a last error. */
export class Reporter {
	readonly findings: Finding[] = [];
	readonly #file: string;
	readonly #limit: number;
	#isFull = false;

	constructor(file: string, limit: number) {
		this.#file = file;
		this.#limit = limit;
	}

	get isFull(): boolean {
		return this.#isFull;
	}

	report(place: Place, problem: Problem): void {
		if (this.#isFull) return;
		this.#add(place, problem);
		if (this.findings.length < this.#limit) return;
		this.#add({ line: place.line, column: place.column }, tooManyFindings(this.#limit));
		this.#isFull = true;
	}

	#add(place: Place, problem: Problem): void {
		const { severity, code, message, hint } = problem;
		const { line, column, endColumn } = place;
		const end = endColumn === undefined ? {} : { endColumn };
		this.findings.push({
			severity,
			code: `lts-conf.${code}`,
			file: this.#file,
			line,
			column,
			message,
			hint,
			...end,
		});
	}
}

function tooManyFindings(limit: number): Problem {
	return {
		severity: "error",
		code: "too-many-findings",
		message: `${limit} findings; the file was read up to here only`,
		hint: "Correct those above first. If all lines are wrong, this may not be an lts.conf.",
	};
}
