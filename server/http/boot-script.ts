import { type BootParameters, kernelCommandLine } from "./kernel-command-line.ts";

/** How often the boot loader tries, and how long it waits in between, before it reboots. */
const attempts = 5;
const pauseSeconds = 5;

/** UEFI kernels before 5.7 find the initramfs only by this name (Documentation/admin-guide/efi-stub.rst). */
const initramfsName = "initrd=initramfs.img";

/** netX is the card that iPXE booted from; 01 is the hardware type Ethernet. */
const bootInterface = "01-${netX/mac:hexhyp}";

/**
 * The script that iPXE runs (https://ipxe.org/scripting). It names one version throughout: a release in the middle of a
 * boot cannot mix two.
 */
export function bootScript(parameters: BootParameters): string {
	const { address, httpPort, image, version, kernelFile, initramfsFile } = parameters;
	const folder = `http://${address}:${httpPort}/images/${image}/${version}`;
	return script(
		[
			`echo netherd: image ${image}, version ${version}, from ${address}`,
			"imgfree",
			`initrd --name initramfs.img ${folder}/${initramfsFile} || goto failed`,
			`kernel ${folder}/${kernelFile} ${initramfsName} ${kernelCommandLine(parameters, bootInterface)} || goto failed`,
			"boot || goto failed",
		],
		"netherd: loading failed, iPXE error ${errno}; its own message is above",
	);
}

/**
 * Runs on nodes when this server knows no version that could boot: shows why on their consoles, and tries again, because
 * the folder may be right soon.
 */
export function failureScript(why: string, url: string): string {
	const lines = why.split("\n").map((line) => `echo ${plainText(line)}`);
	return script(lines, `netherd: the server at ${plainText(url)} has nothing to boot`, [
		`chain --replace ${url} || goto try`,
	]);
}

/**
 * Runs where this server must know who asks: some nodes are pinned to another image. iPXE puts in its MAC address, and
 * what it loads then is the script that all get elsewhere.
 */
export function introductionScript(url: string): string {
	// netX is the card that iPXE booted from.
	return script(
		[`chain --replace ${url}?mac=\${netX/mac} || goto failed`],
		"netherd: no answer from the server, iPXE error ${errno}; its own message is above",
	);
}

/** @param attempt Jumps to `failed` when it does not work. */
function script(attempt: readonly string[], failure: string, retry = ["goto try"]): string {
	return [
		"#!ipxe",
		// A script that this one chained to goes on counting.
		"isset ${attempt} || set attempt:int32 1",
		":try",
		...attempt,
		":failed",
		`echo ${failure}`,
		`iseq \${attempt} ${attempts} && goto give_up ||`,
		`echo netherd: attempt \${attempt} of ${attempts} failed, again in ${pauseSeconds} s`,
		`sleep ${pauseSeconds}`,
		"inc attempt",
		...retry,
		":give_up",
		`echo netherd: rebooting in ${pauseSeconds} s`,
		`sleep ${pauseSeconds}`,
		"reboot || exit 1",
		"",
	].join("\n");
}

/** Nothing that iPXE expands or that ends a command. */
function plainText(text: string): string {
	return text.replace(/[^\x20-\x7e]/g, "?").replace(/[$&|]/g, "?");
}
