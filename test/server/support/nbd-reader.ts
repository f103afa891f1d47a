/*
 * Keeps one connection to an export open and reads from it, run as a program in a namespace:
 *
 *     node nbd-reader.ts HOST EXPORT
 *
 * For each offset on standard input it prints the 4096 bytes from there, in hexadecimal.
 */
import { createInterface } from "node:readline";
import { openNbdSource } from "../../../agent/download/nbd-source.ts";

const [host = "", exportName = ""] = process.argv.slice(2);
const limits = { connectTimeoutMs: 10_000, stallTimeoutMs: 10_000 };
const source = await openNbdSource({ host, port: 10809, exportName }, limits);
for await (const line of createInterface({ input: process.stdin })) {
	const target = new Uint8Array(4096);
	await source.read(Number(line), target);
	console.log(Buffer.from(target).toString("hex"));
}
