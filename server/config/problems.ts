import { NetherdError } from "../../agent/errors.ts";

export type ProblemCode =
	| "server-config.unreadable-line"
	| "server-config.unknown-section"
	| "server-config.unknown-key"
	| "server-config.duplicate"
	| "server-config.missing-key"
	| "server-config.bad-value"
	| "server-config.no-effect";

/** One thing that is wrong in the configuration file. */
export interface ConfigProblem {
	readonly code: ProblemCode;
	/** Absent for what is missing. */
	readonly line?: number | undefined;
	/** Section, key and value as far as they are known, and what is wrong with them. */
	readonly message: string;
	readonly hint: string;
}

/**
 * One error for everything that is wrong, so that nobody has to fix a file line by line. A single problem keeps its own
 * code; several become `server-config.several-problems`, each listed with its code.
 */
export function configError(file: string, problems: readonly ConfigProblem[]): NetherdError {
	const inOrder = [...problems].sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity));
	const [first] = inOrder;
	if (first !== undefined && inOrder.length === 1) {
		return new NetherdError(first.code, `${placeOf(file, first)}: ${first.message}`, { hint: first.hint });
	}
	const lines = inOrder.map(
		(problem) => `  ${placeOf(file, problem)}: ${problem.message} [${problem.code}]; ${problem.hint}`,
	);
	return new NetherdError(
		"server-config.several-problems",
		`${file} has ${inOrder.length} problems:\n${lines.join("\n")}`,
		{ hint: "correct these lines; `companion serve --help` lists every key" },
	);
}

function placeOf(file: string, problem: ConfigProblem): string {
	return problem.line === undefined ? file : `${file}:${problem.line}`;
}
