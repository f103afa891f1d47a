import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isolated, runTool } from "../../image/run-tool.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const failure = { code: "image.mmdebstrap-failed", hint: "look" };

test("returns both streams, and hands over every line as it comes", async () => {
	const lines: string[] = [];
	const output = await runTool(["sh", "-c", "echo one; echo two >&2; cat"], {
		...failure,
		input: "three\n",
		onLine: (line) => lines.push(line),
	});
	expect(lines).toEqual(["one", "two", "three"]);
	expect(output).toBe("one\ntwo\nthree");
});

test("a failure shows the last lines and nothing before", async () => {
	await expect(runTool(["sh", "-c", "seq 100; echo the reason >&2; exit 7"], failure)).rejects.toMatchObject({
		code: "image.mmdebstrap-failed",
		message: expect.stringMatching(/exit code 7[\s\S]*\n99\n100\nthe reason$/),
	});
	await expect(runTool(["sh", "-c", "seq 100; exit 7"], failure)).rejects.toMatchObject({
		message: expect.not.stringMatching(/^50$/m),
	});
});

test("a full disk has a code of its own", async () => {
	await expect(runTool(["dd", "if=/dev/zero", "of=/dev/full", "count=1"], failure)).rejects.toMatchObject({
		code: "image.disk-full",
		message: expect.stringContaining("No space left on device"),
	});
});

test("a program that is not there fails with the code too", async () => {
	await expect(runTool(["no-such-program-of-netherd"], failure)).rejects.toMatchObject({
		code: "image.mmdebstrap-failed",
	});
});

test("an isolated program's mounts and processes end with it, and errors name the program", async () => {
	const folder = temporaryFolder();
	const script = `mount -t tmpfs tmpfs ${folder}; grep -c ${folder} /proc/mounts; sleep 3217 & exit 4`;
	await expect(runTool([...isolated, "sh", "-c", script], failure)).rejects.toMatchObject({
		message: "sh ended with exit code 4\n1",
	});
	expect(readFileSync("/proc/mounts", "utf8")).not.toContain(folder);
	await expect(runTool(["pgrep", "-fx", "sleep 3217"], failure)).rejects.toMatchObject({
		message: expect.stringContaining("pgrep ended with exit code 1"),
	});
});
