import { afterEach, expect, test } from "vitest";
import { initCommand } from "../../agent/init/35-init-command.ts";
import { makeTestRoot, planStep, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

test("one shell for all lines", () => {
	const ltsConf = 'INIT_COMMAND_2 = "echo two"\nINIT_COMMAND_1 = "echo one > /etc/mark"';
	expect(planText(initCommand, ltsConf)).toMatchInlineSnapshot(`
		"put file      /run/netherd/init/init-command.sh  (0700, 30 B)
		  because INIT_COMMAND_1 (lts.conf:3 [default]), INIT_COMMAND_2 (lts.conf:2 [default])
		  │ echo one > /etc/mark
		  │ echo two
		run           /bin/sh /run/netherd/init/init-command.sh
		  because INIT_COMMAND_1 (lts.conf:3 [default]), INIT_COMMAND_2 (lts.conf:2 [default])
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
		  INIT_COMMAND_1='echo one > /etc/mark'
		  INIT_COMMAND_2='echo two'
		  HOSTNAME=ltsp10"
	`);
});

test("nothing set, nothing run", () => {
	expect(planStep(initCommand, "PREINIT_1 = true")).toEqual([]);
});

test("the lines share their variables and run in the root", async () => {
	root = makeTestRoot(["/bin/sh"]);
	await root.run(
		initCommand,
		`
INIT_COMMAND_1 = "word=shared"
INIT_COMMAND_2 = "echo \\$word >/mark"
`,
	);
	expect(root.read("mark")).toBe("shared\n");
});
