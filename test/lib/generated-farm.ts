import fc from "fast-check";
import { type KeyDefinition, keys } from "../../agent/config/keys.ts";
import { oddValues, validValue } from "./generated-values.ts";

/** A generated lts.conf with nodes that it knows and does not know. */
export interface GeneratedFarm {
	readonly text: string;
	readonly nodes: readonly GeneratedNode[];
}

export interface GeneratedNode {
	readonly mac: string;
	readonly ip: string;
	readonly hostname?: string;
}

interface GeneratedSection {
	readonly name: string;
	readonly likes: readonly string[];
	readonly lines: readonly string[];
}

const nodes: readonly GeneratedNode[] = [
	{ mac: "52:54:00:00:00:01", ip: "10.9.0.1", hostname: "node1" },
	{ mac: "52:54:00:00:00:02", ip: "10.9.0.2" },
	{ mac: "52:54:00:00:00:03", ip: "10.9.1.3", hostname: "storage3" },
	{ mac: "52:54:00:00:00:ff", ip: "192.0.2.77" },
];
/** The first two name the first two nodes; the groups are only for LIKE, in an order without circles. */
const sectionNames = ["node1", "52:54:00:00:00:02", "storage*", "10.9.1.*", "nobody"];
const groupNames = ["group1", "group2", "group3"];

/** Without these two, KUBEADM_JOIN_ENDPOINT in any section is a mistake. */
const joinLines = [
	"KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef",
	`KUBEADM_JOIN_CA_CERT_HASH = sha256:${"0".repeat(64)}`,
];

const settable = keys.filter(({ name }) => name !== "LIKE");

/** Farms whose every line is right, with all keys of the table in some form. */
export const validFarms: fc.Arbitrary<GeneratedFarm> = farms(validLines());

/** Farms with a line or two for known keys that may be right or wrong; the file itself can be read. */
export const oddFarms: fc.Arbitrary<GeneratedFarm> = fc
	.tuple(fc.array(oddLine(), { minLength: 1, maxLength: 2 }), fc.constantFrom("default", "node1", "group1"))
	.map(([lines, name]) => ({
		text: [
			sectionText({ name: "default", likes: [], lines: name === "default" ? lines : joinLines }, "\n"),
			...(name === "default" ? [] : [sectionText({ name, likes: [], lines }, "\n")]),
			sectionText({ name: nodes[1]?.mac ?? "", likes: ["group1"], lines: [] }, "\n"),
		].join("\n"),
		nodes,
	}));

function farms(lines: fc.Arbitrary<readonly string[]>): fc.Arbitrary<GeneratedFarm> {
	const groups = fc.tuple(
		...groupNames.map((name, index) =>
			fc.record({
				name: fc.constant(name),
				likes: fc.subarray(groupNames.slice(index + 1)),
				lines,
			}),
		),
	);
	const sections = fc
		.subarray(sectionNames)
		.chain((names) =>
			fc.tuple(
				...names.map((name) => fc.record({ name: fc.constant(name), likes: fc.subarray(groupNames), lines })),
			),
		);
	const ofAll = lines.map((some) => ({ name: "default", likes: [], lines: [...joinLines, ...some] }));
	return fc
		.tuple(groups, sections, ofAll, fc.constantFrom("\n", "\r\n"), fc.boolean())
		.map(([some, others, last, lineEnd, groupsFirst]) => {
			const all: GeneratedSection[] = groupsFirst ? [...some, ...others, last] : [last, ...others, ...some];
			return { text: all.map((section) => sectionText(section, lineEnd)).join(lineEnd), nodes };
		});
}

function sectionText({ name, likes, lines }: GeneratedSection, lineEnd: string): string {
	const likeLines = likes.map((like) => `LIKE = ${like}`);
	return [`[${name}]`, ...likeLines, ...lines, "# end", ""].join(lineEnd);
}

/** Lines of one section, a key at most once. */
function validLines(): fc.Arbitrary<readonly string[]> {
	return fc
		.uniqueArray(fc.tuple(fc.constantFrom(...settable), fc.nat({ max: 12 })), {
			maxLength: 10,
			selector: ([{ name }, number]) => name.replace("*", String(number)),
		})
		.chain((picked) =>
			fc.tuple(
				...picked.map(([definition, number]) =>
					validValue(definition).map((value) => line(definition, number, value)),
				),
			),
		);
}

function oddLine(): fc.Arbitrary<string> {
	return fc
		.tuple(fc.constantFrom(...settable), fc.nat({ max: 3 }))
		.chain(([definition, number]) =>
			fc
				.oneof({ weight: 1, arbitrary: validValue(definition) }, { weight: 5, arbitrary: oddValues })
				.map((value) => line(definition, number, value)),
		);
}

function line({ name }: KeyDefinition, number: number, value: string): string {
	const key = name.replace("*", String(number));
	return `${key} = "${value.replace(/["\\]|\$(?![A-Z{])|`/g, (sign) => `\\${sign}`)}"`;
}
