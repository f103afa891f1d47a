import { SecretNames } from "../config/secret-names.ts";
import { replaceSecretShapes } from "../config/secret-shapes.ts";
import { NetherdError } from "../errors.ts";
import type { JoinFacts, OwnConfiguration } from "./facts.ts";
import type { Gathered } from "./gather.ts";
import { resolveFacts } from "./resolve-facts.ts";
import { readInRoot } from "./root.ts";

/** Larger than any; a kubeconfig with certificates is 6 KiB. */
const sizeLimit = 1024 * 1024;

/**
 * Adds the JoinConfiguration that KUBEADM_JOIN_CONFIG names to the facts, when it names one, and its secrets to those that
 * are known.
 *
 * @param root Where the node's root is on this machine.
 * @throws {NetherdError} `join.bad-configuration`.
 */
export async function gatherOwnConfiguration(
	{ facts, secrets }: Gathered<JoinFacts>,
	root = "/",
): Promise<Gathered<JoinFacts>> {
	const path = resolveFacts(facts).configuration.text("KUBEADM_JOIN_CONFIG")?.trim();
	if (path === undefined) return { facts, secrets };
	const text = readInRoot(root, path);
	if (text === undefined) throw bad(path, "there is no such file in the image");
	const { own, secrets: found } = await readOwnConfiguration(path, text);
	return { facts: { ...facts, ownConfiguration: own }, secrets: { ...secrets, ...found } };
}

/**
 * The JoinConfiguration of a YAML file with one or more documents (JSON is YAML), secrets taken out.
 *
 * @throws {NetherdError} `join.bad-configuration`; its message holds nothing of the file but places.
 */
export async function readOwnConfiguration(
	path: string,
	text: string,
): Promise<{ own: OwnConfiguration; secrets: Readonly<Record<string, string>> }> {
	if (text.length > sizeLimit) throw bad(path, `it is larger than ${sizeLimit} bytes`);
	// Only here: no other boot needs to load it.
	const { parseAllDocuments, LineCounter } = await import("yaml");
	const lineCounter = new LineCounter();
	const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false });
	const contents: unknown[] = [];
	for (const document of Array.isArray(documents) ? documents : []) {
		const [error] = document.errors;
		if (error !== undefined) {
			const { line, col } = lineCounter.linePos(error.pos[0]);
			throw bad(path, `line ${line}, column ${col}: not YAML (${error.code})`);
		}
		contents.push(toPlain(path, () => document.toJS()));
	}
	const found = contents.filter(isJoinConfiguration);
	const [content] = found;
	if (content === undefined) throw bad(path, "it has no document with kind: JoinConfiguration");
	if (found.length > 1) throw bad(path, "it has more than one document with kind: JoinConfiguration");
	const names = new SecretNames(text, "own-configuration-");
	return {
		own: { path, content: withoutSecrets(content, names) as OwnConfiguration["content"] },
		secrets: names.secrets,
	};
}

/** Aliases that blow up are refused by the parser. What is left of YAML's own types goes with JSON. */
function toPlain(path: string, convert: () => unknown): unknown {
	try {
		return JSON.parse(JSON.stringify(convert() ?? null));
	} catch (cause) {
		throw new NetherdError(
			"join.bad-configuration",
			`${path}: it is too deep, or refers to itself too often`,
			{
				hint: "write it without & and *",
				cause,
			},
		);
	}
}

function isJoinConfiguration(content: unknown): content is Record<string, unknown> {
	return (
		typeof content === "object" &&
		content !== null &&
		"kind" in content &&
		content.kind === "JoinConfiguration"
	);
}

const token = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/** Whole values of fields that hold secrets, and what looks like a bootstrap token anywhere else. */
function withoutSecrets(value: unknown, names: SecretNames, field = ""): unknown {
	if (Array.isArray(value)) return value.map((each) => withoutSecrets(each, names, field));
	if (typeof value === "object" && value !== null) {
		return Object.fromEntries(
			Object.entries(value).map(([name, each]) => [name, withoutSecrets(each, names, name)]),
		);
	}
	if (value === "" || value === null || typeof value === "boolean") return value;
	if (field === "token" || field === "tlsBootstrapToken") {
		return names.marker("token", String(value), token.test(String(value)));
	}
	if (field === "certificateKey") return names.marker("certificate-key", String(value));
	if (typeof value !== "string") return value;
	return replaceSecretShapes(value, (sort, secret) => names.marker(sort, secret));
}

function bad(path: string, problem: string): NetherdError {
	return new NetherdError("join.bad-configuration", `${path} (KUBEADM_JOIN_CONFIG): ${problem}`, {
		hint: "put a JoinConfiguration there, in YAML or JSON; kubeadm config print join-defaults shows one",
	});
}
