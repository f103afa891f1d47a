import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { JoinState } from "../cluster/join-state.ts";
import { NetherdError } from "../errors.ts";
import { type StageName, stageNames } from "../facts/facts.ts";
import { queryProgram } from "../host/query-program.ts";
import type { JournalEntry } from "../host/stage-record.ts";
import { joinStateFile, joinUnitFile, joinUnitName, nodePrograms, stageFolder } from "../paths.ts";
import { parsePlans } from "../plan/plan.ts";
import type { Output } from "./findings-output.ts";
import { exitCodeOf, nodeStatus, type StageFiles } from "./status/node-status.ts";
import { statusText } from "./status/status-output.ts";

/** `agent status`: how far this node is. `root` is the folder that the node's paths are within. */
export async function status(root: string, { format, print }: Output): Promise<number> {
	const stages = stageNames.map((name) => readStage(root, name));
	if (stages.every(({ plan }) => plan === undefined)) {
		throw new NetherdError("status.not-a-node", `nothing of netherd is in ${stageFolder("init")}`, {
			hint: "run it on a node that netherd has booted; agent --dry-run shows elsewhere what a node would do",
		});
	}
	const state = readText(root, joinStateFile);
	const found = nodeStatus({
		stages,
		join: state === undefined ? undefined : (JSON.parse(state) as JoinState),
		isJoinWanted: existsSync(join(root, joinUnitFile)),
		unitState: await queryProgram([
			nodePrograms.systemctl,
			"show",
			"--property",
			"ActiveState",
			"--value",
			joinUnitName,
		]),
		hostname: hostname(),
	});
	print(format === "json" ? `${JSON.stringify(found, null, 1)}\n` : statusText(found, Date.now()));
	return exitCodeOf(found);
}

function readStage(root: string, name: StageName): StageFiles {
	const folder = stageFolder(name);
	const plan = readText(root, `${folder}/plan.json`);
	const journal = readText(root, `${folder}/journal.jsonl`) ?? "";
	return {
		name,
		plan: plan === undefined ? undefined : parsePlans(plan)[0],
		journal: journal
			.split("\n")
			.filter((line) => line !== "")
			.flatMap(parseLine),
	};
}

/** The last line may be half written. */
function parseLine(line: string): JournalEntry[] {
	try {
		return [JSON.parse(line) as JournalEntry];
	} catch {
		return [];
	}
}

function readText(root: string, path: string): string | undefined {
	try {
		return readFileSync(join(root, path), "utf8");
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code === "ENOENT" || code === "ENOTDIR") return undefined;
		if (code !== "EACCES") throw error;
		throw new NetherdError("status.needs-root", `${path} is readable by root alone`, {
			hint: "run it as root: sudo agent status",
		});
	}
}
