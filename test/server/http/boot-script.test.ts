import { expect, test } from "vitest";
import { bootScript, failureScript } from "../../../server/http/boot-script.ts";
import { kernelCommandLine } from "../../../server/http/kernel-command-line.ts";

const parameters = {
	address: "10.0.0.1",
	httpPort: 8080,
	nbdPort: 10809,
	image: "node",
	version: "2026-01-01.1",
	kernelFile: "vmlinuz",
	initramfsFile: "initramfs.img",
	extraParameters: "console=ttyS0,115200",
};

test("the script that a node runs", () => {
	expect(bootScript(parameters)).toMatchInlineSnapshot(`
		"#!ipxe
		isset \${attempt} || set attempt:int32 1
		:try
		echo netherd: image node, version 2026-01-01.1, from 10.0.0.1
		imgfree
		initrd --name initramfs.img http://10.0.0.1:8080/images/node/2026-01-01.1/initramfs.img || goto failed
		kernel http://10.0.0.1:8080/images/node/2026-01-01.1/vmlinuz initrd=initramfs.img root=/dev/nbd0 boot=netherd nbdroot=10.0.0.1:10809/node/2026-01-01.1 netherd.server=http://10.0.0.1:8080 netherd.image=node/2026-01-01.1 ip=dhcp BOOTIF=01-\${netX/mac:hexhyp} panic=10 printk.devkmsg=on console=ttyS0,115200 || goto failed
		boot || goto failed
		:failed
		echo netherd: loading failed, iPXE error \${errno}; its own message is above
		iseq \${attempt} 5 && goto give_up ||
		echo netherd: attempt \${attempt} of 5 failed, again in 5 s
		sleep 5
		inc attempt
		goto try
		:give_up
		echo netherd: rebooting in 5 s
		sleep 5
		reboot || exit 1
		"
	`);
});

test("the command line without extra parameters ends without a blank", () => {
	expect(kernelCommandLine({ ...parameters, extraParameters: "" }, "01-52-54-00-00-00-01")).toMatch(
		/ panic=10 printk.devkmsg=on$/,
	);
});

test("with the whole root in the initramfs, or without NBD, nothing names an NBD export", () => {
	const whole = kernelCommandLine({ ...parameters, rootFormat: "initramfs" }, undefined);
	expect(whole).toMatchInlineSnapshot(
		`"root=initramfs boot=netherd netherd.server=http://10.0.0.1:8080 netherd.image=node/2026-01-01.1 ip=dhcp panic=10 printk.devkmsg=on console=ttyS0,115200"`,
	);
	const overHttp = kernelCommandLine({ ...parameters, nbdPort: undefined }, undefined);
	expect(overHttp).toMatch(/^root=\/dev\/nbd0 boot=netherd netherd\.server=/);
});

test("the script that tells a node's console why there is nothing to boot", () => {
	const script = failureScript(
		"cannot read ${x} && y\n  what to do: ünpack | it",
		"http://10.0.0.1/boot.ipxe",
	);
	expect(script).toMatchInlineSnapshot(`
		"#!ipxe
		isset \${attempt} || set attempt:int32 1
		:try
		echo cannot read ?{x} ?? y
		echo   what to do: ?npack ? it
		:failed
		echo netherd: the server at http://10.0.0.1/boot.ipxe has nothing to boot
		iseq \${attempt} 5 && goto give_up ||
		echo netherd: attempt \${attempt} of 5 failed, again in 5 s
		sleep 5
		inc attempt
		chain --replace http://10.0.0.1/boot.ipxe || goto try
		:give_up
		echo netherd: rebooting in 5 s
		sleep 5
		reboot || exit 1
		"
	`);
});
