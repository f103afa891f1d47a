import { execFileSync } from "node:child_process";
import {
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../agent/host/host.ts";
import { linuxHost } from "../../agent/host/linux-host.ts";

let root: string;
let host: Host;
let printed: string[];

beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "netherd-host-"));
	printed = [];
	host = linuxHost({
		root,
		secrets: { token: "abcdef.0123456789abcdef" },
		progress: () => undefined,
		output: (program, line) => printed.push(`${program}: ${line}`),
	});
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe("putFile", () => {
	test("makes the folder and the file with its mode, whatever the umask", async () => {
		const before = process.umask(0o077);
		try {
			await host.putFile({ kind: "putFile", path: "/etc/a/b.conf", mode: "0644", content: "x\n" });
		} finally {
			process.umask(before);
		}
		expect(readFileSync(join(root, "etc/a/b.conf"), "utf8")).toBe("x\n");
		expect(modeOf(join(root, "etc/a/b.conf"))).toBe("644");
	});

	test("replaces what is there and leaves nothing beside it", async () => {
		await host.putFile({ kind: "putFile", path: "/f", mode: "0600", content: "old" });
		await host.putFile({ kind: "putFile", path: "/f", mode: "0755", content: "new" });
		expect(readFileSync(join(root, "f"), "utf8")).toBe("new");
		expect(modeOf(join(root, "f"))).toBe("755");
		expect(readdirSync(root)).toEqual(["f"]);
	});

	test("writes through a link of the image, inside the root", async () => {
		mkdirSync(join(root, "etc"));
		symlinkSync("/run/target", join(root, "etc/link"));
		await host.putFile({ kind: "putFile", path: "/etc/link", mode: "0644", content: "x" });
		expect(readFileSync(join(root, "run/target"), "utf8")).toBe("x");
	});

	test("puts a secret in the place of its name", async () => {
		await host.putFile({ kind: "putFile", path: "/s", mode: "0600", content: "token={secret:token}\n" });
		expect(readFileSync(join(root, "s"), "utf8")).toBe("token=abcdef.0123456789abcdef\n");
	});

	test("fails where a folder stands, and leaves no temporary file", async () => {
		mkdirSync(join(root, "d"));
		symlinkSync("/", join(root, "link"));
		for (const path of ["/d", "/link", "/"]) {
			await expect(host.putFile({ kind: "putFile", path, mode: "0644", content: "" })).rejects.toMatchObject({
				code: "host.folder-in-the-way",
			});
		}
		expect(readdirSync(root)).toEqual(["d", "link"]);
	});

	test("replaces a link to a device, and leaves the device alone", async () => {
		mkdirSync(join(root, "dev"));
		execFileSync("mkfifo", [join(root, "dev/null")]);
		symlinkSync("/dev/null", join(root, "x.service"));
		await host.putFile({ kind: "putFile", path: "/x.service", mode: "0644", content: "x" });
		expect(readFileSync(join(root, "x.service"), "utf8")).toBe("x");
		expect(lstatSync(join(root, "x.service")).isFile()).toBe(true);
		expect(lstatSync(join(root, "dev/null")).isFIFO()).toBe(true);
	});
});

describe("makeSymlink and removeFile", () => {
	test("a link replaces a file, and a link, without following it", async () => {
		writeFileSync(join(root, "target"), "keep");
		symlinkSync("/target", join(root, "link"));
		await host.makeSymlink({ kind: "makeSymlink", path: "/link", target: "/dev/null" });
		expect(readlinkSync(join(root, "link"))).toBe("/dev/null");
		expect(readFileSync(join(root, "target"), "utf8")).toBe("keep");
	});

	test("removing takes the link, not what it points to, and is content when nothing is there", async () => {
		writeFileSync(join(root, "target"), "keep");
		symlinkSync("/target", join(root, "link"));
		await host.removeFile({ kind: "removeFile", path: "/link" });
		await host.removeFile({ kind: "removeFile", path: "/link" });
		expect(lstatSync(join(root, "link"), { throwIfNoEntry: false })).toBeUndefined();
		expect(readFileSync(join(root, "target"), "utf8")).toBe("keep");
	});
});

describe("spawn", () => {
	const machine = () =>
		linuxHost({
			root: "/",
			secrets: {},
			progress: () => undefined,
			output: (p, l) => printed.push(`${p}: ${l}`),
		});
	const timeoutMs = 30_000;

	test("hands on what the program prints, with a minimal environment", async () => {
		process.env.NETHERD_TEST_LEAK = "leaked";
		await machine().spawn({
			kind: "spawn",
			argv: ["sh", "-c", 'echo "$GIVEN $HOME [$NETHERD_TEST_LEAK]"'],
			environment: { GIVEN: "given" },
			timeoutMs,
		});
		expect(printed).toEqual(["sh: given /root []"]);
	});

	test("an exit code is an error with the program's last words", async () => {
		const failing = machine().spawn({
			kind: "spawn",
			argv: ["sh", "-c", "echo no such thing >&2; exit 3"],
			timeoutMs,
		});
		await expect(failing).rejects.toMatchObject({
			code: "host.program-failed",
			message: expect.stringMatching(/ended with exit code 3\n {2}no such thing/),
		});
	});

	test("a missing program is named", async () => {
		const missing = machine().spawn({ kind: "spawn", argv: ["netherd-no-such-program"], timeoutMs });
		await expect(missing).rejects.toMatchObject({ code: "host.program-missing" });
	});

	test("a program that does not end is ended", async () => {
		const endless = machine().spawn({ kind: "spawn", argv: ["sleep", "1000"], timeoutMs: 200 });
		await expect(endless).rejects.toMatchObject({
			message: expect.stringContaining("did not end within 0.2 s"),
		});
	});

	test("with another root it runs inside of that", async () => {
		const missingInside = host.spawn({ kind: "spawn", argv: ["/bin/true"], timeoutMs });
		await expect(missingInside).rejects.toMatchObject({
			code: "host.program-failed",
			message: expect.stringContaining("/bin/true"),
		});
	});
});

describe("waitForPath", () => {
	test("returns when the path appears", async () => {
		const waiting = host.waitForPath({ kind: "waitForPath", path: "/later", timeoutMs: 30_000 });
		writeFileSync(join(root, "later"), "");
		await waiting;
	});

	test("says what did not appear", async () => {
		const waiting = host.waitForPath({ kind: "waitForPath", path: "/never", timeoutMs: 150 });
		await expect(waiting).rejects.toMatchObject({
			code: "host.path-never-appeared",
			message: expect.stringContaining("/never"),
		});
	});
});
