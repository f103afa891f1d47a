import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { makeLink } from "../../bench/link.ts";

const sizeBytes = 3_000_000;

/** Prints the sum of what it receives from its only client. */
const receiver = `let sum = 0, count = 0;
require("net").createServer((socket) => socket.on("data", (bytes) => {
	for (const byte of bytes) sum += byte;
	count += bytes.length;
}).on("end", () => { console.log(count, sum); process.exit(); })).listen(7000, () => console.log("listens"));`;

const sender = `const socket = require("net").connect(7000, process.argv[1]);
socket.end(Buffer.alloc(${sizeBytes}, 7));`;

test.each([0, 0.05])("a link brings what is sent, with %d of its packets lost", async (lostShare) => {
	const link = await makeLink({ bitsPerSecond: 1e9, delayMs: 1, lostShare });
	onTestFinished(link.close);
	const start = (prefix: readonly string[], script: string, ...args: string[]) => {
		const [program = "", ...options] = [...prefix, process.execPath, "-e", script, ...args];
		return execa(program, options);
	};
	const receiving = start(link.inServer, receiver);
	await new Promise((resolve) => receiving.stdout.once("data", resolve));
	const output = text(receiving.stdout);
	await start(link.inClient, sender, link.serverAddress);
	await receiving;
	expect(await output).toBe(`${sizeBytes} ${7 * sizeBytes}\n`);
});

test("nothing is left of a link", async () => {
	const link = await makeLink({ bitsPerSecond: 1e9, delayMs: 1, lostShare: 0 });
	const name = link.inServer[1]?.split("/").at(-1) ?? "";
	const namespaces = async () => (await execa("ip", ["netns", "list"])).stdout;
	expect(await namespaces()).toContain(name);
	link.close();
	expect(await namespaces()).not.toContain(name);
	// The relay is killed, and its devices go with it.
	const relays = async () => (await execa("ps", ["-eo", "args"])).stdout.includes(`"nhbs${process.pid}"`);
	while (await relays()) await sleep(20);
});
