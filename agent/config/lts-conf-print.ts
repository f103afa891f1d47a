import type { Section } from "./lts-conf.ts";

/** What is needed of a section to print it. */
export interface PrintableSection extends Pick<Section, "nameAsWritten"> {
	readonly entries: readonly { readonly key: string; readonly raw: string }[];
}

/** Writes sections as an lts.conf that parses back to the same names, keys and values. */
export function printLtsConf(sections: readonly PrintableSection[]): string {
	return sections.map(printSection).join("\n");
}

function printSection(section: PrintableSection): string {
	const name = section.nameAsWritten;
	const head = /^[A-Za-z0-9.:*?_-]+$/.test(name) ? `[${name}]` : `["${name}"]`;
	const lines = section.entries.map(({ key, raw }) => `${key} = "${raw}"`);
	return `${[head, ...lines].join("\n")}\n`;
}
