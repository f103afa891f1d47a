import { initramfsStage, initStage, joinStage } from "../../boot.ts";
import { hasErrors } from "../../config/findings.ts";
import { NetherdError } from "../../errors.ts";
import {
	assumedInitFacts,
	assumedInitramfsFacts,
	assumedJoinFacts,
	type NodeDescription,
} from "../../facts/assumed-facts.ts";
import { ConfigurationError } from "../../facts/resolve-facts.ts";
import { nodeName } from "../../init/node-name.ts";
import { checkPlan } from "../../plan/check.ts";
import { planStage, type StagePlan } from "../../plan/plan.ts";
import { knownAtBoot, type ResolvedNode, resolveNode } from "../resolve-node.ts";
import type { ComparedNode } from "./nodes.ts";
import type { Version } from "./versions.ts";

/** A node with one of the files: what it is configured with. */
export interface ConfiguredNode extends ResolvedNode {
	readonly version: Version;
	readonly description: NodeDescription;
	/** The name that it will have. */
	readonly hostname: string;
}

/** Why a node can't be planned. */
export interface PlanFailure {
	readonly file: string;
	readonly code: string;
	readonly message: string;
}

/**
 * What the node gets from the file. Sections are chosen by what is known of the node; the rest is assumed, alike for both
 * files.
 */
export function configureNode(
	node: ComparedNode,
	commandLine: string,
	version: Version,
): ConfiguredNode | PlanFailure {
	const { file, parsed } = version;
	const description: NodeDescription = {
		...node.network,
		commandLine,
		configuration: { file, from: file, text: "" },
	};
	const init = assumedInitFacts(description);
	const assumed = { commandLine, network: init.network };
	const identities = node.network;
	const resolved = resolveNode(parsed, assumed, { identities });
	// A fact that nobody said, as in HOSTS_1 = "10.9.0.1 $HOSTNAME", is no mistake.
	const isWrong =
		hasErrors(resolved.findings) &&
		hasErrors(resolveNode(parsed, assumed, { identities, unknownFact: knownAtBoot }).findings);
	if (isWrong) return failureOf(new ConfigurationError(file, file, resolved.findings, version.text), file);
	return { ...resolved, version, description, hostname: nodeName({ ...resolved, facts: init }).name };
}

/** The stages of the node, in boot order. */
export function planNode(node: ConfiguredNode): readonly StagePlan[] | PlanFailure {
	const { configuration, commandLine, description, hostname, version } = node;
	const inputs = { configuration, commandLine };
	const intoMemory = configuration.boolean("LTSP_NBD_TO_RAM");
	try {
		const plans = [
			planStage(initramfsStage, { ...inputs, facts: assumedInitramfsFacts(description, intoMemory) }),
			planStage(initStage, { ...inputs, facts: assumedInitFacts(description) }),
			planStage(joinStage, { ...inputs, facts: assumedJoinFacts(description, hostname) }),
		];
		for (const plan of plans) checkPlan(plan);
		return plans;
	} catch (error) {
		return failureOf(error, version.file);
	}
}

export function isFailure(result: object): result is PlanFailure {
	return "code" in result && "message" in result;
}

function failureOf(error: unknown, file: string): PlanFailure {
	if (error instanceof NetherdError) return { file, code: error.code, message: error.message };
	throw error;
}
