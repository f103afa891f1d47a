import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { secretsFile } from "../paths.ts";

type Secrets = Readonly<Record<string, string>>;

/** Keeps secrets for the join stage: in RAM, readable by root alone. */
export function saveSecrets(secrets: Secrets): void {
	mkdirSync(dirname(secretsFile), { recursive: true, mode: 0o755 });
	writeFileSync(secretsFile, `${JSON.stringify(secrets)}\n`, { mode: 0o600 });
}

export function loadSecrets(): Secrets {
	return JSON.parse(readFileSync(secretsFile, "utf8")) as Secrets;
}
