import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import type { Accelerator } from "./accelerator.ts";
import { Console } from "./console.ts";
import { endChild, type Farm } from "./farm.ts";
import { Guest } from "./guest.ts";
import { type MachineHardware, machineArguments } from "./machine-arguments.ts";
import type { QemuProgram, UefiFirmware } from "./qemu-program.ts";
import { Qmp } from "./qmp.ts";

/** What runs machines here. */
export interface Hypervisor {
	readonly qemu: QemuProgram;
	readonly accelerator: Accelerator;
}

/** A machine that is powered on. */
export interface PoweredMachine {
	readonly console: Console;
	readonly guest: Guest;
	/** Presses the reset button; the console goes on. Returns how many lines it had until then. */
	reset(): Promise<number>;
	/**
	 * Waits until the guest itself has rebooted at least once since power-on.
	 *
	 * @throws {NetherdError} `vm.no-reboot` with the console's last lines.
	 */
	rebooted(options: { timeoutMs: number }): Promise<void>;
	/** Types on the keyboard of the serial console: firmware and boot loader listen there. */
	type(keys: string): void;
	/** Milliseconds since power-on. */
	elapsedMs(): number;
	/** Pulls the plug. */
	powerOff(): Promise<void>;
}

/**
 * Powers on a diskless machine in a farm. Everything it prints goes to FOLDER/console.log (bytes) and
 * FOLDER/console.txt (lines with seconds), QEMU's own messages to FOLDER/qemu.log.
 *
 * @throws {NetherdError} `vm.qemu-failed`, `vm.network-failed`.
 */
export async function powerOn(
	hardware: MachineHardware,
	{ farm, hypervisor, folder }: { farm: Farm; hypervisor: Hypervisor; folder: string },
): Promise<PoweredMachine> {
	mkdirSync(folder, { recursive: true });
	const tap = farm.addTap();
	const connections = {
		tap,
		qmpSocket: join(farm.folder, `${tap}.qmp`),
		guestSocket: join(farm.folder, `${tap}.guest`),
		...(hardware.firmware === "bios"
			? {}
			: ownFirmware(hypervisor.qemu.firmware[hardware.firmware], join(farm.folder, `${tap}.variables`))),
	};

	const console = new Console(join(folder, "console"));
	const [file, ...args] = farm.argv(
		[...hypervisor.qemu.argv, ...machineArguments(hardware, connections, hypervisor.accelerator)],
		"KILL",
	);
	const startMs = performance.now();
	const elapsedMs = () => performance.now() - startMs;
	const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
	farm.adoptMachine(child);
	child.stdout.on("data", (bytes: Buffer) => console.push(bytes, elapsedMs()));
	const words = collectErrors(child, join(folder, "qemu.log"));
	child.once("close", (code, signal) => {
		console.close(signal ?? `QEMU ended with exit code ${code}`);
	});

	const early = once(child, "exit").then(() => {
		throw new NetherdError("vm.qemu-failed", `QEMU did not start: ${words().trim()}`, {
			hint: "its arguments are made in vm-tests/lib/machine-arguments.ts; qemu.log has all of its messages",
		});
	});
	early.catch(() => {}); // once it has started, its end is no failure to start
	const qmp = await Promise.race([Qmp.connect(connections.qmpSocket), early]);
	const guest = await Promise.race([Guest.connect(connections.guestSocket), early]);

	const rebooted = Promise.withResolvers<"rebooted">();
	// "guest": false is our own reset button (qapi/run-state.json).
	qmp.on("RESET", ({ guest }) => guest === true && rebooted.resolve("rebooted"));
	return {
		console,
		guest,
		type: (keys) => void child.stdin.write(keys),
		elapsedMs,
		async reset() {
			const lines = console.lines.length;
			await qmp.execute("system_reset");
			guest.expectNewShell();
			return lines;
		},
		async rebooted({ timeoutMs }) {
			const { promise: late, resolve } = Promise.withResolvers<"late">();
			const timeout = setTimeout(() => resolve("late"), timeoutMs);
			const outcome = await Promise.race([rebooted.promise, late]);
			clearTimeout(timeout);
			if (outcome === "rebooted") return;
			throw new NetherdError(
				"vm.no-reboot",
				`the machine did not reboot within ${timeoutMs / 1000} s; its last lines:\n${console.tail()}`,
				{
					hint: "panic=N on the kernel command line and ON_FAILURE in lts.conf decide what a failed boot does",
				},
			);
		},
		powerOff: () => endChild(child, "SIGKILL"),
	};
}

/** Keeps QEMU's messages in a file, and returns a function that tells them. */
function collectErrors(child: ChildProcess, file: string): () => string {
	const log = createWriteStream(file);
	let words = "";
	child.stderr?.on("data", (bytes: Buffer) => {
		words += bytes.toString();
		log.write(bytes);
	});
	child.on("close", () => log.end());
	return () => words;
}

function ownFirmware({ code, variables }: UefiFirmware, copy: string) {
	copyFileSync(variables, copy);
	return { firmwareCode: code, firmwareVariables: copy };
}
