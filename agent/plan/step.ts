import type { Operation } from "./operation.ts";

/**
 * One concern of a stage: a pure, synchronous function from inputs to operations. It imports nothing that has an effect;
 * everything that it may know is in its inputs.
 */
export interface Step<Inputs> {
	/** The name of its file, without the ending. */
	readonly name: string;
	/** One line for the table in the README and for `--dry-run`. */
	readonly summary: string;
	/** Keys of lts.conf that it reads; a family ends in `_*`. */
	readonly keys: readonly string[];
	plan(inputs: Inputs): readonly Operation[];
}

/**
 * What a failed action means. `abort`: the boot stops, as ON_FAILURE says. `warn`: it is noted, on the console too, and
 * the next action follows.
 */
export type FailurePolicy = "abort" | "warn";

/** A step in its place on the page. */
export interface PlacedStep<Inputs> {
	readonly step: Step<Inputs>;
	readonly onFailure: FailurePolicy;
}

export function orAbort<Inputs>(step: Step<Inputs>): PlacedStep<Inputs> {
	return { step, onFailure: "abort" };
}

export function orWarn<Inputs>(step: Step<Inputs>): PlacedStep<Inputs> {
	return { step, onFailure: "warn" };
}

/** A part of the boot that gathers its facts, plans and runs as one. */
export interface Stage<Inputs> {
	readonly name: string;
	readonly steps: readonly PlacedStep<Inputs>[];
}
