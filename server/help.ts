import {
	type ConfigKey,
	configKeys,
	hostsHelp,
	hostsSection,
	keyOf,
	sectionNames,
	sectionOf,
} from "./config/keys.ts";
import { programPackages } from "./programs.ts";

export const mainHelp = `companion - serves what diskless machines need to boot: boot loader, kernel, initramfs, lts.conf, root image

Usage:
  companion serve DIR --config FILE    serve until told to stop (SIGTERM, Ctrl-C)
  companion check DIR --config FILE    look at everything, start nothing, print what would listen where
  companion --help | --version         also: companion serve --help, companion check --help

Exit codes: 0 done, 1 a bug or a lost log, 2 refused (the message has a code, and says what to do).
`;

const arguments_ = `Arguments:
  DIR                    the boot tree that the image build makes:
                           lts.conf                        the farm; may be a link inside DIR; may be missing
                           images/NAME/VERSION/            vmlinuz, initramfs.img, image.squashfs, image.json
                           images/NAME/current -> VERSION  the version that nodes boot
                           loader/                         undionly.kpxe (BIOS), snponly.efi (UEFI)
  --config FILE          the configuration, an ini file; every key is below
`;

/** Help of `companion serve`. */
export function serveHelp(): string {
	return `companion serve DIR --config FILE - serves until told to stop

${arguments_}  --log-format FORMAT    text or json, instead of what the configuration says

It starts dnsmasq (twice: TFTP, DHCP) and nbdkit as children, and starts them again when they die. One
line per event goes to standard output; the line "ready" (event companion.ready) says that machines can
boot. SIGTERM and SIGINT stop it. DIR is read for every request: a new version of an image, or a new
lts.conf, needs no restart. A new configuration does.

What nodes can ask for:
  DHCP, TFTP             the boot loader, then http://ADDRESS:PORT/boot.ipxe
  GET  /boot.ipxe        script that loads kernel and initramfs of the default image's current version
  GET  /lts.conf         DIR/lts.conf
  GET  /images/…         anything in DIR/images; /loader/… likewise
  POST /events           one JSON object, at most 64 KiB, logged as one line
  GET  /health           200 when all children run, else 503; JSON
  NBD  NAME, /NAME       the root image of that name; /opt/ltsp/amd64 is the default image

Needs root, and the Debian packages ${[...new Set(Object.values(programPackages))].join(", ")}.

${configHelp()}`;
}

/** Help of `companion check`. */
export function checkHelp(): string {
	return `companion check DIR --config FILE - looks at everything that serve looks at, and starts nothing

${arguments_}  --format FORMAT        text (default) or json

Prints what would listen where, in the order of the start. Exit code 0, or 2 with the reason. It needs no root, and
does not mind a companion that runs already.

${configHelp()}`;
}

/** Every key of the configuration as lines for people. */
export function configHelp(): string {
	const sections = sectionNames.map((section) => {
		if (section === hostsSection) {
			return `  [${section}]\n    ${hostsHelp.example}\n${wrapped(`${hostsHelp.help}.`)}`;
		}
		const keys = configRows()
			.filter((row) => row.section === section)
			.map((row) => `    ${row.key} = ${row.example}\n${wrapped(`${row.help}. ${row.presence}.`)}`);
		return [`  [${section}]`, ...keys].join("\n");
	});
	return `Configuration:\n${sections.join("\n")}\n`;
}

/** One key, for tables. */
export interface ConfigRow {
	readonly section: string;
	readonly key: string;
	readonly example: string;
	/** Required, optional, or the default. */
	readonly presence: string;
	readonly help: string;
}

/** Every key but those of [hosts], in the order of the table; the documentation is made from it. */
export function configRows(): ConfigRow[] {
	return Object.entries<ConfigKey<unknown>>(configKeys).map(([name, definition]) => ({
		section: sectionOf(name),
		key: keyOf(name),
		example: definition.example,
		presence: presenceOf(definition),
		help: definition.help,
	}));
}

function presenceOf({ isRequired, defaultText }: ConfigKey<unknown>): string {
	if (isRequired) return "Required";
	if (defaultText === undefined) return "Optional";
	return defaultText === "" ? "Default: empty" : `Default: ${defaultText}`;
}

/** Lines of at most 100 characters, indented by 6. */
function wrapped(text: string): string {
	const lines: string[] = [];
	for (const word of text.split(" ")) {
		const last = lines.at(-1);
		if (last === undefined || last.length + 1 + word.length > 94) lines.push(word);
		else lines[lines.length - 1] = `${last} ${word}`;
	}
	return lines.map((line) => `      ${line}`).join("\n");
}
