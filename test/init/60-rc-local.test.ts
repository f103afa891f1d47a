import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { rcLocal } from "../../agent/init/60-rc-local.ts";
import { makeTestRoot, planStep, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const contentOf = (ltsConf: string, text?: string) => {
	const [operation] = planStep(rcLocal, ltsConf, text === undefined ? {} : { root: { rcLocal: text } });
	return operation?.kind === "writeFile" ? operation.content : undefined;
};

test("no file in the image: a new one, our unit, and not systemd's", () => {
	expect(
		planText(rcLocal, 'RCFILE_2 = "kubeadm join"\nRCFILE_1 = "modprobe br_netfilter"'),
	).toMatchInlineSnapshot(`
		"put file      /etc/rc.local  (0755, 48 B)
		  because RCFILE_1 (lts.conf:3 [default]), RCFILE_2 (lts.conf:2 [default])
		  │ #!/bin/sh -e
		  │ modprobe br_netfilter
		  │ kubeadm join
		put file      /etc/systemd/system/netherd-rc-local.service  (0644, 365 B)
		  because RCFILE_1 (lts.conf:3 [default]), RCFILE_2 (lts.conf:2 [default])
		  │ [Unit]
		  │ Description=/etc/rc.local, with the RCFILE lines of lts.conf
		  │ Wants=network-online.target
		  │ After=network-online.target remote-fs.target containerd.service crio.service docker.service
		  │ ConditionFileIsExecutable=/etc/rc.local
		  │ 
		  │ [Service]
		  │ Type=oneshot
		  │ RemainAfterExit=yes
		  │ ExecStart=/etc/rc.local start
		  │ TimeoutStartSec=infinity
		  │ 
		  │ [Install]
		  │ WantedBy=multi-user.target
		make link     /etc/systemd/system/multi-user.target.wants/netherd-rc-local.service -> ../netherd-rc-local.service
		  because RCFILE_1 (lts.conf:3 [default]), RCFILE_2 (lts.conf:2 [default])
		make link     /etc/systemd/system/rc-local.service -> /dev/null
		  because RCFILE_1 (lts.conf:3 [default]), RCFILE_2 (lts.conf:2 [default])"
	`);
});

test.each([
	[
		"a final exit 0 goes",
		"#!/bin/sh -e\n# rc.local\necho a\nexit 0\n\n",
		"#!/bin/sh -e\n# rc.local\necho a\nX\n",
	],
	["an earlier exit 0 stays", "#!/bin/sh\nexit 0\necho a\n", "#!/bin/sh\nexit 0\necho a\nX\n"],
	["another exit stays", "#!/bin/sh\nexit 01\n", "#!/bin/sh\nexit 01\nX\n"],
	["no final line end", "#!/bin/sh\necho a", "#!/bin/sh\necho a\nX\n"],
	["nothing but exit 0", "exit 0", "#!/bin/sh\nX\n"],
	["an empty file", "", "#!/bin/sh\nX\n"],
])("%s", (_, text, expected) => {
	expect(contentOf("RCFILE_1 = X", text)).toBe(expected);
});

test("without lines the image's own file is left to the image", () => {
	expect(planStep(rcLocal, "", { root: { rcLocal: "#!/bin/sh\n" } })).toEqual([]);
});

test("on a real root: runs, and the first failing line stops the rest", async () => {
	root = makeTestRoot(["/bin/sh"]);
	await root.run(
		rcLocal,
		`
RCFILE_1 = ">/first"
RCFILE_2 = "false"
RCFILE_3 = ">/third"
`,
	);
	const { path } = root;
	expect(() => execFileSync("chroot", [path, "/etc/rc.local", "start"], { stdio: "ignore" })).toThrow();
	expect([existsSync(join(path, "first")), existsSync(join(path, "third"))]).toEqual([true, false]);
	expect(statSync(join(path, "etc/rc.local")).mode & 0o777).toBe(0o755);
});

test("with a secret it is for root alone", async () => {
	root = makeTestRoot();
	await root.run(rcLocal, 'RCFILE_1 = "kubeadm join --token abcdef.0123456789abcdef 192.0.2.5:6443"');
	expect(root.read("etc/rc.local")).toContain("--token abcdef.0123456789abcdef ");
	expect(statSync(join(root.path, "etc/rc.local")).mode & 0o777).toBe(0o700);
});

test("the plan does not hold the secret", () => {
	expect(contentOf('RCFILE_1 = "kubeadm join --token abcdef.0123456789abcdef"')).toBe(
		"#!/bin/sh -e\nkubeadm join --token {secret:bootstrap-token}\n",
	);
});
