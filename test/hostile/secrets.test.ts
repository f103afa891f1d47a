import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { check } from "../../agent/commands/check.ts";
import { describeNode } from "../../agent/commands/describe-node.ts";
import { explain } from "../../agent/commands/explain.ts";
import { hasErrors } from "../../agent/config/findings.ts";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import { describeError } from "../../agent/errors.ts";
import { withoutSecrets } from "../../agent/facts/configuration-text.ts";
import type { Facts } from "../../agent/facts/facts.ts";
import { openStageRecord, serializeFacts } from "../../agent/host/stage-record.ts";
import { serializePlans } from "../../agent/plan/plan.ts";
import { runPlan } from "../../agent/run-plan.ts";
import { runCommand, temporaryFiles } from "../commands/run-command.ts";
import { planOf, planText } from "../lib/plan-text.ts";
import { recordingHost } from "../lib/recording-host.ts";

const write = temporaryFiles();
let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Secrets {
	readonly token: string;
	readonly hash: string;
}

const secrets: fc.Arbitrary<Secrets> = fc.record({
	token: fc.stringMatching(/^[a-z0-9]{6}\.[a-z0-9]{16}$/),
	hash: fc.oneof(
		fc.stringMatching(/^\$6\$[a-zA-Z0-9./]{8}\$[a-zA-Z0-9./]{43}$/),
		fc.stringMatching(/^\$y\$j9T\$[a-zA-Z0-9./]{10}\$[a-zA-Z0-9./]{43}$/),
		fc.stringMatching(/^\$2b\$12\$[a-zA-Z0-9./]{53}$/),
		fc.stringMatching(/^\$6\$rounds=5000\$[a-zA-Z0-9]{8}\$[a-zA-Z0-9./]{43}$/),
	),
});

/** A dollar that no shell expands. */
const escaped = (text: string) => text.replaceAll("$", "\\$");

/** Where operators put secrets: in their keys, by reference, in lines for a shell, in comments. */
const places: readonly ((secret: Secrets) => string)[] = [
	({ token }) => `KUBEADM_JOIN_TOKEN = ${token}`,
	({ token }) => `kubeadm_join_token="${token}" # and ${token} again`,
	({ token }) => `FARM_TOKEN = "${token}"\nKUBEADM_JOIN_TOKEN = $FARM_TOKEN`,
	({ token }) => `OTHER_TOKEN = ${token}\nFARM_TOKEN = "\${OTHER_TOKEN}"\nKUBEADM_JOIN_TOKEN = $FARM_TOKEN`,
	({ token }) => `KUBEADM_JOIN_TOKEN =\n  ${token}`,
	({ token }) => `RCFILE_1 = "kubeadm join --token ${token} 10.9.0.20:6443"`,
	({ token }) =>
		`RCFILE_2 = "kubeadm join --token=${token}; echo '${token}' \\"${token}\\" (${token}) <${token}>"`,
	({ token }) => `PREINIT_1 = "curl https://node:${token}@10.9.0.1/x?t=${token}&u=1 > /etc/x"`,
	({ token }) => `INIT_COMMAND_1 = "TOKEN=$KUBEADM_JOIN_TOKEN; echo \${KUBEADM_JOIN_TOKEN}x ${token}."`,
	({ token }) => `CRONTAB_1 = "@daily root join ${token}"`,
	({ token }) => `FSTAB_1 = "//nas/data /data cifs username=n,password=${token} 0 0"`,
	() => `FSTAB_2 = "//nas/more /more cifs password=$KUBEADM_JOIN_TOKEN 0 0"`,
	({ token }) => `KUBELET_EXTRA_ARG_1 = "bootstrap=${token}"`,
	({ token }) => `HOSTS_1 = "10.9.0.7 nas # ${token}"`,
	({ token }) => `MY_OWN = "${token}"`,
	({ token }) => `TIMEZONE = ${token}`,
	({ token }) => `HOSTNAME = ${token}`,
	({ token }) => `SYSLOG_HOST = "${token}"`,
	({ token }) => `# KUBEADM_JOIN_TOKEN = ${token}`,
	({ token }) => `#${token}`,
	({ hash }) => `ROOT_PASSWORD_HASH = "${escaped(hash)}"`,
	({ hash }) => `ROOT_PASSWORD_HASH = "${hash}"`,
	({ hash }) => `ROOT_PASSWORD_HASH = ${hash.replace("rounds=5000$", "")}`,
	({ hash }) => `HASH = "${escaped(hash)}"\nROOT_PASSWORD_HASH = $HASH`,
	({ hash }) => `RCFILE_3 = "usermod -p '${escaped(hash)}' root"`,
	({ hash }) => `PREINIT_2 = "echo \\"root:${escaped(hash)}\\" | chpasswd -e"`,
	({ hash }) => `# root's hash: ${hash}`,
	({ hash }) => `# ROOT_PASSWORD_HASH = "${escaped(hash)}"`,
];

