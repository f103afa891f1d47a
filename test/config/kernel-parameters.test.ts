import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { readKernelCommandLineWords } from "../../agent/config/kernel-parameters.ts";

describe("words for the kernel command line", () => {
	test("stay as they are, with one blank between them", () => {
		const text = '  quiet\tmitigations=off  dyndbg="file drivers/x.c +p" console=ttyS0,115200n8 -- single ';
		expect(readKernelCommandLineWords(text)).toEqual({
			value: [
				"quiet",
				"mitigations=off",
				'dyndbg="file drivers/x.c +p"',
				"console=ttyS0,115200n8",
				"--",
				"single",
			],
		});
	});

	test("may replace what is not netherd's own", () => {
		expect(readKernelCommandLineWords("panic=0 rootdelay=5 bootdev=x ipv6.disable=1 init=/sbin/x")).toEqual({
			value: expect.any(Array),
		});
	});

	test.each([
		["root=/dev/sda1", /^root is netherd's own/],
		["quiet boot=live", /^boot is netherd's own/],
		["IP=dhcp", /^IP is netherd's own/],
		['"nbdroot=10.0.0.9/x"', /^nbdroot is netherd's own/],
		["netherd.verify=none", /^netherd\.verify is netherd's own/],
		["ltsp.hostname=x", /^ltsp\.hostname is netherd's own/],
		["initrd=other.img", /^initrd is netherd's own/],
		["BOOTIF", /^BOOTIF is netherd's own/],
		["a=${net0/mac}", /boot loaders take as their own$/],
		["a=$(reboot)", /boot loaders take as their own$/],
		["a='b'", /boot loaders take as their own$/],
		["a=b\\c", /boot loaders take as their own$/],
		["quiet && reboot", /^&& is more than a word/],
		["quiet || reboot", /^\|\| is more than a word/],
		["quiet #comment", /^#comment is more than a word/],
		["quiet ; reboot", /^; is more than a word/],
		['a="b c', /a double quote without its partner$/],
		["quiet\nreboot=x\u0001", /beyond printable ASCII$/],
		["naïve=1", /beyond printable ASCII$/],
		[`a=${"x".repeat(511)}`, /^longer than 512 characters$/],
	])("%s is refused", (text, problem) => {
		expect(readKernelCommandLineWords(text)).toEqual({ problem: expect.stringMatching(problem) });
	});
});

test("agent check names the line of a word that is netherd's own, and a secret stays off the command line", () => {
	const text = `[default]
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
[rack7*]
KERNEL_PARAMETERS = "nosmt root=/dev/sda1"
[rack8*]
KERNEL_PARAMETERS = "x=$KUBEADM_JOIN_TOKEN"
`;
	const found = checkLtsConf(text, "lts.conf").filter(({ severity }) => severity === "error");
	expect(found.map(({ line, code, message }) => ({ line, code, message }))).toEqual([
		{
			line: 4,
			code: "lts-conf.bad-value",
			message: "KERNEL_PARAMETERS: nosmt root=/dev/sda1: root is netherd's own and cannot be set here",
		},
		{ line: 6, code: "lts-conf.bad-value", message: expect.stringMatching(/looks like a secret/) },
	]);
});
