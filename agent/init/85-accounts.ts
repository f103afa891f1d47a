import type { InitFacts } from "../facts/facts.ts";
import { nodePrograms, stageFolder } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { because, becauseOf } from "./because.ts";

const timeoutMs = 10_000;

export const accounts: Step<Inputs<InitFacts>> = {
	name: "85-accounts",
	summary: "gives root its ssh keys and its password",
	keys: ["SSH_AUTHORIZED_KEY_*", "ROOT_PASSWORD_HASH"],
	plan: (inputs) => [...authorizedKeys(inputs), ...rootPassword(inputs)],
};

function authorizedKeys({ configuration }: Inputs<InitFacts>): readonly Operation[] {
	const settings = configuration.family("SSH_AUTHORIZED_KEY_");
	if (settings.length === 0) return [];
	const because = becauseOf(...settings);
	return [
		// sshd looks at nothing in a folder that others can write to (sshd_config(5), StrictModes).
		{ kind: "makeDirectory", path: "/root/.ssh", mode: "0700", because },
		{
			kind: "writeFile",
			path: "/root/.ssh/authorized_keys",
			mode: "0600",
			content: settings.map(({ value }) => `${value.trim()}\n`).join(""),
			because,
		},
	];
}

/**
 * chpasswd(8) reads the hash from its standard input: nobody sees it in a list of processes. The script that holds it is
 * readable by root alone, and goes at once.
 */
function rootPassword({ configuration }: Inputs<InitFacts>): readonly Operation[] {
	const hash = configuration.text("ROOT_PASSWORD_HASH")?.trim();
	if (hash === undefined) return [];
	const reason = because(configuration, "ROOT_PASSWORD_HASH");
	const name = "root-password";
	return [
		{
			kind: "runShell",
			name,
			script: `${nodePrograms.chpasswd} --encrypted <<'END'\nroot:${hash}\nEND`,
			environment: {},
			timeoutMs,
			because: reason,
		},
		{ kind: "removeFile", path: `${stageFolder("init")}/${name}.sh`, because: reason },
	];
}
