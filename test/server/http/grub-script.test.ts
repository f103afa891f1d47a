import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { grubFailureScript, grubFirstScript, grubScript } from "../../../server/http/grub-script.ts";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";

const parameters = {
	address: "10.0.0.1",
	httpPort: 8080,
	nbdPort: 10809,
	image: "node",
	version: "2",
	kernelFile: "vmlinuz",
	initramfsFile: "initramfs.img",
	extraParameters: 'console=ttyS0,115200 dyndbg="file drivers/x.c +p; $(reboot)"',
};

beforeAll(() => ensureDebianPackages(["grub-common"], "check GRUB's scripts with grub-script-check"));

/** GRUB's own parser. */
async function check(script: string): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "netherd-grub-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "boot.grub");
	writeFileSync(file, script);
	await execa("grub-script-check", [file]);
}

test("what GRUB reads over TFTP", async () => {
	const script = grubFirstScript("10.0.0.1", 8080);
	expect(script).toMatchInlineSnapshot(`
		"echo 'netherd: asking 10.0.0.1 what to boot'
		configfile (http,10.0.0.1:8080)/boot.grub?mac=$net_default_mac
		echo 'netherd: no answer from http://10.0.0.1:8080/boot.grub'
		echo 'netherd: rebooting in 5 s'
		sleep 5
		reboot
		"
	`);
	await check(script);
});

test("the menu: the node's own version first, then the others", async () => {
	const script = grubScript("52:54:00:00:00:01", [
		parameters,
		{ ...parameters, version: "1", extraParameters: "" },
	]);
	expect(script).toMatchInlineSnapshot(`
		"set timeout=2
		set default=0
		menuentry 'netherd: node 2' {
			echo 'netherd: loading node 2 from 10.0.0.1'
			if linux (http,10.0.0.1:8080)/images/node/2/vmlinuz root=/dev/nbd0 boot=netherd nbdroot=10.0.0.1:10809/node/2 netherd.server=http://10.0.0.1:8080 netherd.image=node/2 ip=dhcp BOOTIF=01-52-54-00-00-00-01 panic=10 printk.devkmsg=on console=ttyS0,115200 'dyndbg=file drivers/x.c +p; $(reboot)'; then
				if initrd (http,10.0.0.1:8080)/images/node/2/initramfs.img; then boot; fi
			fi
			echo 'netherd: loading failed; GRUB'\\''s own message is above'
			echo 'netherd: rebooting in 5 s'
			sleep 5
			reboot
		}
		menuentry 'netherd: node 1' {
			echo 'netherd: loading node 1 from 10.0.0.1'
			if linux (http,10.0.0.1:8080)/images/node/1/vmlinuz root=/dev/nbd0 boot=netherd nbdroot=10.0.0.1:10809/node/1 netherd.server=http://10.0.0.1:8080 netherd.image=node/1 ip=dhcp BOOTIF=01-52-54-00-00-00-01 panic=10 printk.devkmsg=on; then
				if initrd (http,10.0.0.1:8080)/images/node/1/initramfs.img; then boot; fi
			fi
			echo 'netherd: loading failed; GRUB'\\''s own message is above'
			echo 'netherd: rebooting in 5 s'
			sleep 5
			reboot
		}
		"
	`);
	await check(script);
});

test("a node that does not say who it is boots with the card that has a link", () => {
	expect(grubScript(undefined, [parameters])).not.toContain("BOOTIF");
});

test("why there is nothing to boot", async () => {
	const script = grubFailureScript("it's $broken; {x}\n  what to do: ünpack", "10.0.0.1", 80);
	expect(script).toMatchInlineSnapshot(`
		"echo 'it'\\''s $broken; {x}'
		echo '  what to do: ?npack'
		echo 'netherd: the server at 10.0.0.1:80 has nothing to boot'
		echo 'netherd: rebooting in 5 s'
		sleep 5
		reboot
		"
	`);
	await check(script);
});

test("no text of an error leaves its quotes", async () => {
	const texts = fc.sample(fc.string({ unit: "binary", maxLength: 40 }), 300);
	const script = texts.map((text) => grubFailureScript(text, "10.0.0.1", 80)).join("");
	await check(script);
	const commands = script.split("\n").filter((line) => line !== "" && !line.startsWith("echo "));
	expect(new Set(commands)).toEqual(new Set(["sleep 5", "reboot"]));
});
