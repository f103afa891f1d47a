import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { stageDone } from "../lib/after-join.ts";
import type { BootedNode } from "../lib/booted-node.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningUefiNode } from "../lib/states.ts";

const stageNames = ["initramfs", "init", "join"] as const;
const fileNames = ["facts.json", "plan.json", "journal.jsonl"] as const;

interface Plan {
	readonly stages: readonly { readonly steps: readonly { readonly actions: readonly object[] }[] }[];
}

export default scenario(
	"replay",
	"a node's facts, replayed here with --dry-run, give its plan byte for byte and its journal line for line",
	{
		before: joiningUefiNode,
		sharesBoot: true,
		async run(stage) {
			const node = await stage.boot();
			stage.say("until the node has joined");
			await node.joined();
			await stageDone(node, "join");
			for (const name of stageNames) {
				const folder = join(stage.folder, "replay", name);
				const files = await copyOut(node, name, folder);
				await stage.check(`${name}: the replayed facts give plan.json byte for byte`, async () => {
					assert.equal(await replay(stage.agent, join(folder, "facts.json")), files["plan.json"]);
				});
				await stage.check(`${name}: journal.jsonl holds the plan's actions, line for line`, () => {
					assert.deepEqual(journalActions(files["journal.jsonl"]), planActions(files["plan.json"]));
				});
			}
		},
	},
);

/** A stage's files from the node, into a folder, and as text. */
async function copyOut(
	node: BootedNode,
	stageName: string,
	folder: string,
): Promise<Record<(typeof fileNames)[number], string>> {
	mkdirSync(folder, { recursive: true });
	const read = async (file: string) => {
		const { stdout } = await node.machine.guest.run(`cat /run/netherd/${stageName}/${file}`);
		writeFileSync(join(folder, file), stdout);
		return stdout;
	};
	return {
		"facts.json": await read("facts.json"),
		"plan.json": await read("plan.json"),
		"journal.jsonl": await read("journal.jsonl"),
	};
}

async function replay(agent: string, factsFile: string): Promise<string> {
	const { stdout } = await execa(agent, ["--dry-run", "--facts", factsFile, "--format", "json"], {
		stripFinalNewline: false,
	});
	return stdout;
}

/** Each action as text, so that the order of its fields counts too. */
function planActions(plan: string): string[] {
	const { stages } = JSON.parse(plan) as Plan;
	return stages.flatMap(({ steps }) =>
		steps.flatMap(({ actions }) => actions.map((action) => JSON.stringify(action))),
	);
}

function journalActions(journal: string): string[] {
	return journal
		.trimEnd()
		.split("\n")
		.map((line) => JSON.stringify((JSON.parse(line) as { action: object }).action));
}
