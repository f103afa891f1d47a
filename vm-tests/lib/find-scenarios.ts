import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import type { Scenario } from "./scenario.ts";

const folder = join(import.meta.dirname, "../scenarios");

/** Every scenario, in the order of its names; each is the default export of its file. */
export async function allScenarios(): Promise<Scenario[]> {
	const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
	return await Promise.all(
		files.sort().map(async (file) => {
			const { default: scenario }: { default: Scenario } = await import(join(folder, file));
			if (scenario.name !== basename(file, ".ts")) throw new Error(`${file} holds scenario ${scenario.name}`);
			return scenario;
		}),
	);
}

/**
 * The scenarios of these names, in their order, each once.
 *
 * @throws {NetherdError} `vm.unknown-scenario`.
 */
export function chooseScenarios(all: readonly Scenario[], names: readonly string[]): Scenario[] {
	return [...new Set(names)].map((name) => {
		const scenario = all.find((candidate) => candidate.name === name);
		if (scenario !== undefined) return scenario;
		throw new NetherdError("vm.unknown-scenario", `there is no scenario ${JSON.stringify(name)}`, {
			hint: `the scenarios are ${all.map((candidate) => candidate.name).join(", ")}`,
		});
	});
}
