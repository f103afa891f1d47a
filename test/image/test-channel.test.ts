import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";

const shell = join(repository, "image/test-channel/netherd-test-shell");
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Sends the lines, closes the host's end, and returns what the guest wrote. */
async function converse(...requests: string[]): Promise<string[]> {
	const { stdout } = await execa("sh", [shell], { input: requests.map((line) => `${line}\n`).join("") });
	return stdout.split("\n");
}

test("says that it is ready, and answers each request with exit code and both streams", async () => {
	expect(await converse(`a 5 ${base64("echo out; echo err >&2; exit 3")}`, `b 5 ${base64("true")}`)).toEqual([
		"netherd-test-shell ready",
		`a 3 ${base64("out\n")} ${base64("err\n")}`,
		"b 0 - -",
	]);
});

test("a command takes several lines, any bytes, and more than a line of output", async () => {
	const [, reply] = await converse(`x 20 ${base64("for i in $(seq 5000); do\n echo äöü $i\ndone")}`);
	const [, , output = ""] = reply?.split(" ") ?? [];
	expect(Buffer.from(output, "base64").toString()).toMatch(/^äöü 1\näöü 2\n[\s\S]*äöü 5000\n$/);
});

test("a command that takes too long is ended, and the next one is answered", async () => {
	expect(
		(await converse(`slow 1 ${base64("echo begun; sleep 60")}`, `next 5 ${base64("true")}`)).slice(1),
	).toEqual([`slow 124 ${base64("begun\n")} -`, "next 0 - -"]);
});

test("a request that is not base64 is answered with 125", async () => {
	const [, reply] = await converse("bad 5 ???");
	expect(reply).toMatch(/^bad 125 - /);
});

test("what a command leaves running does not hold up its answer", async () => {
	const [, reply] = await converse(`bg 5 ${base64("sleep 3 & echo started")}`);
	expect(reply).toBe(`bg 0 ${base64("started\n")} -`);
});
