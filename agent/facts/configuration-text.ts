import { join } from "node:path";
import type { CommandLine } from "../config/cmdline.ts";
import { redactSecrets } from "../config/secrets.ts";
import { ltsConf } from "../paths.ts";
import type { ConfigurationText } from "./facts.ts";
import { configurationUrl } from "./image-location.ts";
import { readInRoot } from "./root.ts";
import { getSignedFile } from "./signed-file.ts";
import type { Trust } from "./verification.ts";

/** A configuration as it is kept in facts, and the secrets that were taken out of it. */
export interface GatheredConfiguration {
	readonly configuration: ConfigurationText;
	readonly secrets: Readonly<Record<string, string>>;
}

/** 10,000 nodes with a section each stay below 10 MB. */
const maximumBytes = 64 * 1024 ** 2;
const attemptTimeoutMs = 10_000;
const retryForMs = 2 * 60_000;

/**
 * The farm's lts.conf from the companion server, verified before anything of it is read; where the server has none, or an
 * empty one, the copy below `root` stays in force.
 *
 * @throws {NetherdError} What `getSignedFile` throws.
 */
export async function gatherConfiguration(
	commandLine: CommandLine,
	root: string,
	trust: Trust,
	onRetry: (line: string) => void,
): Promise<GatheredConfiguration> {
	const url = configurationUrl(commandLine);
	if (url !== undefined) {
		const limits = { maximumBytes, timeoutMs: attemptTimeoutMs, retryForMs, onRetry };
		const file = await getSignedFile(url, "lts.conf", trust, limits);
		if (file !== undefined && file.text.trim() !== "") {
			const { configuration, secrets } = withoutSecrets(file.text, url);
			return { configuration: { ...configuration, verification: file.verification }, secrets };
		}
	}
	return localConfiguration(root);
}

/** The copy that the image, or the initramfs, brings along. */
export function localConfiguration(root: string): GatheredConfiguration {
	const text = readInRoot(root, ltsConf);
	return text === undefined ? withoutSecrets("", "nowhere") : withoutSecrets(text, join(root, ltsConf));
}

/** Takes the secrets out of a text before anything else sees it. */
export function withoutSecrets(text: string, from: string): GatheredConfiguration {
	const file = "lts.conf";
	const redacted = redactSecrets(text, file);
	return { configuration: { file, from, text: redacted.text }, secrets: redacted.secrets };
}
