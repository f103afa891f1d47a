import { readFileSync } from "node:fs";
import { readClusterInfo } from "../../agent/cluster/cluster-info.ts";
import { lookAtEndpoint } from "../../agent/cluster/endpoint-probe.ts";
import { isNodeReady, readNode, setLabels } from "../../agent/cluster/node-api.ts";

/*
 * What a node sees of a real API server, by the agent's own code: run in a farm's network as
 * node node-view.ts ENDPOINT CA-FILE CREDENTIALS-FILE NODE-NAME PIN LABELS, with the token on its standard input.
 * Prints one JSON object.
 */

const [endpoint = "", caFile = "", credentialsFile = "", nodeName = "", pin = "", labels = "{}"] =
	process.argv.slice(2);
const token = readFileSync(0, "utf8").trim();
const timeoutMs = 10_000;
const pem = readFileSync(credentialsFile, "utf8");
const authority = readFileSync(caFile, "utf8");
const credentials = {
	state: "usable" as const,
	server: `https://${endpoint}`,
	authority,
	certificate: pem,
	key: pem,
	nodeName,
};

const info = await readClusterInfo(endpoint, token, [pin], timeoutMs);
const otherPin = await readClusterInfo(endpoint, token, [`sha256:${"0".repeat(64)}`], timeoutMs);
const otherSecret = await readClusterInfo(endpoint, `${token.slice(0, 7)}0000000000000000`, [pin], timeoutMs);
const refused: Record<string, string | undefined> = {};
for (const [key, value] of Object.entries(JSON.parse(labels) as Record<string, string>)) {
	refused[key] = await setLabels(credentials, { [key]: value }, timeoutMs);
}
process.stdout.write(
	JSON.stringify({
		endpoint: await lookAtEndpoint(endpoint, timeoutMs),
		isSigned: info?.isSigned,
		isPinned: info?.authority === authority,
		otherPin,
		otherSecret,
		isReadyByToken: await isNodeReady(endpoint, { authority, token, nodeName }, timeoutMs),
		otherNodeByToken: await isNodeReady(endpoint, { authority, token, nodeName: "nobody" }, timeoutMs),
		refused,
		node: await readNode(credentials, timeoutMs),
		missingNode: await readNode({ ...credentials, nodeName: "nobody" }, timeoutMs),
	}),
);
