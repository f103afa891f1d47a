import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError } from "../errors.ts";
import { initramfsPrograms, systemRequest } from "../paths.ts";
import { writeToAllConsoles } from "./consoles.ts";

/** What follows a failed boot. */
export interface FailureHandling {
	readonly outcome: "reboot" | "shell" | "poweroff";
	readonly delayMs: number;
}

const countdownStepMs = 5_000;

/**
 * The end of a failed boot: the error on every console, a countdown, then what ON_FAILURE says. Returns only after a
 * shell was left; the caller's exit code then decides.
 */
export async function lastResort(error: unknown, { outcome, delayMs }: FailureHandling): Promise<void> {
	writeToAllConsoles(`\nnetherd: THE BOOT FAILED\n${describeError(error)}\n`);
	for (let leftMs = delayMs; leftMs > 0; leftMs -= countdownStepMs) {
		writeToAllConsoles(`netherd: ${outcome} in ${Math.ceil(leftMs / 1000)} s`);
		await sleep(Math.min(leftMs, countdownStepMs));
	}
	if (outcome === "shell") {
		writeToAllConsoles("netherd: a shell follows; leave it to reboot. See /run/netherd/agent.log.");
		await once(spawn(initramfsPrograms.sh, ["-i"], { stdio: "inherit" }), "exit").catch(() => undefined);
	}
	writeToAllConsoles(`netherd: ${outcome === "poweroff" ? "power off" : "reboot"} now`);
	// Nothing is mounted for writing but RAM, so there is nothing to sync (Documentation/admin-guide/sysrq.rst).
	writeFileSync(systemRequest, outcome === "poweroff" ? "o" : "b");
	await sleep(10_000);
}
