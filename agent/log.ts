import { mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import pino from "pino";
import { kernelLog, logFile } from "./paths.ts";
import { actionLine } from "./plan/render.ts";
import type { StageWitness } from "./run-plan.ts";

/** Bytes that one record of /dev/kmsg takes (Documentation/ABI/testing/dev-kmsg: LOG_LINE_MAX less its prefix). */
const kernelRecordBytes = 900;
/** syslog(2) priority "debug": in dmesg and the journal, not on the console. */
const kernelDebug = "<7>";

/** Says things to people (short lines) and to programs (JSON records). */
export interface Log {
	/** A short line for the console, and a record. */
	info(line: string, details?: object): void;
	warn(line: string, details?: object): void;
	error(line: string, details?: object): void;
	/** A record only. */
	debug(line: string, details?: object): void;
}

/**
 * The node's log: JSON records (pino) in /run/netherd/agent.log and in the kernel log, from where the journal takes them;
 * short lines on the console. `cpuMs` of a record is the processor time that the agent has taken so far, programs that it
 * ran left out.
 */
export function nodeLog(console: (line: string) => void): Log {
	mkdirSync(dirname(logFile), { recursive: true, mode: 0o755 });
	const records = pino(
		{ level: "debug", base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin: processorTime },
		pino.multistream([
			{ level: "debug", stream: pino.destination({ dest: logFile, sync: true, mode: 0o600 }) },
			{ level: "debug", stream: kernelLogStream() },
		]),
	);
	return {
		info(line, details = {}) {
			console(`netherd: ${line}`);
			records.info(details, line);
		},
		warn(line, details = {}) {
			console(`netherd: warning: ${line}`);
			records.warn(details, line);
		},
		error(line, details = {}) {
			console(`netherd: error: ${line}`);
			records.error(details, line);
		},
		debug(line, details = {}) {
			records.debug(details, line);
		},
	};
}

function processorTime(): { readonly cpuMs: number } {
	const { user, system } = process.cpuUsage();
	return { cpuMs: Math.round((user + system) / 1000) };
}

/** Tells a log what a stage does: a line a step on the console, a record an action. */
export function logWitness(log: Log): StageWitness {
	return {
		stepStarted(stage, step, actions) {
			if (actions > 0) log.info(`${stage} ${step}`);
		},
		actionEnded({ stage, step, index, total }, action, durationMs, error) {
			const record = { stage, step, action: `${index}/${total}`, durationMs: Math.round(durationMs) };
			const line = actionLine(action).replace(/ {2,}/g, " ");
			if (error === undefined) log.debug(line, record);
			else log.warn(`${stage} ${step}: ${error.message}`, { ...record, did: line, stack: error.stack });
		},
		stageEnded({ name }, durationMs) {
			log.info(`${name} done in ${(durationMs / 1000).toFixed(1)} s`);
		},
	};
}

/** The kernel log where it can be written; nowhere else to put it is no reason to fail. */
function kernelLogStream(): { write(record: string): void } {
	let descriptor: number | undefined;
	try {
		descriptor = openSync(kernelLog, "w");
	} catch {
		descriptor = undefined;
	}
	return {
		write(record) {
			if (descriptor === undefined) return;
			try {
				writeSync(descriptor, `${kernelDebug}netherd: ${record.trim().slice(0, kernelRecordBytes)}\n`);
			} catch {
				// The kernel limits the rate of user records; agent.log has them all.
			}
		},
	};
}
