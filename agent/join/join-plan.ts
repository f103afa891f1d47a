import { secretMarker } from "../config/secret-marker.ts";
import { NetherdError } from "../errors.ts";
import type { JoinFacts } from "../facts/facts.ts";
import { containerRuntimeSockets, dockerSocket, joinFolder } from "../paths.ts";
import type { JoinCluster, JoinTokenSource } from "../plan/action.ts";
import type { Inputs } from "../plan/inputs.ts";
import { joinConfiguration } from "./join-configuration.ts";
import { joinKey, requireJoinKeys } from "./join-keys.ts";
import { kubeadmMinor, newestApi } from "./kubeadm-api.ts";
import { nodeRegistration } from "./node-registration.ts";

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
 * `join.no-patches`, `join.no-server`.
 */
export function joinPlan(inputs: Inputs<JoinFacts>): JoinPlan | undefined {
	const { facts, configuration } = inputs;
	if (joinKey(configuration) === undefined) return undefined;
	requireJoinKeys(configuration);
	const node = nodeRegistration(configuration, facts.hostname);
	const token = tokenSource(inputs);
	const caCertHashes = configuration.list("KUBEADM_JOIN_CA_CERT_HASH");
	const timeoutMs = configuration.durationMs("KUBEADM_JOIN_TIMEOUT");
	const attempts = facts.joined
		? []
		: attemptsOf(inputs, (endpoint) => {
				const patches = configuration.text("KUBEADM_PATCHES")?.trim();
				const parts = {
					endpoint,
					token:
						token.from === "configuration" ? (configuration.text("KUBEADM_JOIN_TOKEN") ?? "") : laterToken,
					caCertHashes,
					...(patches === undefined ? {} : { patches }),
				};
				return joinConfiguration(newestApi(kubeadmMinor(facts.kubeadmVersion)), parts, node);
			});
	return {
		files: attempts.map(({ path, content }) => ({ path, content })),
		action: {
			kind: "joinCluster",
			attempts: attempts.map(({ endpoint, path }) => ({ endpoint, configuration: path })),
			caCertHashes,
			token,
			nodeName: node.name,
			criSockets: node.criSocket === undefined ? likelySockets(facts) : [node.criSocket],
			labels: Object.fromEntries(node.labels.map(({ key, value }) => [key, value])),
			taints: node.taints,
			attemptTimeoutMs,
			...(timeoutMs === undefined ? {} : { timeoutMs }),
		},
	};
}

/** kubeadm has talked to Docker itself up to 1.23. */
function likelySockets({ kubeadmVersion }: JoinFacts): readonly string[] {
	const isOld = /^v1\.(?:1\d|2[0-3])\./.test(kubeadmVersion ?? "");
	return isOld ? [...containerRuntimeSockets, dockerSocket] : containerRuntimeSockets;
}

/** What stands in a file for a token that is read later. */
const laterToken = secretMarker("join-token");

function attemptsOf({ configuration }: Inputs<JoinFacts>, contentFor: (endpoint: string) => object) {
	return configuration.list("KUBEADM_JOIN_ENDPOINT").map((endpoint, index) => ({
		endpoint,
		path: `${joinFolder}/${index + 1}.json`,
		content: contentFor(endpoint),
	}));
}

function tokenSource({ configuration, commandLine }: Inputs<JoinFacts>): JoinTokenSource {
	const path = configuration.text("KUBEADM_JOIN_TOKEN_FILE")?.trim();
	if (path !== undefined) return { from: "file", path };
	if (configuration.text("KUBEADM_JOIN_TOKEN")?.trim() !== "server") return { from: "configuration" };
	if (commandLine.server !== undefined) return { from: "server", url: `${commandLine.server}/token` };
	throw new NetherdError(
		"join.no-server",
		`the token is to come from the companion server (KUBEADM_JOIN_TOKEN, ${configuration.whence("KUBEADM_JOIN_TOKEN")}), and the kernel command line names none`,
		{
			hint: "boot the node from the companion, or add netherd.server=http://ADDRESS:PORT; else write the token itself",
		},
	);
}
