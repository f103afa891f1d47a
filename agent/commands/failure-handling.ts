import { parseCommandLine } from "../config/cmdline.ts";
import type { Configuration } from "../config/resolve.ts";
import type { Facts } from "../facts/facts.ts";
import { resolveFacts } from "../facts/resolve-facts.ts";
import type { FailureHandling } from "../host/last-resort.ts";

/** What the key table says about ON_FAILURE_DELAY. */
const defaultDelayMs = 10_000;

/**
 * What follows a failed boot: as lts.conf says; where it says nothing, is not known yet, or is what failed, as `panic=` on
 * the kernel command line says: reboot after so many seconds, at once when negative, never (a shell) when 0
 * (Documentation/admin-guide/kernel-parameters.txt).
 */
export function failureHandling(facts: Facts | undefined, kernelCommandLine: string): FailureHandling {
	const { panicSeconds } = parseCommandLine(kernelCommandLine);
	const configuration = facts === undefined ? undefined : usableConfiguration(facts);
	const configured =
		configuration?.whence("ON_FAILURE") === "default" ? undefined : configuration?.text("ON_FAILURE");
	const panicMs =
		panicSeconds === undefined || panicSeconds === 0 ? undefined : Math.max(0, panicSeconds * 1000);
	return {
		outcome:
			(configured as FailureHandling["outcome"] | undefined) ?? (panicSeconds === 0 ? "shell" : "reboot"),
		delayMs: configuration?.durationMs("ON_FAILURE_DELAY") ?? panicMs ?? defaultDelayMs,
	};
}

function usableConfiguration(facts: Facts): Configuration | undefined {
	try {
		return resolveFacts(facts).configuration;
	} catch {
		return undefined;
	}
}
