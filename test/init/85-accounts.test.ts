import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { accounts } from "../../agent/init/85-accounts.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import {
	makeInitFacts,
	makeTestRoot,
	planActions,
	planStep,
	planText,
	type TestRoot,
} from "../lib/plan-step.ts";

let root: TestRoot | undefined;
beforeAll(() => ensureDebianPackages(["passwd"], "set a password in a test root"));
afterEach(() => root?.remove());

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
const hash = "$6$salt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2";
const withHash = `ROOT_PASSWORD_HASH = "${hash.replaceAll("$", "\\$")}"`;

test("keys in order, a password that nobody sees", () => {
	const ltsConf = `SSH_AUTHORIZED_KEY_10 = "${key} b@farm"\nSSH_AUTHORIZED_KEY_9 = "${key} a@farm"\n${withHash}`;
	expect(planText(accounts, ltsConf)).toMatchInlineSnapshot(`
		"make folder   /root/.ssh  (0700)
		  because SSH_AUTHORIZED_KEY_9 (lts.conf:3 [default]), SSH_AUTHORIZED_KEY_10 (lts.conf:2 [default])
		put file      /root/.ssh/authorized_keys  (0600, 182 B)
		  because SSH_AUTHORIZED_KEY_9 (lts.conf:3 [default]), SSH_AUTHORIZED_KEY_10 (lts.conf:2 [default])
		  │ ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk a@farm
		  │ ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk b@farm
		put file      /run/netherd/init/root-password.sh  (0700, 66 B)
		  because ROOT_PASSWORD_HASH (lts.conf:4 [default])
		  │ chpasswd --encrypted <<'END'
		  │ root:{secret:root-password-hash}
		  │ END
		run           /bin/sh /run/netherd/init/root-password.sh
		  because ROOT_PASSWORD_HASH (lts.conf:4 [default])
		remove file   /run/netherd/init/root-password.sh
		  because ROOT_PASSWORD_HASH (lts.conf:4 [default])"
	`);
});

test("the hash is in no part of the plan", () => {
	const actions = planActions(accounts, makeInitFacts(`[default]\n${withHash}\n`));
	expect(JSON.stringify(actions)).not.toContain("qFmFH");
	expect(JSON.stringify(actions)).toContain("{secret:root-password-hash}");
});

test("nothing set, nothing done", () => {
	expect(planStep(accounts, "")).toEqual([]);
});

test("on a real root: the files sshd insists on", async () => {
	root = makeTestRoot();
	await root.run(accounts, `SSH_AUTHORIZED_KEY_1 = "${key} a@farm"`);
	expect(root.read("root/.ssh/authorized_keys")).toBe(`${key} a@farm\n`);
	expect(statSync(join(root.path, "root/.ssh")).mode & 0o777).toBe(0o700);
	expect(statSync(join(root.path, "root/.ssh/authorized_keys")).mode & 0o777).toBe(0o600);
});

test("chpasswd sets the hash, and the script that held it is gone", async () => {
	root = makeTestRoot(["/bin/sh", "/usr/sbin/chpasswd"]);
	mkdirSync(join(root.path, "etc"));
	writeFileSync(join(root.path, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nbin:x:2:2::/bin:/bin/false\n");
	writeFileSync(join(root.path, "etc/shadow"), "root:*:20000:0:99999:7:::\nbin:*:20000:0:99999:7:::\n", {
		mode: 0o600,
	});
	await root.run(accounts, withHash);
	expect(
		root
			.read("etc/shadow")
			.split("\n")
			.map((line) => line.split(":")[1]),
	).toEqual([hash, "*", undefined]);
	expect(existsSync(join(root.path, "run/netherd/init/root-password.sh"))).toBe(false);
});
