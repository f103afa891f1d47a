import { type Finding, visible } from "./findings.ts";
import { asciiLowerCase, globMatches, isGlob } from "./glob.ts";
import type { Entry, Section } from "./lts-conf.ts";
import { isIpv4 } from "./values.ts";

/** What lts.conf knows a node by. Compared without regard to case. */
export interface Identities {
	readonly hostname?: string | undefined;
	/** IPv4 address, dotted. */
	readonly ip?: string | undefined;
	/** Colon form, `52:54:00:00:00:01`. */
	readonly mac?: string | undefined;
}

export type IdentityKind = "hostname" | "ip" | "mac";

/** Why a section applies. */
export type Reason =
	| { readonly kind: "exact"; readonly identity: IdentityKind; readonly value: string }
	| { readonly kind: "pattern"; readonly identity: IdentityKind; readonly value: string }
	| { readonly kind: "default" }
	/** Named by a LIKE, in that line of the parent section. */
	| { readonly kind: "like"; readonly parent: SelectedSection; readonly line: number };

export interface SelectedSection {
	readonly section: Section;
	readonly reason: Reason;
}

export interface Selection {
	/** Highest priority first. */
	readonly sections: readonly SelectedSection[];
	readonly findings: readonly Finding[];
}

/** Names of sections, each with the first section of that name; built once for many nodes. */
export interface SectionIndex {
	readonly file: string;
	readonly byName: ReadonlyMap<string, Section>;
	readonly patterns: readonly Section[];
}

/** A section name that occurs twice counts once: the first. */
export function indexSections(parsed: { file: string; sections: readonly Section[] }): SectionIndex {
	const byName = new Map<string, Section>();
	for (const section of parsed.sections) {
		if (!byName.has(section.name)) byName.set(section.name, section);
	}
	return {
		file: parsed.file,
		byName,
		patterns: [...byName.values()].filter((section) => isGlob(section.name)),
	};
}

/**
 * The sections that apply to a node, as LTSP 5 chooses them: the exact section of the first identity that has one (host
 * name, IP, MAC), its LIKE sections in breadth, the first pattern for each identity with its LIKE sections, `[default]`.
 * Errors: a cycle of LIKEs that the node reaches.
 */
export function selectSections(index: SectionIndex, identities: Identities): Selection {
	const walk = new LikeWalk(index);
	const given = identityKinds.flatMap((identity) => {
		const value = identities[identity];
		return value === undefined || value === "" ? [] : [{ identity, value, name: asciiLowerCase(value) }];
	});
	const exact = given.find(({ name }) => index.byName.has(name));
	if (exact !== undefined) {
		walk.add(index.byName.get(exact.name), { kind: "exact", identity: exact.identity, value: exact.value });
	}
	for (const { identity, value, name } of given) {
		const section = index.patterns.find((each) => each.name !== name && globMatches(each.name, name));
		walk.add(section, { kind: "pattern", identity, value });
	}
	const findings = [...walk.findings, ...findLikeCycles(index, walk.selected)];
	walk.addWithoutLike(index.byName.get("default"), { kind: "default" });
	return { sections: walk.selected, findings };
}

/**
 * The selections of all nodes that a file describes: every plain section that no LIKE names (or that is an address), a
 * node for each pattern, and a node that no section names.
 */
export function* selectAllNodes(index: SectionIndex): Generator<Selection> {
	const groups = new Set<string>();
	for (const section of index.byName.values()) {
		for (const like of likesOf(section)) groups.add(asciiLowerCase(like.raw));
	}
	yield selectSections(index, {});
	for (const section of index.byName.values()) {
		if (section.name === "default") continue;
		const identities = identitiesOf(section.name);
		if (isGlob(section.name)) yield selectPattern(index, section);
		else if (identities.hostname === undefined || !groups.has(section.name)) {
			yield selectSections(index, identities);
		}
	}
}

/** What a node is that a plain section names: a MAC address, an IPv4 address, or a host name. */
export function identitiesOf(name: string): Identities {
	if (/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(name)) return { mac: name };
	return isIpv4(name) ? { ip: name } : { hostname: name };
}

function selectPattern(index: SectionIndex, section: Section): Selection {
	const walk = new LikeWalk(index);
	walk.add(section, { kind: "pattern", identity: "hostname", value: section.nameAsWritten });
	walk.addWithoutLike(index.byName.get("default"), { kind: "default" });
	return { sections: walk.selected, findings: walk.findings };
}

/** The LIKE lines of a section, in order. */
export function likesOf(section: Section): readonly Entry[] {
	return section.entries.filter((entry) => entry.key === "LIKE");
}

/** One sentence for people, such as `host name node1 matches the pattern`. */
export function describeReason(reason: Reason): string {
	switch (reason.kind) {
		case "exact":
			return `${identityNames[reason.identity]} ${reason.value}`;
		case "pattern":
			return `the pattern matches the ${identityNames[reason.identity]} ${reason.value}`;
		case "like":
			return `LIKE of ${likePath(reason.parent)
				.map((name) => (name === "…" ? name : `[${name}]`))
				.join(" → ")}`;
		case "default":
			return "applies to every node";
	}
}

