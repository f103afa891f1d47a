import { visible } from "../config/findings.ts";
import { describeReason } from "../config/select.ts";
import type { ExplainedFile } from "./explain.ts";
import type { Explanation } from "./explanation.ts";
import { wrapBehind } from "./wrap.ts";

const columns = 100;

/**
 * The documented form: every key that has a value in `values`; in `origins` also those that are not set, with the values
 * that lost. A member that does not apply is null.
 */
export function explanationToJson({ node, keys }: ExplainedFile) {
	const { hostname, ip, mac } = node.network;
	return {
		node: { hostname: hostname ?? null, ip: ip ?? null, mac: mac ?? null },
		values: Object.fromEntries(keys.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]]))),
		origins: Object.fromEntries(keys.map((each) => [each.key, originToJson(each)])),
	};
}

function originToJson({ file, line, section, via, lost }: Explanation) {
	return {
		file: file ?? null,
		line: line ?? null,
		section: section ?? null,
		via,
		lost: lost.map((each) => ({
			value: each.value,
			line: each.line ?? null,
			section: each.section ?? null,
			why: each.why,
		})),
	};
}

/** A page for people: who the node is, its sections, then the keys. */
export function explanationToText(explained: ExplainedFile): string {
	const { file, keys, wanted, all, warnings } = explained;
	const shown = wanted !== undefined || all ? keys : keys.filter(({ isSet }) => isSet);
	const hidden = keys.length - shown.length;
	const blocks = [
		header(explained),
		...shown.map((each) => keyBlock(file, each)),
		...(wanted !== undefined && shown.length === 0 ? [`${wanted} is not set`] : []),
		...elsewhereBlock(explained),
	];
	const notes = [
		...(hidden === 0 ? [] : [`${hidden} more keys are as nobody set them: --all shows them, too`]),
		...(warnings === 0
			? []
			: [`${warnings} ${warnings === 1 ? "warning" : "warnings"} about the file: agent check ${file}`]),
	];
	if (notes.length > 0) blocks.push(notes.join("\n"));
	return `${blocks.join("\n\n")}\n`;
}

function header({ file, node, sections }: ExplainedFile): string {
	const { hostname, ip, mac } = node.network;
	const names = [
		...(hostname === undefined ? [] : [`host name ${hostname}`]),
		...(ip === undefined ? [] : [`IP address ${ip}`]),
		...(mac === undefined ? [] : [`MAC address ${mac}`]),
	];
	const rows = sections.map(({ section, reason }) => [
		`[${visible(section.nameAsWritten)}]`,
		`${baseName(file)}:${section.line}`,
		visible(describeReason(reason), 400),
	]);
	const width = (column: number) => Math.min(40, Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const lines = rows.map(([name = "", place = "", reason = ""], index) =>
		wrapBehind(
			`${index === 0 ? "sections" : "then"}`.padEnd(10) +
				`${name.padEnd(width(0))}  ${place.padEnd(width(1))}  `,
			reason,
			columns,
		),
	);
	return [
		`node      ${names.length === 0 ? "any that no section names" : names.join(", ")}`,
		...(lines.length === 0 ? [`sections  none of ${file} applies`] : lines),
	].join("\n");
}

function keyBlock(file: string, explanation: Explanation): string {
	const { key, value, via, unknownFacts = [], lost } = explanation;
	if (value === undefined && lost.length === 0) return `${key} is not set: ${via}`;
	return [
		value === undefined ? `${key} is not set` : `${key} = ${whole(value)}`,
		wrapBehind("    from  ", describeSource(file, explanation), columns),
		...unknownFacts.map((name) => `    note  $${name} is known when the node boots, and is put in then`),
		...lost.map(({ value: other, line, section, why }) => {
			const place = section === undefined ? "" : `${baseName(file)}:${line} [${visible(section)}], `;
			return wrapBehind("    lost  ", `${whole(other)}  (${place}${visible(why, 400)})`, columns);
		}),
	].join("\n");
}

function describeSource(file: string, { value, line, section, via }: Explanation): string {
	if (section === undefined) return via === "unset" ? "nowhere: NONE takes it back" : visible(via, 400);
	const origin = `${baseName(file)}:${line} [${visible(section)}], ${visible(via, 400)}`;
	return value?.trim() ? origin : `${origin}; empty, so it counts as not set`;
}

function elsewhereBlock({ file, wanted, keys, elsewhere }: ExplainedFile): string[] {
	if (wanted === undefined || elsewhere.length === 0) return [];
	const places = elsewhere.slice(0, 5).map(({ line, section }) => `line ${line} [${visible(section)}]`);
	const more = elsewhere.length > places.length ? ` and ${elsewhere.length - places.length} more` : "";
	const also = keys.some(({ isSet }) => isSet) ? "is also set" : "is set";
	const text = `${wanted} ${also} in sections of ${baseName(file)} that do not apply to this node: ${places.join(", ")}${more}`;
	return [wrapBehind("", text, columns)];
}

function whole(value: string): string {
	return visible(value, Number.POSITIVE_INFINITY);
}

function baseName(path: string): string {
	return path.slice(path.lastIndexOf("/") + 1);
}
