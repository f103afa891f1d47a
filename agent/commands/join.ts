import { joinStage } from "../boot.ts";
import { revealSecrets } from "../config/secrets.ts";
import { NetherdError } from "../errors.ts";
import { gatherConfiguration } from "../facts/configuration-text.ts";
import type { JoinFacts } from "../facts/facts.ts";
import { gatherJoin } from "../facts/gather.ts";
import { configurationUrl } from "../facts/image-location.ts";
import { gatherOwnConfiguration } from "../facts/own-configuration.ts";
import { resolveFacts } from "../facts/resolve-facts.ts";
import { readInRoot } from "../facts/root.ts";
import { trustOf } from "../facts/verification.ts";
import type { JoinOutlets } from "../host/join-machine.ts";
import { joinTeller } from "../host/join-teller.ts";
import { queryProgram } from "../host/query-program.ts";
import { reportEvent } from "../host/report-event.ts";
import { loadSecrets } from "../host/secret-store.ts";
import { ServiceStatus } from "../host/service-status.ts";
import { type Log, nodeLog } from "../log.ts";
import { joinStateFile, joinUnitName, kubeadmVersionFile, nodePrograms } from "../paths.ts";
import { runStage } from "../run-stage.ts";
import { agentVersion } from "../version.ts";
import { about, announced, type MakeHost, reportFailure, serverOf } from "./node.ts";

/** `agent join`: a failure is the unit's failure; the node stays up. */
export async function join(makeHost: MakeHost, say: (line: string) => void): Promise<number> {
	await requireAlone();
	const log = nodeLog(say);
	log.debug(`agent ${agentVersion} joins`);
	const secrets = loadSecrets();
	const facts = gatherJoin(await kubeadmVersion());
	const stopping = new AbortController();
	for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
	const serviceStatus = new ServiceStatus();
	const teller = joinTeller({
		log,
		stateFile: joinStateFile,
		serviceStatus: (text) => serviceStatus.tell(text),
		report: (event) =>
			reportEvent(
				serverOf(facts),
				{ ...event, ...about(facts), hostname: facts.hostname, stage: "join" },
				log,
			),
	});
	const outlets: JoinOutlets = {
		tell: teller.tell,
		renewedToken: () => tokenOfServer(facts, secrets, log),
		signal: stopping.signal,
	};
	try {
		const gathered = await gatherOwnConfiguration({ facts, secrets });
		await announced("join", facts, log, () =>
			runStage(joinStage, gathered, makeHost("/", gathered.secrets, log, { join: outlets }), log),
		);
		await teller.flush();
		return 0;
	} catch (error) {
		await teller.flush();
		// Whoever stops the unit knows it.
		if (stopping.signal.aborted) return 0;
		serviceStatus.tell(
			error instanceof NetherdError ? `${error.message.split("\n")[0]} [${error.code}]` : "failed",
		);
		await reportFailure(error, facts, log);
		throw error;
	} finally {
		await serviceStatus.end();
	}
}

const showActiveState = [nodePrograms.systemctl, "show", "--property", "ActiveState", "--value"] as const;

/** What systemd has started has a socket of systemd's, what a person starts at a shell has none. */
const isUnit = () => process.env.NOTIFY_SOCKET !== undefined;

/** For the unit, another unit has asked already; that answer may be old by the time that a person starts a join. */
async function kubeadmVersion(): Promise<string | undefined> {
	const answer = isUnit() ? readInRoot("/", kubeadmVersionFile)?.trim() : undefined;
	return answer || (await queryProgram([nodePrograms.kubeadm, "version", "-o", "short"]));
}

async function requireAlone(): Promise<void> {
	if (isUnit()) return;
	const state = await queryProgram([...showActiveState, joinUnitName]);
	if (state !== "activating") return;
	throw new NetherdError("join.runs-already", `${joinUnitName} is joining the cluster already`, {
		hint: "agent status shows how far it is; systemctl restart netherd-join starts it anew",
	});
}

/**
 * The token that the server's lts.conf has now: a node may wait for weeks until someone renews it. Undefined where there
 * is no server, and when it does not answer.
 */
async function tokenOfServer(
	facts: JoinFacts,
	secrets: Readonly<Record<string, string>>,
	log: Log,
): Promise<string | undefined> {
	try {
		const { commandLine } = resolveFacts(facts);
		if (configurationUrl(commandLine) === undefined) return undefined;
		const gathered = await gatherConfiguration(commandLine, "/", trustOf(commandLine, "/"), (line) =>
			log.debug(line),
		);
		const { configuration } = resolveFacts({ ...facts, configuration: gathered.configuration });
		const token = configuration.text("KUBEADM_JOIN_TOKEN");
		return token === undefined ? undefined : revealSecrets(token, { ...secrets, ...gathered.secrets }).trim();
	} catch (error) {
		log.debug(`lts.conf could not be read again: ${error instanceof Error ? error.message : String(error)}`);
		return undefined;
	}
}