/**
 * One finding for each cycle of LIKEs that can be reached from the given sections. LTSP 5 never comes to an end on one.
 * Time is linear in the number of LIKE lines.
 */
export function findLikeCycles(index: SectionIndex, from: readonly { section: Section }[]): Finding[] {
	const findings: Finding[] = [];
	const state = new Map<Section, "open" | "done">();
	for (const { section: root } of from) {
		if (state.has(root)) continue;
		const stack: { section: Section; likes: readonly Entry[]; next: number }[] = [];
		const open = (section: Section) => {
			state.set(section, "open");
			stack.push({ section, likes: likesOf(section), next: 0 });
		};
		open(root);
		for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
			const like = top.likes[top.next++];
			if (like === undefined) {
				state.set(top.section, "done");
				stack.pop();
				continue;
			}
			const target = index.byName.get(asciiLowerCase(like.raw));
			if (target === undefined) continue;
			if (state.get(target) === "open") findings.push(cycleFinding(index.file, stack, target, like));
			else if (!state.has(target)) open(target);
		}
	}
	return findings;
}

class LikeWalk {
	readonly selected: SelectedSection[] = [];
	readonly findings: Finding[] = [];
	readonly #index: SectionIndex;
	readonly #seen = new Set<Section>();

	constructor(index: SectionIndex) {
		this.#index = index;
	}

	add(section: Section | undefined, reason: Reason): void {
		const first = this.selected.length;
		this.addWithoutLike(section, reason);
		for (let i = first; i < this.selected.length; i++) this.#follow(this.selected[i]);
	}

	/** Once only: a section that is there already has the higher priority. */
	addWithoutLike(section: Section | undefined, reason: Reason): void {
		if (section === undefined || this.#seen.has(section)) return;
		this.#seen.add(section);
		this.selected.push({ section, reason });
	}

	#follow(parent: SelectedSection | undefined): void {
		if (parent === undefined) return;
		for (const like of likesOf(parent.section)) {
			const target = this.#index.byName.get(asciiLowerCase(like.raw));
			if (target === undefined) this.findings.push(unknownLike(this.#index.file, like));
			else this.addWithoutLike(target, { kind: "like", parent, line: like.line });
		}
	}
}

/** Of each section that was looked at before; a chain of LIKEs may be as long as the file. */
const likePaths = new WeakMap<SelectedSection, readonly string[]>();

/** Names of the sections from the one that was chosen by itself down to this one; of a long way, both ends. */
function likePath(selected: SelectedSection): readonly string[] {
	const pending: SelectedSection[] = [];
	let path: readonly string[] | undefined;
	for (let each: SelectedSection | undefined = selected; each !== undefined && path === undefined; ) {
		path = likePaths.get(each);
		if (path === undefined) pending.push(each);
		each = each.reason.kind === "like" ? each.reason.parent : undefined;
	}
	for (const each of pending.reverse()) {
		path = shorten([...(path ?? []), each.section.nameAsWritten]);
		likePaths.set(each, path);
	}
	return path ?? [];
}

/** The warning for a LIKE that names no section. */
export function unknownLike(file: string, like: Entry): Finding {
	const isList = /[\s,]/.test(like.raw);
	return {
		severity: "warning",
		code: "lts-conf.unknown-like",
		file,
		line: like.valueLine,
		column: like.valueColumn,
		endColumn: like.valueColumn + Math.max(1, like.raw.length),
		message: `LIKE names a section that does not exist: ${visible(like.raw)}`,
		hint: isList
			? "LIKE takes one name. Write a LIKE line for each section; the first one wins."
			: "Correct the name, or add the section. The line is ignored.",
	};
}

function cycleFinding(
	file: string,
	stack: readonly { section: Section }[],
	target: Section,
	like: Entry,
): Finding {
	const names = stack
		.slice(stack.findIndex(({ section }) => section === target))
		.map(({ section }) => section.nameAsWritten);
	return {
		severity: "error",
		code: "lts-conf.like-cycle",
		file,
		line: like.valueLine,
		column: like.valueColumn,
		endColumn: like.valueColumn + Math.max(1, like.raw.length),
		message: `LIKE goes in a circle: ${visible([...shorten(names), target.nameAsWritten].join(" → "), 400)}`,
		hint: "Remove one of these LIKE lines. Put what the sections share into one that has no LIKE.",
	};
}

/** Also of what was shortened before. */
function shorten(names: readonly string[]): readonly string[] {
	return names.length > 6 ? [...names.slice(0, 3), "…", ...names.slice(-2)] : names;
}

const identityKinds: readonly IdentityKind[] = ["hostname", "ip", "mac"];
const identityNames: Record<IdentityKind, string> = {
	hostname: "host name",
	ip: "IP address",
	mac: "MAC address",
};
