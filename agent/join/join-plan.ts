import { readCriSocket } from "../config/join-values.ts";
import { secretMarker } from "../config/secret-marker.ts";
import { NetherdError } from "../errors.ts";
import type { JoinFacts } from "../facts/facts.ts";
import { containerRuntimeSockets, dockerSocket, joinFolder } from "../paths.ts";
import type { JoinCluster, JoinTokenSource, Taint } from "../plan/action.ts";
import type { Inputs } from "../plan/inputs.ts";
import { type Mapping, textAt, valueAt } from "./configuration-object.ts";
import { extendConfiguration, labelsOf, missingFields } from "./extend-configuration.ts";
import { joinKey, requireJoinKeys } from "./join-keys.ts";
import { type KubeadmApi, kubeadmApis, kubeadmMinor, newestApi } from "./kubeadm-api.ts";
import { nodeRegistration } from "./node-registration.ts";
import { checkOwnConfiguration } from "./own-configuration.ts";
import { tokenSource } from "./token-source.ts";

/** A file with a JoinConfiguration. */
export interface JoinFile {
	readonly path: string;
	readonly content: object;
}

/** All of the join, for both steps. */
export interface JoinPlan {
	readonly files: readonly JoinFile[];
	readonly action: Omit<JoinCluster, "because">;
}

/** kubeadm waits 5 minutes for the kubelet's certificate, and 4 for its health. */
const attemptTimeoutMs = 12 * 60_000;

/**
 * What this node does to join; undefined when lts.conf does not ask for it. Once it has joined no attempt is left.
 *
 * @throws {NetherdError} `join.incomplete`, `join.no-kubeadm`, `join.kubeadm-unsupported`, `join.bad-node-name`,
 * `join.bad-configuration`, `join.no-patches`, `join.no-server`.
 */
export function joinPlan(inputs: Inputs<JoinFacts>): JoinPlan | undefined {
	const { facts, configuration } = inputs;
	if (joinKey(configuration) === undefined) return undefined;
	requireJoinKeys(configuration);
	const api = apiFor(facts);
	const token: JoinTokenSource = hasOwnToken(facts) ? { from: "configuration" } : tokenSource(inputs);
	const contents = contentsFor(inputs, api, token);
	// They differ in nothing but the endpoint.
	const [content = {}] = contents;
	const attempts = facts.joined ? [] : contents;
	const socket = textAt(content, "nodeRegistration.criSocket");
	const timeoutMs = configuration.durationMs("KUBEADM_JOIN_TIMEOUT");
	const files = attempts.map((each, index) => ({ path: `${joinFolder}/${index + 1}.json`, content: each }));
	return {
		files,
		action: {
			kind: "joinCluster",
			attempts: files.map(({ path, content }) => attemptWith(path, content)),
			caCertHashes: listAt<string>(content, "discovery.bootstrapToken.caCertHashes"),
			token,
			nodeName: textAt(content, "nodeRegistration.name") ?? "",
			criSockets: socket === undefined ? likelySockets(facts) : [pathOf(socket)],
			labels: labelsOf(content, api),
			taints: listAt<Taint>(content, "nodeRegistration.taints"),
			attemptTimeoutMs,
			...(timeoutMs === undefined ? {} : { timeoutMs }),
		},
	};
}

/** A node that has joined needs no kubeadm any more, and its configuration has been taken. */
function apiFor({ joined, kubeadmVersion, ownConfiguration }: JoinFacts): KubeadmApi {
	const apiVersion = textAt(ownConfiguration?.content, "apiVersion");
	if (joined) {
		return kubeadmApis.find((api) => api.apiVersion === apiVersion) ?? newestApi(Number.POSITIVE_INFINITY);
	}
	const minor = kubeadmMinor(kubeadmVersion);
	return ownConfiguration === undefined ? newestApi(minor) : checkOwnConfiguration(ownConfiguration, minor);
}

/** The JoinConfigurations, one for each endpoint. */
function contentsFor(
	{ configuration, facts }: Inputs<JoinFacts>,
	api: KubeadmApi,
	token: JoinTokenSource,
): readonly Mapping[] {
	const own = facts.ownConfiguration?.content ?? {};
	const node = nodeRegistration(configuration, textAt(own, "nodeRegistration.name") ?? facts.hostname);
	const tokenText = token.from === "configuration" ? configuration.text("KUBEADM_JOIN_TOKEN") : laterToken;
	const patches = configuration.text("KUBEADM_PATCHES")?.trim();
	const caCertHashes = configuration.list("KUBEADM_JOIN_CA_CERT_HASH");
	const endpoints = configuration.list("KUBEADM_JOIN_ENDPOINT");
	const isGiven = ownEndpoint(own) !== undefined || valueAt(own, "discovery.file") !== undefined;
	const contents = (isGiven || endpoints.length === 0 ? [undefined] : endpoints).map((endpoint) =>
		extendConfiguration(
			own,
			api,
			{
				caCertHashes,
				...(endpoint === undefined ? {} : { endpoint }),
				...(tokenText === undefined ? {} : { token: tokenText }),
				...(patches === undefined ? {} : { patches }),
			},
			node,
		),
	);
	// On a workstation the file is not there to look at.
	if (facts.ownConfiguration !== undefined && !facts.joined)
		requireFields(facts.ownConfiguration.path, contents[0] ?? {});
	return contents;
}

function requireFields(path: string, content: Mapping): void {
	const missing = missingFields(content);
	if (missing.length === 0) return;
	throw new NetherdError("join.incomplete", `neither ${path} nor lts.conf says ${missing.join(" or ")}`, {
		hint: "write it into one of the two; kubeadm token create --print-join-command prints all of them",
	});
}

function ownEndpoint(content: unknown): string | undefined {
	return textAt(content, "discovery.bootstrapToken.apiServerEndpoint");
}

function attemptWith(path: string, content: object): JoinCluster["attempts"][number] {
	const endpoint = ownEndpoint(content);
	return { ...(endpoint === undefined ? {} : { endpoint }), configuration: path };
}

function listAt<Item>(content: Mapping, place: string): readonly Item[] {
	const list = valueAt(content, place);
	return Array.isArray(list) ? list : [];
}

function pathOf(socket: string): string {
	const reading = readCriSocket(socket);
	return "value" in reading ? reading.value : socket;
}

/** kubeadm has talked to Docker itself up to 1.23. */
function likelySockets({ kubeadmVersion }: JoinFacts): readonly string[] {
	const isOld = /^v1\.(?:1\d|2[0-3])\./.test(kubeadmVersion ?? "");
	return isOld ? [...containerRuntimeSockets, dockerSocket] : containerRuntimeSockets;
}

function hasOwnToken({ ownConfiguration }: JoinFacts): boolean {
	const places = ["discovery.bootstrapToken.token", "discovery.tlsBootstrapToken"];
	return places.some((place) => textAt(ownConfiguration?.content, place) !== undefined);
}

/** What stands in a file for a token that is read later. */
const laterToken = secretMarker("join-token");
