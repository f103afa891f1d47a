import type { CommandLine } from "../config/cmdline.ts";
import type { Configuration } from "../config/resolve.ts";
import type { Facts } from "../facts/facts.ts";
import { resolveFacts } from "../facts/resolve-facts.ts";

/** All that a step may know. */
export interface Inputs<StageFacts extends Facts> {
	readonly facts: StageFacts;
	/** The kernel command line of the facts, parsed. */
	readonly commandLine: CommandLine;
	/** The lts.conf of the facts, resolved for this node. */
	readonly configuration: Configuration;
}

/**
 * What follows from facts, for the steps to plan with.
 *
 * @throws {ConfigurationError} `config.invalid`.
 */
export function inputsOf<StageFacts extends Facts>(facts: StageFacts): Inputs<StageFacts> {
	const { commandLine, configuration } = resolveFacts(facts);
	return { facts, commandLine, configuration };
}