/** The same with mistakes. */
const brokenPlaces: readonly ((secret: Secrets) => string)[] = [
	({ token }) => `KUBEADM_JOIN_TOKEN = '${token}'`,
	({ token }) => `KUBEADM_JOIN_TOKEN = "${token}`,
	({ token }) => `KUBEADM_JOIN_TOKEN = ${token} = x`,
	({ token }) => `KUBEADM_JOIN_TOKEN ${token}`,
	({ token }) => `${token}`,
	({ token }) => `"${token}" = x`,
	({ hash }) => `ROOT_PASSWORD_HASH = '${hash}'`,
	({ hash }) => `ROOT_PASSWORD_HASH = "${escaped(hash)}" x`,
	({ hash }) => `ROOT_PASSWORD_HASH = "x" ${hash}`,
	({ hash }) => `TIMEZONE = "${escaped(hash)}"`,
	({ hash }) => `ROOT_PASSWORD_HASH = "${escaped(hash)}\nA = "x"`,
	({ hash }) => `usermod -p ${hash}`,
	({ token }) => `KUBEADM_JOIN_TOKEN = "${token.slice(0, 9)}\r${token.slice(9)}`,
	({ token }) => `KUBEADM_JOIN_TOKEN = "${token.slice(0, 9)}\n${token.slice(9)}"`,
	({ token }) => `KUBEADM_JOIN_TOKEN = "${token.slice(0, 9)}\\\n  ${token.slice(9)}"`,
	({ token }) => `KUBEADM_JOIN_TOKEN = ${token.slice(0, 9)}\0${token.slice(9)}`,
	({ token }) => `KUBEADM_JOIN_TOKEN = "${token.slice(0, 9)}" ${token.slice(9)}"`,
	({ token }) => `KUBEADM_JOIN_TOKEN = [${token.slice(0, 9)}] ${token.slice(9)}`,
	({ hash }) => `ROOT_PASSWORD_HASH "${hash.slice(0, 20)}' ${hash.slice(20)}"`,
	({ hash }) => `ROOT_PASSWORD_HASH =\n  "${hash.slice(0, 20)}" ${hash.slice(20)}`,
];

const files = fc
	.tuple(
		secrets,
		fc.shuffledSubarray([...places], { minLength: 1, maxLength: 8 }),
		fc.oneof(
			{ weight: 2, arbitrary: fc.constant([]) },
			fc.shuffledSubarray([...brokenPlaces], { maxLength: 3 }),
		),
		fc.constantFrom("[default]", "[node1]", "[other]\nTIMEZONE = UTC\n[default]"),
	)
	.map(([secret, good, broken, section]) => ({
		secret,
		text: `[group]\n${section}\n${[...good, ...broken].map((place) => place(secret)).join("\n")}\n`,
	}));

/** Everything that is shown or kept about a file, but for what the host writes in the end. */
async function everythingSaid(text: string): Promise<string> {
	const conf = write("lts.conf", text);
	const said: string[] = [];
	for (const format of ["text", "json"] as const) {
		said.push(runCommand(format, (output) => check(conf, { strict: false }, output)).stdout);
		const identity = { hostname: "node1", cmdline: undefined, mac: undefined, ip: undefined, all: true };
		said.push(runCommand(format, (output) => explain(conf, undefined, identity, output)).stdout);
	}
	try {
		const { stages } = await describeNode({ conf, hostname: "node1", offline: true }, (line) =>
			said.push(line),
		);
		for (const facts of stages) said.push(...(await storyOf(facts, text)));
	} catch (error) {
		said.push(describeError(error), String(error), JSON.stringify(error));
	}
	return said.join("\n");
}

/** Facts, plan, printed plan and journal of a stage. */
async function storyOf(facts: Facts, text: string): Promise<string[]> {
	const plan = planOf(facts);
	const root = mkdtempSync(join(folder, "root-"));
	const record = openStageRecord(join(root, "record"));
	const { host } = recordingHost(join(root, "root"), withoutSecrets(text, "lts.conf").secrets);
	await runPlan(plan, host, [record.witness]);
	return [
		serializeFacts(facts),
		serializePlans([plan]),
		await planText([plan]),
		readFileSync(join(root, "record/journal.jsonl"), "utf8"),
	];
}

test("no secret is in facts, plan, journal, explain, check or an error, wherever the file has it", async () => {
	await fc.assert(
		fc.asyncProperty(files, async ({ secret: { token, hash }, text }) => {
			const said = await everythingSaid(text);
			// The end of the secret, because a message may be cut.
			const parts = [token, token.slice(7), token.slice(9), hash, escaped(hash)];
			for (const part of [...parts, hash.slice(-20), hash.slice(4, 24)]) {
				expect(said.includes(part), `${part} of\n${text}\nis in\n${said}`).toBe(false);
			}
		}),
		{ numRuns: 150 },
	);
});

test("the host puts every secret where the operator has it", async () => {
	const token = "abcdef.0123456789abcdef";
	const hash = "$6$saltsalt$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
	const text = `[default]
FARM_TOKEN = ${token}
RCFILE_1 = "join ${token} $FARM_TOKEN"
RCFILE_2 = "usermod -p '${escaped(hash)}' root"
ROOT_PASSWORD_HASH = "${escaped(hash)}"
`;
	expect(hasErrors(parseLtsConf(text, "lts.conf").findings)).toBe(false);
	const { stages } = await describeNode({ conf: write("put.conf", text), offline: true }, () => undefined);
	const init = stages.find(({ stage }) => stage === "init");
	if (init === undefined) throw new Error("no facts");
	const { host } = recordingHost(folder, withoutSecrets(text, "lts.conf").secrets);
	const kept = { ...host, removeFile: async () => undefined };
	await runPlan(planOf(init), kept, []);
	expect(readFileSync(join(folder, "etc/rc.local"), "utf8")).toBe(
		`#!/bin/sh -e\njoin ${token} ${token}\nusermod -p '${hash}' root\n`,
	);
	expect(readFileSync(join(folder, "run/netherd/init/root-password.sh"), "utf8")).toContain(
		`\nroot:${hash}\n`,
	);
});
