import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describeError } from "../../agent/errors.ts";
import { BootedNode, type BootSetup } from "./booted-node.ts";
import type { GuestCheck, Scenario, ScenarioStage } from "./scenario.ts";

type Say = (line: string) => void;

export interface ScenarioResult {
	readonly name: string;
	/** Texts of what failed; empty: passed. */
	readonly failures: readonly string[];
	readonly durationMs: number;
}

/**
 * Runs scenarios one after the other; each leaves its logs in FOLDER/NAME. Those that share a boot come together, and its
 * machine is off before the next boot.
 */
export async function runScenarios(
	scenarios: readonly Scenario[],
	{ setup, folder, say }: { setup: BootSetup; folder: string; say: Say },
): Promise<ScenarioResult[]> {
	const results: ScenarioResult[] = [];
	for (const group of groupByBoot(scenarios)) {
		let shared: Promise<BootedNode> | undefined;
		const owner = join(folder, group[0]?.name ?? "");
		for (const scenario of group) {
			const own = join(folder, scenario.name);
			const nodes: BootedNode[] = [];
			const boot = async () => {
				if (scenario.before === undefined) throw new Error(`${scenario.name} has no state to boot in`);
				if (scenario.sharesBoot) {
					shared ??= BootedNode.boot(scenario.before, setup, owner);
					return await shared;
				}
				const node = await BootedNode.boot(scenario.before, setup, own);
				nodes.push(node);
				return node;
			};
			results.push(await runScenario(scenario, { boot, folder: own, agent: setup.agent, setup, say }));
			for (const node of nodes) await node[Symbol.asyncDispose]();
		}
		const node = await shared?.catch(() => undefined);
		await node?.[Symbol.asyncDispose]();
		if (shared !== undefined) copyLogs(owner, group, folder);
	}
	return results;
}

/** Scenarios in the order given; those that look at the same boot follow the first of them. */
export function groupByBoot(scenarios: readonly Scenario[]): Scenario[][] {
	const groups: Scenario[][] = [];
	for (const scenario of scenarios) {
		const group = groups.find(([first]) => first !== undefined && sharesBootWith(first, scenario));
		if (group === undefined) groups.push([scenario]);
		else group.push(scenario);
	}
	return groups;
}

function sharesBootWith(a: Scenario, b: Scenario): boolean {
	return a.sharesBoot && b.sharesBoot && isDeepStrictEqual(a.before, b.before);
}

async function runScenario(
	{ name, description, run }: Scenario,
	{ say, ...parts }: Pick<ScenarioStage, "boot" | "folder" | "agent" | "setup"> & { say: Say },
): Promise<ScenarioResult> {
	const startedMs = performance.now();
	const failures: string[] = [];
	rmSync(parts.folder, { recursive: true, force: true });
	mkdirSync(parts.folder, { recursive: true });
	say(`${name}: ${description}`);

	const check: ScenarioStage["check"] = async (what, verify) => {
		try {
			await verify();
			say(`  ✓ ${what}`);
		} catch (error) {
			failures.push(`${what}: ${describeError(error)}`);
			say(`  ✗ ${what}\n${indented(describeError(error))}`);
		}
	};
	const checkGuest: ScenarioStage["checkGuest"] = async (node, checks) => {
		for (const guestCheck of checks) await check(guestCheck.what, () => verifyInGuest(node, guestCheck));
	};
	try {
		await run({ ...parts, check, checkGuest, say: (line) => say(`  … ${line}`) });
	} catch (error) {
		failures.push(describeError(error));
		say(`  ✗ ${indented(describeError(error)).trim()}`);
	}
	const durationMs = performance.now() - startedMs;
	say(
		`${name}: ${failures.length === 0 ? "passed" : "FAILED"} in ${(durationMs / 1000).toFixed(0)} s; logs: ${parts.folder}`,
	);
	return { name, failures, durationMs };
}

async function verifyInGuest(
	{ machine }: Pick<BootedNode, "machine">,
	{ run, prints }: GuestCheck,
): Promise<void> {
	const printed = await machine.guest.output(run);
	const fits = typeof prints === "string" ? printed === prints : prints.test(printed);
	if (!fits)
		throw new Error(`in the guest: ${run}\nprinted ${JSON.stringify(printed)}\nexpected ${show(prints)}`);
}

function show(prints: string | RegExp): string {
	return typeof prints === "string" ? JSON.stringify(prints) : `something like ${prints}`;
}

/** The boot's logs for those that looked at it; the owner's other files are its own. */
function copyLogs(from: string, group: readonly Scenario[], folder: string): void {
	const logs = readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isFile());
	for (const { name } of group) {
		const to = join(folder, name);
		if (to === from) continue;
		for (const log of logs) copyFileSync(join(from, log.name), join(to, log.name));
	}
}

function indented(text: string): string {
	return text.replaceAll(/^/gm, "    ");
}
