import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";
import { findAccelerator } from "../../../vm-tests/lib/accelerator.ts";
import { Farm, farmNetwork } from "../../../vm-tests/lib/farm.ts";
import { type Hypervisor, powerOn } from "../../../vm-tests/lib/machine.ts";
import { processIds } from "../../../vm-tests/lib/network-namespace.ts";
import { findQemu } from "../../../vm-tests/lib/qemu-program.ts";
import { writeTinyInitramfs } from "../../../vm-tests/lib/tiny-initramfs.ts";

const folder = mkdtempSync(join(tmpdir(), "netherd-harness-"));
const hardware = { firmware: "bios", memoryMiB: 512, cpus: 1, mac: "52:54:00:00:00:01" } as const;
const limit = { timeoutMs: 240_000 };
let hypervisor: Hypervisor;

beforeAll(async () => {
	await ensureDebianPackages(["dnsmasq-base"], "answer a test machine");
	const qemu = await findQemu();
	hypervisor = { qemu, accelerator: await findAccelerator(qemu) };
	copyFileSync(qemu.kernel, join(folder, "vmlinuz"));
	writeFileSync(
		join(folder, "boot.ipxe"),
		"#!ipxe\nkernel vmlinuz console=ttyS0 quiet panic=-1\ninitrd initramfs\nboot\n",
	);
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true }));

test("a machine boots over PXE, is heard on its console, and reboots", { timeout: 600_000 }, async () => {
	await tinyInitramfs('echo "the tiny guest runs"; sleep 1; reboot -f');
	using farm = new Farm();
	const server = farm.start(dnsmasq(), join(folder, "dnsmasq.log"));
	const machine = await powerOn(hardware, { farm, hypervisor, folder });

	const { atMs } = await machine.console.waitFor("the tiny guest runs", limit);
	expect(atMs).toBeGreaterThan(0);
	await machine.rebooted(limit);
	const seen = machine.console.lines.length;
	await machine.console.waitFor("the tiny guest runs", { ...limit, fromLine: seen });

	await machine.powerOff();
	await server.stop();
	expect(processIds(farm.namespace)).toEqual([]);
	expect(readFileSync(join(folder, "console.txt"), "utf8")).toMatch(/^ +\d+\.\d{3} {2}the tiny guest runs$/m);
});

test("waiting for text says what the console showed instead", { timeout: 600_000 }, async () => {
	await tinyInitramfs('echo "something else"; poweroff -f');
	using farm = new Farm();
	farm.start(dnsmasq(), join(folder, "dnsmasq.log"));
	const machine = await powerOn(hardware, { farm, hypervisor, folder });

	await expect(machine.console.waitFor("the text", limit)).rejects.toMatchObject({
		code: "vm.machine-stopped",
		message: expect.stringContaining("something else"),
	});
});

async function tinyInitramfs(script: string): Promise<void> {
	await writeTinyInitramfs(hypervisor.qemu.busybox, script, join(folder, "initramfs"));
}

function dnsmasq(): string[] {
	return [
		...["dnsmasq", "--keep-in-foreground", "--log-facility=-", "--port=0", "--leasefile-ro", "--pid-file"],
		...["--conf-file=/dev/null", `--interface=${farmNetwork.interface}`, "--bind-interfaces", "--user=root"],
		...["--dhcp-range=192.168.67.100,192.168.67.150", `--dhcp-host=${hardware.mac},192.168.67.100`],
		...["--enable-ra", "--dhcp-range=fd67:6e65:7468::,ra-only"],
		...["--enable-tftp", `--tftp-root=${folder}`, "--dhcp-boot=boot.ipxe", "--log-dhcp"],
	];
}
