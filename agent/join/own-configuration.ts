import { readCriSocket, readEndpoint, readPath } from "../config/join-values.ts";
import { isDnsSubdomain, readLabel, readTaint } from "../config/kubernetes-labels.ts";
import { holdsInvalidSecret, holdsSecret } from "../config/secret-marker.ts";
import type { Reading } from "../config/values.ts";
import { NetherdError } from "../errors.ts";
import type { OwnConfiguration } from "../facts/facts.ts";
import { argumentsOf, labelsIn, type Mapping, mappingAt, textAt, valueAt } from "./configuration-object.ts";
import { type KubeadmApi, kubeadmApis } from "./kubeadm-api.ts";

/** The fields of a JoinConfiguration, and of what is in it, in all versions; an object each but where it says otherwise. */
const knownFields: Readonly<Record<string, readonly string[]>> = {
	"": [
		"apiVersion",
		"kind",
		"caCertPath",
		"controlPlane",
		"discovery",
		"dryRun",
		"nodeRegistration",
		"patches",
		"skipPhases",
		"timeouts",
	],
	discovery: ["bootstrapToken", "file", "timeout", "tlsBootstrapToken"],
	"discovery.bootstrapToken": ["apiServerEndpoint", "caCertHashes", "token", "unsafeSkipCAVerification"],
	"discovery.file": ["kubeConfigPath"],
	nodeRegistration: [
		"criSocket",
		"ignorePreflightErrors",
		"imagePullPolicy",
		"imagePullSerial",
		"kubeletExtraArgs",
		"name",
		"taints",
	],
	patches: ["directory"],
	timeouts: [
		"controlPlaneComponentHealthCheck",
		"discovery",
		"etcdAPICall",
		"kubeletHealthCheck",
		"kubernetesAPICall",
		"tlsBootstrap",
		"upgradeManifests",
	],
};

/**
 * Looks at an operator's JoinConfiguration as far as the agent relies on it, and as kubeadm would refuse it (its validation
 * package of 1.20 and 1.31). Secrets in it are markers.
 *
 * @param minor Of the kubeadm that is installed.
 * @returns The version of the API that the file is in.
 * @throws {NetherdError} `join.bad-configuration` with every problem and its field.
 */
export function checkOwnConfiguration({ path, content }: OwnConfiguration, minor: number): KubeadmApi {
	const apiVersion = textAt(content, "apiVersion");
	const api = kubeadmApis.find((each) => each.apiVersion === apiVersion);
	if (api === undefined || minor < api.firstMinor || minor > (api.lastMinor ?? minor)) {
		throw bad(path, [`apiVersion: kubeadm 1.${minor} does not read ${JSON.stringify(apiVersion ?? "")}`]);
	}
	const problems = [
		...fieldProblems(content),
		...versionProblems(content, api),
		...discoveryProblems(content),
		...nodeProblems(content, api),
	];
	if (problems.length > 0) throw bad(path, problems);
	return api;
}

function bad(path: string, problems: readonly string[]): NetherdError {
	return new NetherdError("join.bad-configuration", `${path}: ${problems.slice(0, 10).join(`\n${path}: `)}`, {
		hint: "correct the file in the image; kubeadm config migrate --old-config FILE brings it to the version of a kubeadm",
	});
}

function fieldProblems(content: Mapping): string[] {
	return Object.entries(knownFields).flatMap(([place, known]) => {
		const value = place === "" ? content : valueAt(content, place);
		if (value === undefined || value === null) return [];
		const mapping = place === "" ? content : mappingAt(content, place);
		if (mapping === undefined) return [`${place}: has no fields`];
		return Object.keys(mapping)
			.filter((name) => !known.includes(name))
			.map((name) => `${place === "" ? "" : `${place}.`}${name}: there is no such field`);
	});
}

/** A duration as Go writes it (time.ParseDuration). */
const duration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;

function versionProblems(content: Mapping, api: KubeadmApi): string[] {
	const problems: string[] = [];
	const timeouts = mappingAt(content, "timeouts");
	const timeout = valueAt(content, "discovery.timeout");
	if (api.discoveryTimeoutIn === "timeouts" && timeout !== undefined) {
		problems.push(`discovery.timeout: is timeouts.discovery in ${api.apiVersion}`);
	}
	if (api.discoveryTimeoutIn === "discovery" && timeouts !== undefined) {
		problems.push(`timeouts: is not in ${api.apiVersion}; the discovery's is discovery.timeout`);
	}
	if (!api.hasPatches && valueAt(content, "patches") !== undefined) {
		problems.push(`patches: is not in ${api.apiVersion}`);
	}
	if (valueAt(content, "dryRun") === true) problems.push("dryRun: the node would never join");
	for (const [name, value] of Object.entries({
		"discovery.timeout": timeout,
		...prefixed("timeouts", timeouts),
	})) {
		if (value !== undefined && !duration.test(String(value)))
			problems.push(`${name}: is no duration such as 20s`);
	}
	return problems;
}

