import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { preinit } from "../../agent/init/95-preinit.ts";
import {
	makeInitFacts,
	makeTestRoot,
	planActions,
	planStep,
	planText,
	type TestRoot,
} from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

test("one shell over all lines, with what LTSP 5 tells them", () => {
	const ltsConf = `
HOSTNAME = node7
PREINIT_10 = "echo last"
PREINIT_9 = "echo first"
RACK = 12
`;
	expect(planText(preinit, ltsConf)).toMatchInlineSnapshot(`
		"put file      /run/netherd/init/preinit.sh  (0700, 21 B)
		  because PREINIT_9 (lts.conf:5 [default]), PREINIT_10 (lts.conf:4 [default])
		  │ echo first
		  │ echo last
		run           /bin/sh /run/netherd/init/preinit.sh
		  because PREINIT_9 (lts.conf:5 [default]), PREINIT_10 (lts.conf:4 [default])
		  DEVICE=enp1s0
		  IPV4ADDR=192.0.2.10
		  IPV4NETMASK=255.255.255.0
		  IPV4GATEWAY=192.0.2.254
		  IPV4DNS0=192.0.2.53
		  DNSDOMAIN=farm.example
		  ROOTSERVER=192.0.2.1
		  SERVER=192.0.2.1
		  NBD_ROOT_HOST=192.0.2.1
		  NBD_ROOT_PORT=10809
		  NBD_ROOT_NAME=/node
		  HOSTNAME=node7
		  PREINIT_9='echo first'
		  PREINIT_10='echo last'
		  RACK=12"
	`);
});

test("nothing set, nothing run", () => {
	expect(planStep(preinit, "INIT_COMMAND_1 = true")).toEqual([]);
});

test("lines run in one shell in the root; a failing line is heard of and does not stop the others", async () => {
	root = makeTestRoot(["/bin/sh"]);
	const lines = await root.run(
		preinit,
		`
RACK = 12
PREINIT_1 = "word=shared"
PREINIT_2 = "no-such-program"
PREINIT_3 = "echo \\$word \\$RACK \\$SERVER \\$NBD_ROOT_NAME \\$HOSTNAME"
`,
	);
	// Two streams: which line comes first is not said.
	expect(lines).toHaveLength(2);
	expect(lines).toContainEqual(expect.stringContaining("no-such-program: not found"));
	expect(lines).toContain("shared 12 192.0.2.1 /node ltsp10");
});

const secret = `
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
OWN = "token=abcdef.0123456789abcdef"
PREINIT_1 = "echo abcdef.0123456789abcdef; echo env:\\$KUBEADM_JOIN_TOKEN:\\$OWN"
`;

test("secrets reach the lines that name them, and no environment", async () => {
	root = makeTestRoot(["/bin/sh"]);
	expect(await root.run(preinit, secret)).toEqual(["abcdef.0123456789abcdef", "env::"]);
	expect(statSync(join(root.path, "run/netherd/init/preinit.sh")).mode & 0o777).toBe(0o700);
});

test("the plan holds no secret", () => {
	const actions = planActions(preinit, makeInitFacts(`[default]${secret}`));
	expect(JSON.stringify(actions)).not.toContain("abcdef.0123456789abcdef");
});

test.each(["PATH", "LD_PRELOAD", "IFS", "HOME"])(
	"a key called %s does not change how the shell is started",
	(key) => {
		const [run] = planStep(preinit, `${key} = /evil\nPREINIT_1 = true`);
		expect(run?.kind === "runShell" ? Object.keys(run.environment) : []).not.toContain(key);
	},
);
