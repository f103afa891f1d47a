import type { Reading } from "./values.ts";

/** Beside the boot script's own and the companion's [kernel] parameters, of 2048 that the kernel takes. */
const lengthLimit = 512;

/** What the boot script says itself, and a boot of netherd hangs on. The words after a name's dot are any. */
const ownParameters =
	/^(?:root|boot|nbdroot|ip|BOOTIF|BOOT_IMAGE|initrd|rdinit|netherd(?:\..*)?|ltsp(?:\..*)?)$/i;

/**
 * Reads KERNEL_PARAMETERS: words for the kernel command line, a blank only within double quotes. The line goes through
 * the script readers of iPXE and GRUB, so what either of them takes as its own is refused.
 *
 * @returns The words as written, one blank between two.
 */
export function readKernelCommandLineWords(text: string): Reading<readonly string[]> {
	const words = [...text.trim().matchAll(/(?:[^\s"]|"[^"]*(?:"|$))+/g)].map(([word]) => word);
	for (const word of words) {
		const problem = problemWith(word);
		if (problem !== undefined) return { problem };
	}
	if (words.join(" ").length > lengthLimit) return { problem: `longer than ${lengthLimit} characters` };
	return { value: words };
}

function problemWith(word: string): string | undefined {
	if (!/^[\x20-\x7e]*$/.test(word)) return `${JSON.stringify(word)} has characters beyond printable ASCII`;
	if (/[\\'`$]/.test(word)) return `${word} has \\, ', \` or $, which boot loaders take as their own`;
	if (/&&|\|\||^[#;]/.test(word))
		return `${word} is more than a word to boot loaders: &&, ||, # and ; end one`;
	if ((word.match(/"/g)?.length ?? 0) % 2 === 1) return `${word} has a double quote without its partner`;
	const name = word.replaceAll('"', "").split("=")[0] ?? "";
	if (ownParameters.test(name)) return `${name} is netherd's own and cannot be set here`;
	return undefined;
}
