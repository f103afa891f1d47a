import {
	type ConfigKey,
	configKeys,
	freeSections,
	isFreeSection,
	keyOf,
	sectionNames,
	sectionOf,
} from "./config/keys.ts";
import { programPackages } from "./programs.ts";

export const mainHelp = `companion - serves what diskless machines need to boot: boot loader, kernel, initramfs, lts.conf, root image

Usage:
  companion serve DIR --config FILE            serve until told to stop (SIGTERM, Ctrl-C)
  companion check DIR --config FILE            look at everything, start nothing, print what would listen where
  companion explain DIR NODE --config FILE     which image a node boots, and why
  companion releases list DIR                  versions of images; also promote, rollback, prune
  companion dhcp-config isc|kea|dnsmasq --config FILE
                                               what a DHCP server that you already have needs to know
  companion --help | --version                 also: companion COMMAND --help

Exit codes: 0 done, 1 a bug or a lost log, 2 refused (the message has a code, and says what to do).
`;

const arguments_ = `Arguments:
  DIR                    the boot tree that the image build makes:
                           lts.conf                        the farm; may be a link inside DIR; may be missing
                           lts.conf.sig                    its signature, unless the companion makes it
                           images/NAME/VERSION/            vmlinuz, initramfs.img, image.squashfs, image.json,
                                                           image.json.sig
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
lts.conf, needs no restart. Nor does what the configuration says about what machines boot: [image],
[kernel], [groups], [pins], and the names of [hosts]. What else changes there needs one.

What nodes can ask for:
  DHCP, TFTP             the boot loader, then http://ADDRESS:PORT/boot.ipxe
  GET  /boot.ipxe        script that loads kernel and initramfs of the default image's current version, or of
                         what [pins] says for the node; with pins, nodes are asked for their MAC address first
  GET  /lts.conf         DIR/lts.conf
  GET  /lts.conf.sig     its signature: made for the file as it is now, with [signing] key; else DIR/lts.conf.sig
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

/** Help of `companion explain`. */
export function explainHelp(): string {
	return `companion explain DIR NODE --config FILE - which image a node boots, and why

Arguments:
  DIR                    the boot tree
  NODE                   a MAC address, or a name in [hosts]
  --config FILE          the configuration
  --format FORMAT        text (default) or json

A pin of a MAC address goes before one of a name, that before one of a group, and among groups the first in the
file. A node that no pin names boots the current version of the default image. It starts nothing, and asks no
companion: it reads the same files.

Examples:
  companion explain /srv/netherd node7 --config /srv/companion.ini
  companion explain /srv/netherd 52:54:00:00:20:11 --config /srv/companion.ini --format json

Exit codes: 0 done, 2 refused: the configuration is wrong, or what the node would boot is not there.
`;
}

/** Help of `companion releases` and of all its commands. */
export function releasesHelp(): string {
	return `companion releases - versions of images in a boot tree: which one nodes boot, and which go

Usage:
  companion releases list DIR [--config FILE]
  companion releases promote DIR NAME/VERSION [--verify]
  companion releases rollback DIR [NAME]
  companion releases prune DIR [NAME] --keep N --config FILE [--dry-run]

Arguments:
  DIR                    the boot tree; its versions are DIR/images/NAME/VERSION, which nobody changes once
                         they are there, and DIR/images/NAME/current is a link to one of them
  NAME                   an image; with rollback not needed when there is only one, with prune: all of them
  --config FILE          the companion's configuration, for its pins
  --format FORMAT        text (default) or json

list       Every version, the newest first: size, and what it is: current, previous (where a rollback goes),
           pinned, in use, or not whole, and why.
promote    Makes a version current. A version with a missing file, or one whose size is not that in its
           image.json, is refused; with --verify also one with a wrong SHA-256. A machine that boots in that
           moment gets the old version or the new one, whole.
rollback   Makes the version current that was so before. Again, and it is the one before that. What was
           current when is in DIR/images/NAME/history.
prune      Removes old versions. --keep N of the newest stay, and always those that are current, previous,
           pinned, not whole (somebody may be copying them), or in use: a companion on this machine holds a
           lock on a version that a node reads, and on one that it told a node to boot in the last half
           hour. Says what went and what stays, and why. --dry-run only says it. When it is interrupted, a
           version is whole or gone; the next prune takes away what is left of it.

Needs no companion that runs, and disturbs none. Nodes that are up are not touched: they have their image in
RAM, or hold it open.

Examples:
  companion releases list /srv/netherd --config /srv/companion.ini
  companion releases promote /srv/netherd node/20260102T030405Z-01234567 --verify
  companion releases rollback /srv/netherd
  companion releases prune /srv/netherd --keep 3 --config /srv/companion.ini --dry-run

Exit codes: 0 done, also when there was nothing to do; 2 refused or not all removed (the message has a code).
`;
}

/** Help of `companion dhcp-config`. */
export function dhcpConfigHelp(): string {
	return `companion dhcp-config isc|kea|dnsmasq --config FILE - what a DHCP server that you already have needs to know

Arguments:
  isc                    for ISC dhcpd: declarations to include in dhcpd.conf
  kea                    for Kea (2.2 and later): members of "Dhcp4", JSON
  dnsmasq                for dnsmasq: a file for /etc/dnsmasq.d
  --config FILE          the companion's configuration; what is taken from it: [network], [http] port, [hosts]

Prints it on standard output, with comments that say where it goes and how to try it. In it: the boot loader by
client architecture (BIOS, UEFI, UEFI HTTP boot), the boot script for iPXE, and the address and name of each node of
[hosts], for all its network cards. Ranges, routers and other options stay as your server has them. Machines that
do not boot over the network are not affected. The companion itself then runs with [dhcp] mode = off.

Examples:
  companion dhcp-config dnsmasq --config /srv/companion.ini >/etc/dnsmasq.d/netherd.conf
  companion dhcp-config isc --config /srv/companion.ini >/etc/dhcp/netherd.conf
  companion dhcp-config kea --config /srv/companion.ini

Exit codes: 0 done, 2 refused: the configuration is wrong, or the interface has no such address.
`;
}

/** Every key of the configuration as lines for people. */
export function configHelp(): string {
	const sections = sectionNames.map((section) => {
		if (isFreeSection(section)) {
			const { example, help } = freeSections[section];
			return `  [${section}]\n    ${example}\n${wrapped(`${help}.`)}`;
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

/** Every key but those of the free sections, in the order of the table; the documentation is made from it. */
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
