import { type BootParameters, kernelCommandLine } from "./kernel-command-line.ts";

/** For somebody at the console who wants another version; an unattended boot waits as long. */
const menuSeconds = 2;
const pauseSeconds = 5;

/**
 * What GRUB reads over TFTP, at the one place where every GRUB looks (`/grub/grub.cfg`): it leads to the server's script
 * with the MAC address of the card. Commands as in GRUB's manual.
 */
export function grubFirstScript(address: string, httpPort: number): string {
	return [
		`echo ${quote(`netherd: asking ${address} what to boot`)}`,
		`configfile (http,${address}:${httpPort})/boot.grub?mac=$net_default_mac`,
		...orReboot(`no answer from http://${address}:${httpPort}/boot.grub`),
		"",
	].join("\n");
}

/**
 * The menu: what this node boots by itself, then the other versions.
 *
 * @param mac Lower case, with colons; undefined when the node did not say.
 * @param versions The default first.
 */
export function grubScript(mac: string | undefined, versions: readonly BootParameters[]): string {
	return [
		`set timeout=${menuSeconds}`,
		"set default=0",
		...versions.flatMap((parameters) => menuEntry(parameters, mac)),
		"",
	].join("\n");
}

/** Shows why there is nothing to boot, and asks again. */
export function grubFailureScript(why: string, address: string, httpPort: number): string {
	return [
		...why.split("\n").map((line) => `echo ${quote(line.replace(/[^\x20-\x7e]/g, "?"))}`),
		...orReboot(`the server at ${address}:${httpPort} has nothing to boot`),
		"",
	].join("\n");
}

function menuEntry(parameters: BootParameters, mac: string | undefined): string[] {
	const { address, httpPort, image, version, kernelFile, initramfsFile } = parameters;
	const folder = `(http,${address}:${httpPort})/images/${image}/${version}`;
	// 01: hardware type Ethernet.
	const bootInterface = mac === undefined ? undefined : `01-${mac.replaceAll(":", "-")}`;
	const commandLine = kernelCommandLine(parameters, bootInterface);
	return [
		`menuentry ${quote(`netherd: ${image} ${version}`)} {`,
		`	echo ${quote(`netherd: loading ${image} ${version} from ${address}`)}`,
		`	if linux ${folder}/${kernelFile} ${words(commandLine).map(quote).join(" ")}; then`,
		`		if initrd ${folder}/${initramfsFile}; then boot; fi`,
		"	fi",
		...orReboot("loading failed; GRUB's own message is above").map((line) => `	${line}`),
		"}",
	];
}

function orReboot(problem: string): string[] {
	return [
		`echo ${quote(`netherd: ${problem}`)}`,
		`echo ${quote(`netherd: rebooting in ${pauseSeconds} s`)}`,
		`sleep ${pauseSeconds}`,
		"reboot",
	];
}

/**
 * The words of a kernel command line, without quotes: GRUB puts quotes of its own around a word with a blank in it, and
 * the kernel takes them around the whole word (lib/cmdline.c, next_arg).
 */
function words(commandLine: string): string[] {
	return [...commandLine.matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)].map(([word]) => word.replaceAll('"', ""));
}

/** Single quotes protect everything but themselves (GRUB's manual, "Quoting"). */
function quote(text: string): string {
	return /^[\w./:=,+@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
