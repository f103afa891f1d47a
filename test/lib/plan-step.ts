import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { makeConfiguration } from "../../agent/config/configuration.ts";
import { withoutSecrets } from "../../agent/facts/configuration-text.ts";
import type { Facts, InitFacts, MemoryFacts, NetworkFacts, RootFacts } from "../../agent/facts/facts.ts";
import { perform } from "../../agent/host/host.ts";
import { linuxHost } from "../../agent/host/linux-host.ts";
import type { Action } from "../../agent/plan/action.ts";
import { checkPlan } from "../../agent/plan/check.ts";
import { type Inputs, inputsOf } from "../../agent/plan/inputs.ts";
import type { Operation } from "../../agent/plan/operation.ts";
import { planStage } from "../../agent/plan/plan.ts";
import { actionDetails, actionLine } from "../../agent/plan/render.ts";
import { orAbort, type Step } from "../../agent/plan/step.ts";

/** What a test says about a node; everything else is as in {@link makeInitFacts}. */
export interface NodeUnderTest {
	readonly commandLine?: string;
	readonly network?: Partial<NetworkFacts>;
	readonly root?: Partial<RootFacts>;
	readonly memory?: MemoryFacts;
	/** `null`: the firmware has none. */
	readonly machineUuid?: string | null;
}

/** Facts of stage 2 on a node of a small farm, 192.0.2.0/24 (RFC 5737), with this lts.conf. */
export function makeInitFacts(ltsConf: string, node: NodeUnderTest = {}): InitFacts {
	const { configuration } = withoutSecrets(ltsConf, "http://192.0.2.1:8080/lts.conf");
	return {
		version: 1,
		agentVersion: "0.0.0",
		stage: "init",
		commandLine:
			node.commandLine ??
			"root=/dev/nbd0 boot=netherd nbdroot=192.0.2.1:10809/node netherd.server=http://192.0.2.1:8080",
		network: {
			device: "enp1s0",
			mac: "52:54:00:00:00:01",
			ip: "192.0.2.10",
			netmask: "255.255.255.0",
			gateway: "192.0.2.254",
			nameServers: ["192.0.2.53"],
			domain: "farm.example",
			nextServer: "192.0.2.1",
			...node.network,
		},
		configuration,
		...(node.machineUuid === null
			? {}
			: { machineUuid: node.machineUuid ?? "8a4bbf0e-5bc2-4d3c-9d0e-0a1f9ad1b001" }),
		root: { mountedAt: "/root", units: [], ...node.root },
		...(node.memory === undefined ? {} : { memory: node.memory }),
	};
}

/**
 * What a step plans for this lts.conf, each action as a person reads it, after the checks that every plan goes through.
 * `[default]` is put before a text without sections.
 */
export function planText(step: Step<Inputs<InitFacts>>, ltsConf: string, node?: NodeUnderTest): string {
	return planActions(step, makeInitFacts(withSection(ltsConf), node))
		.flatMap((action) => [actionLine(action), ...actionDetails(action).map((line) => `  ${line}`)])
		.join("\n");
}

/** The same as operations. */
export function planStep(
	step: Step<Inputs<InitFacts>>,
	ltsConf: string,
	node?: NodeUnderTest,
): readonly Operation[] {
	return step.plan(inputsOf(makeInitFacts(withSection(ltsConf), node)));
}

/** What a step makes of a value that no check has looked at. */
export function planUnchecked(
	step: Step<Inputs<InitFacts>>,
	key: string,
	value: string,
): readonly Operation[] {
	const origin = { kind: "lts.conf", file: "lts.conf", line: 2, column: 1, section: "default" } as const;
	const configuration = makeConfiguration({
		keys: [
			{ key: "CONFIGURE_FSTAB", value: "true", origin: { kind: "default" }, lost: [] },
			{ key, value, origin, lost: [] },
		],
		sections: [],
	});
	return step.plan({ ...inputsOf(makeInitFacts("")), configuration });
}

/** The same as actions, after the checks that every plan goes through. */
export function planActions<StageFacts extends Facts>(
	step: Step<Inputs<StageFacts>>,
	facts: StageFacts,
): readonly Action[] {
	const plan = planStage({ name: facts.stage, steps: [orAbort(step)] }, inputsOf(facts));
	checkPlan(plan);
	return plan.steps.flatMap(({ actions }) => actions);
}

/** The step without the programs that it runs, where they would change the machine that the test runs on. */
export function withoutPrograms(step: Step<Inputs<InitFacts>>): Step<Inputs<InitFacts>> {
	return { ...step, plan: (inputs) => step.plan(inputs).filter(({ kind }) => kind !== "spawn") };
}

/** A folder that steps run in, confined by chroot; removed by {@link TestRoot.remove}. */
export interface TestRoot {
	readonly path: string;
	/** Plans the step and does all of it with the real host; returns the lines that programs printed. */
	run(step: Step<Inputs<InitFacts>>, ltsConf: string, node?: NodeUnderTest): Promise<readonly string[]>;
	read(path: string): string;
	remove(): void;
}

/** An empty root with these programs of the machine and the libraries that they need. */
export function makeTestRoot(programs: readonly string[] = []): TestRoot {
	const path = mkdtempSync(join(tmpdir(), "netherd-root-"));
	for (const file of new Set(programs.flatMap((program) => [program, ...librariesOf(program)]))) {
		if (existsSync(join(path, file))) continue;
		mkdirSync(dirname(join(path, file)), { recursive: true });
		copyFileSync(file, join(path, file));
	}
	return {
		path,
		async run(step, ltsConf, node) {
			const lines: string[] = [];
			const { secrets } = withoutSecrets(withSection(ltsConf), "lts.conf");
			const host = linuxHost({
				root: path,
				secrets,
				progress: (line) => lines.push(line),
				output: (_program, line) => lines.push(line),
			});
			for (const action of planActions(step, makeInitFacts(withSection(ltsConf), node))) {
				await perform(host, action);
			}
			return lines;
		},
		read: (file) => readFileSync(join(path, file), "utf8"),
		remove: () => rmSync(path, { recursive: true, force: true }),
	};
}

function withSection(ltsConf: string): string {
	return /^\s*\[/m.test(ltsConf) ? ltsConf : `[default]\n${ltsConf}\n`;
}

function librariesOf(program: string): string[] {
	const listing = execFileSync("ldd", [program], { encoding: "utf8" });
	return [...listing.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
}
