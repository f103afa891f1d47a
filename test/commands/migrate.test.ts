import {
	chmodSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { migrate } from "../../agent/commands/migrate.ts";
import { runCommand } from "./run-command.ts";

const token = "abcdef.0123456789abcdef";
const hash = `sha256:${"a".repeat(64)}`;
const before = `[default]
TIMEZONE = UTC
RCFILE_7 = "kubeadm join 10.9.0.20:6443 --token ${token} --discovery-token-ca-cert-hash ${hash}"
RCFILE_8 = "echo up"
`;
const folder = mkdtempSync(join(tmpdir(), "netherd-migrate-"));
const file = join(folder, "lts.conf");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (path: string, write = false) => runCommand("text", (output) => migrate(path, { write }, output));
beforeEach(() => {
	writeFileSync(file, before);
	chmodSync(file, 0o640);
});

test("shows what would change, secrets by name, and changes nothing", () => {
	const { exitCode, stdout } = run(file);
	expect(exitCode).toBe(0);
	expect(stdout.replaceAll(folder, "")).toMatchInlineSnapshot(`
		"--- /lts.conf
		+++ /lts.conf
		@@ -1,4 +1,6 @@
		 [default]
		 TIMEZONE = UTC
		-RCFILE_7 = "kubeadm join 10.9.0.20:6443 --token {secret:bootstrap-token} --discovery-token-ca-cert-hash sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		+KUBEADM_JOIN_ENDPOINT = "10.9.0.20:6443"
		+KUBEADM_JOIN_TOKEN = "{secret:bootstrap-token}"
		+KUBEADM_JOIN_CA_CERT_HASH = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 RCFILE_8 = "echo up"

		/lts.conf: 1 line with kubeadm join; --write writes the file

		/lts.conf:4:1: warning[lts-conf.runs-before-join]: RCFILE_8 ran after the join, and runs before it now
		  4 | RCFILE_8 = "echo up"
		    | ^^^^^^^^
		  hint: Move it into a unit that is ordered after netherd-join.service, if it needs the cluster.

		/lts.conf: 0 errors, 1 warning
		"
	`);
	expect(readFileSync(file, "utf8")).toBe(before);
});

test("--write changes the file, through a link, and keeps its mode; the second time there is nothing to do", () => {
	const link = join(folder, "link.conf");
	symlinkSync("lts.conf", link);
	const first = run(link, true);
	expect(first.exitCode).toBe(0);
	expect(first.stdout).not.toContain(token);
	const after = readFileSync(file, "utf8");
	expect(after).toBe(
		before.replace(
			/^RCFILE_7.*$/m,
			`KUBEADM_JOIN_ENDPOINT = "10.9.0.20:6443"\nKUBEADM_JOIN_TOKEN = "${token}"\nKUBEADM_JOIN_CA_CERT_HASH = "${hash}"`,
		),
	);
	expect(statSync(file).mode & 0o777).toBe(0o640);
	const second = run(link, true);
	expect([second.exitCode, second.stdout]).toEqual([0, `${link}: nothing is changed\n`]);
	expect(readFileSync(file, "utf8")).toBe(after);
});

test("what no key stands for is left, with the reason and exit code 1", () => {
	const text = before.replace(hash, `${hash} --ignore-preflight-errors=Swap`);
	writeFileSync(file, text);
	const { exitCode, stdout } = run(file, true);
	expect(exitCode).toBe(1);
	expect(stdout).toContain("RCFILE_7 stays as it is: no key stands for --ignore-preflight-errors");
	expect(stdout).not.toContain(token);
	expect(readFileSync(file, "utf8")).toBe(text);
});

test("a file with errors is exit code 2; one that is not there is said so", () => {
	writeFileSync(file, `${before}X = "\n`);
	expect(run(file, true).exitCode).toBe(2);
	expect(() => run(join(folder, "none"))).toThrow(expect.objectContaining({ code: "usage.unreadable-file" }));
});

test("a file that cannot be replaced stays as it is", () => {
	chmodSync(folder, 0o555);
	try {
		// root writes anyway, but for a folder in the place of the new file.
		if (process.getuid?.() === 0) mkdirSync(join(folder, ".lts.conf.netherd-new"));
		expect(() => run(file, true)).toThrow(expect.objectContaining({ code: "usage.unwritable-file" }));
	} finally {
		chmodSync(folder, 0o755);
		rmSync(join(folder, ".lts.conf.netherd-new"), { recursive: true, force: true });
	}
	expect(readFileSync(file, "utf8")).toBe(before);
});
