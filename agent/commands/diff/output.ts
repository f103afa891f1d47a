import { visible } from "../../config/findings.ts";
import type { Action } from "../../plan/action.ts";
import { actionLine } from "../../plan/render.ts";
import { wrapBehind } from "../wrap.ts";
import type { NodeComparison, SettingChange } from "./compare-node.ts";
import type { ActionChange, StageChanges } from "./compare-plans.ts";
import type { NodeGroup } from "./group.ts";

/** What is printed. */
export interface Difference {
	readonly oldFile: string;
	readonly newFile: string;
	readonly groups: readonly NodeGroup[];
	/** Nodes without a difference. */
	readonly unchanged: readonly NodeComparison[];
	/** Sections that were not taken for nodes. */
	readonly notNodes: readonly string[];
}

/** The documented form. */
export function differenceToJson({ oldFile, newFile, groups, unchanged }: Difference) {
	return {
		old: oldFile,
		new: newFile,
		groups: groups.flatMap(({ nodes }) => {
			const [first] = nodes;
			if (first === undefined) return [];
			const { settings, stages, failures } = first;
			return [
				{
					nodes: nodes.map(({ node }) => node.name),
					settings: settings.map((setting) => ({
						key: setting.key,
						old: setting.old?.value ?? null,
						new: setting.new?.value ?? null,
					})),
					stages,
					failures,
				},
			];
		}),
		unchanged: unchanged.map(({ node }) => node.name),
	};
}

const columns = 100;
/** Holds a node and its name together while lines are broken. */
const noBreak = "\u00a0";

type Paint = (line: string) => string;

/** For people: each group with its nodes, the keys that differ, then step by step what a node would do differently. */
export function differenceToText(difference: Difference, colour: boolean): string {
	const { oldFile, newFile, groups, unchanged, notNodes } = difference;
	const all = [...groups.flatMap(({ nodes }) => nodes), ...unchanged];
	const paint = colour ? paintSigns : (line: string) => line;
	const legend = groups.length > 0 ? ["- no longer   + instead, or new   ~ otherwise"] : [];
	const blocks = groups.map((group) => groupBlock(group, paint));
	const notes = [
		...(unchanged.length > 0 ? [nodesLine("no difference, ", unchanged)] : []),
		...(notNodes.length > 0
			? [wrapBehind("groups, not nodes: ", shortList(notNodes.map((name) => `[${visible(name)}]`)), columns)]
			: []),
	];
	const head = [`${oldFile} → ${newFile}, ${count(all)}`, ...legend].join("\n");
	return `${[head, ...blocks, notes.join("\n")].filter(Boolean).join("\n\n")}\n`;
}

function groupBlock({ nodes, differsInNames }: NodeGroup, paint: Paint): string {
	const [first] = nodes;
	if (first === undefined) return "";
	return [
		nodesLine("", nodes),
		...(differsInNames ? ["  Here with the names of the first; the others have theirs."] : []),
		...first.failures.flatMap(({ file, code, message }) => [
			`  with ${file} it can't be planned [${code}]`,
			...message.split("\n").map((line) => `      ${line}`),
		]),
		...(first.settings.length > 0 ? ["", "  keys"] : []),
		...first.settings.flatMap(settingLines).map(paint),
		...first.stages.flatMap((stage) => stageLines(stage, paint)),
	].join("\n");
}

function nodesLine(start: string, nodes: readonly NodeComparison[]): string {
	const names = nodes
		.filter(({ node }) => node.name !== "default")
		.map(({ node: { name }, hostname }) =>
			hostname.toLowerCase() === name.toLowerCase()
				? visible(name)
				: `${visible(name)}${noBreak}(${hostname})`,
		);
	const head = `${start}${count(nodes)}`;
	if (names.length === 0) return head;
	return [`${head}:`, wrapBehind("  ", shortList(names), columns).replaceAll(noBreak, " ")].join("\n");
}

/** `198 nodes and any that no section names`. */
function count(nodes: readonly NodeComparison[]): string {
	const named = nodes.filter(({ node }) => node.name !== "default").length;
	const anyOther = named < nodes.length ? ["any that no section names"] : [];
	const counted = named === 0 ? [] : [`${named} ${named === 1 ? "node" : "nodes"}`];
	return [...counted, ...anyOther].join(" and ") || "no nodes";
}

const shownNames = 9;

function shortList(names: readonly string[]): string {
	const shown = names.slice(0, names.length > shownNames + 1 ? shownNames : names.length);
	const rest = names.length - shown.length;
	return `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function settingLines({ key, old, new: next }: SettingChange): string[] {
	const line = (sign: string, side: { value: string; whence: string } | undefined) =>
		side === undefined ? [] : [`    ${sign} ${key} = ${whole(side.value)}  (${side.whence})`];
	return [...line("-", old), ...line("+", next)];
}

function stageLines({ name, steps }: StageChanges, paint: Paint): string[] {
	return steps.flatMap((step) => [
		"",
		`  ${name}/${step.name}`,
		...step.changes.flatMap(changeLines).map(paint),
	]);
}

function changeLines(change: ActionChange): string[] {
	const body = ("diff" in change ? (change.diff ?? "") : "").split("\n").slice(0, -1);
	const shown = change.change === "changed" ? body : body.filter((line) => !line.startsWith("@@"));
	const lines = shown.map((line) => `        ${whole(line)}`);
	switch (change.change) {
		case "added":
			return [`    + ${actionLine(change.new)}`, ...because(change.new), ...lines];
		case "removed":
			return [`    - ${actionLine(change.old)}`, ...because(change.old), ...lines];
		case "moved":
			return [`    ~ ${actionLine(change.new)}`, "        the same, but earlier or later"];
		case "changed": {
			const isSameButForSize = withoutSize(change.old) === withoutSize(change.new);
			const heads = isSameButForSize
				? [`    ~ ${actionLine(change.new)}`]
				: [`    - ${actionLine(change.old)}`, `    + ${actionLine(change.new)}`];
			return [...heads, ...because(change.new), ...lines];
		}
	}
}

function because(action: Action): string[] {
	return action.because === undefined ? [] : [`        because ${action.because}`];
}

/** A file's line says how large it is; that alone is no change worth two lines. */
function withoutSize(action: Action): string {
	return actionLine(action.kind === "putFile" ? { ...action, content: "" } : action);
}

function whole(value: string): string {
	return visible(value, Number.POSITIVE_INFINITY);
}

function paintSigns(line: string): string {
	const sign = line.trimStart().charAt(0);
	const colour = sign === "+" ? 32 : sign === "-" ? 31 : sign === "~" ? 33 : undefined;
	return colour === undefined ? line : `\u001b[${colour}m${line}\u001b[0m`;
}
