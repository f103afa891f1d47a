import type { EvaluatedKey } from "./evaluate.ts";
import type { Finding } from "./findings.ts";

/** Linux limits the environment of a new process to a quarter of its stack limit, 2 MiB by default (execve(2)). */
export const environmentLimitBytes = 2 * 1024 * 1024 - 128 * 1024;

/** Programs that the node starts get all values in their environment, so they have to fit there. */
export function checkTotalSize(file: string, evaluated: readonly EvaluatedKey[]): Finding[] {
	let totalBytes = 0;
	for (const { key, value, winner } of evaluated) {
		totalBytes += key.length + Buffer.byteLength(value) + 2;
		if (totalBytes <= environmentLimitBytes || winner === undefined) continue;
		return [
			{
				severity: "error",
				code: "lts-conf.values-too-large",
				file,
				line: winner.entry.valueLine,
				column: winner.entry.valueColumn,
				message: `with ${key}, the values of this node take more than ${environmentLimitBytes} bytes`,
				hint: "Put long texts into the image, or into a file that the node fetches.",
			},
		];
	}
	return [];
}