function prefixed(prefix: string, mapping: Mapping | undefined): Mapping {
	return Object.fromEntries(
		Object.entries(mapping ?? {}).map(([name, value]) => [`${prefix}.${name}`, value]),
	);
}

function discoveryProblems(content: Mapping): string[] {
	const problems: string[] = [];
	const isThere = (place: string) => mappingAt(content, place) !== undefined;
	if (isThere("discovery.bootstrapToken") && isThere("discovery.file")) {
		problems.push("discovery: has bootstrapToken and file; kubeadm takes one of them");
	}
	for (const place of ["discovery.bootstrapToken.token", "discovery.tlsBootstrapToken"]) {
		const token = valueAt(content, place);
		if (isEmpty(token)) continue;
		const isToken = typeof token === "string" && holdsSecret(token) && !holdsInvalidSecret(token);
		if (!isToken) problems.push(`${place}: is no bootstrap token: 6 characters, a dot, 16 characters`);
	}
	problems.push(...readingProblem(content, "discovery.bootstrapToken.apiServerEndpoint", readEndpoint));
	const hashes = valueAt(content, "discovery.bootstrapToken.caCertHashes");
	const isPin = (hash: unknown) => typeof hash === "string" && /^sha256:[0-9a-f]{64}$/i.test(hash);
	if (!isEmpty(hashes) && !(Array.isArray(hashes) && hashes.every(isPin))) {
		problems.push("discovery.bootstrapToken.caCertHashes: is no list of sha256: and 64 hexadecimal digits");
	}
	const kubeConfig = valueAt(content, "discovery.file.kubeConfigPath");
	if (isThere("discovery.file") && !/^(?:\/|https:\/\/)/.test(String(kubeConfig ?? ""))) {
		problems.push("discovery.file.kubeConfigPath: is neither an absolute path nor an https:// URL");
	}
	return problems;
}

function nodeProblems(content: Mapping, api: KubeadmApi): string[] {
	const problems = [
		...readingProblem(content, "nodeRegistration.name", (text) =>
			isDnsSubdomain(text) ? { value: text } : { problem: "can't be the name of a Node (RFC 1123)" },
		),
		...readingProblem(content, "nodeRegistration.criSocket", readCriSocket),
		...readingProblem(content, "patches.directory", readPath),
		...readingProblem(content, "caCertPath", readPath),
	];
	const place = "nodeRegistration.kubeletExtraArgs";
	const args = argumentsOf(valueAt(content, place), api);
	if (args === undefined) {
		problems.push(
			`${place}: ${api.hasArgumentList ? "is a list of name and value" : "is a map of names to texts"} in ${api.apiVersion}`,
		);
	}
	const labels = args?.find(({ name }) => name === "node-labels")?.value ?? "";
	for (const text of labelsIn(labels))
		problems.push(...problemOf(`${place}, node-labels ${text}`, readLabel(text)));
	const taints = valueAt(content, "nodeRegistration.taints");
	if (!isEmpty(taints) && !Array.isArray(taints)) problems.push("nodeRegistration.taints: is no list");
	for (const taint of Array.isArray(taints) ? taints : []) {
		const { key = "", value = "", effect = "" } = typeof taint === "object" && taint !== null ? taint : {};
		problems.push(...problemOf("nodeRegistration.taints", readTaint(`${key}=${value}:${effect}`)));
	}
	return problems;
}

function readingProblem(content: Mapping, place: string, read: (text: string) => Reading<unknown>): string[] {
	const value = valueAt(content, place);
	if (isEmpty(value)) return [];
	return typeof value === "string" ? problemOf(place, read(value)) : [`${place}: is no text`];
}

function problemOf(place: string, reading: Reading<unknown>): string[] {
	return "problem" in reading ? [`${place}: ${reading.problem}`] : [];
}

/** What kubeadm, and we, take for not given. */
export function isEmpty(value: unknown): value is undefined | null | "" {
	return value === undefined || value === null || value === "";
}
