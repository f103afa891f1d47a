import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { cacheFolder } from "../../tools/cache.ts";
import type { QemuProgram } from "./qemu-program.ts";
import { writeTinyInitramfs } from "./tiny-initramfs.ts";

/** How machines run: QEMU's `-accel` and `-cpu`, and why. */
export interface Accelerator {
	readonly accel: "kvm" | "tcg,thread=multi";
	readonly cpu: "host" | "max";
	readonly reason: string;
}

const emulation = { accel: "tcg,thread=multi", cpu: "max" } as const;
const message = "netherd: this guest runs";
/** With working KVM the guest needs less than a second; a guest that hangs must not cost more than this. */
const limitMs = 8_000;

/**
 * KVM when a guest really runs on it, else emulation. The device node proves nothing: on a nested host without full
 * virtualization a guest hangs at its first instructions. So a kernel and a busybox are booted, once per boot of this
 * host; the answer is kept in the cache folder.
 */
export async function findAccelerator(qemu: QemuProgram): Promise<Accelerator> {
	try {
		accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
	} catch {
		return { ...emulation, reason: "no access to /dev/kvm" };
	}
	const question = `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${qemu.argv.join(" ")}`;
	const file = join(cacheFolder, "vm/accelerator.json");
	const known = readAnswer(file);
	if (known?.question === question) return known.answer;

	const trouble = await troubleWithKvm(qemu);
	const answer: Accelerator =
		trouble === undefined
			? { accel: "kvm", cpu: "host", reason: "a guest ran on /dev/kvm" }
			: { ...emulation, reason: `no guest runs on /dev/kvm: ${trouble}` };
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, JSON.stringify({ question, answer }));
	return answer;
}

function readAnswer(file: string): { question: string; answer: Accelerator } | undefined {
	try {
		return JSON.parse(readFileSync(file, "utf8"));
	} catch {
		return undefined;
	}
}

async function troubleWithKvm(qemu: QemuProgram): Promise<string | undefined> {
	const folder = mkdtempSync(join(tmpdir(), "netherd-kvm-"));
	const initramfs = join(folder, "initramfs");
	const [file, ...args] = qemu.argv;
	try {
		await writeTinyInitramfs(qemu.busybox, `echo "${message}"\npoweroff -f`, initramfs);
		const machine =
			"-nodefaults -no-user-config -machine q35 -accel kvm -cpu host -m 256 -display none -no-reboot";
		const result = await execa(
			file,
			[
				...args,
				...machine.split(" "),
				...["-serial", "stdio", "-kernel", qemu.kernel, "-initrd", initramfs],
				...["-append", "console=ttyS0 quiet panic=-1"],
			],
			{ reject: false, stdin: "ignore", timeout: limitMs, killSignal: "SIGKILL" },
		);
		if (result.stdout.includes(message)) return undefined;
		if (result.timedOut) return `it did not reach its init in ${limitMs / 1000} s`;
		return result.stderr.split("\n")[0] || `QEMU ended with exit code ${result.exitCode}`;
	} finally {
		rmSync(folder, { recursive: true });
	}
}
