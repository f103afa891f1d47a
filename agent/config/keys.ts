import { joinKeys } from "./join-keys.ts";
import type { KeyDefinition } from "./key-definition.ts";

export type { KeyDefinition, KeyType } from "./key-definition.ts";

const ltsp5: readonly Omit<KeyDefinition, "origin">[] = [
	{
		name: "LIKE",
		type: "text",
		owner: "agent",
		help: "Name of a section whose keys apply too; several LIKE lines are allowed, the first wins.",
	},
	{
		name: "LTSP_NBD_TO_RAM",
		type: "boolean",
		default: "true",
		owner: "initramfs/20-fetch-image",
		help: "Copy the root image into RAM; if not, it stays on the server and is read over NBD.",
	},
	{
		name: "HOSTNAME",
		type: "hostname",
		otherwise: "the name from DHCP, else HOSTNAME_BASE followed by HOSTNAME_EXTRA",
		owner: "init/10-host-name",
		help: "Host name of the node.",
	},
	{
		name: "HOSTNAME_BASE",
		type: "hostname-part",
		default: "ltsp",
		owner: "init/10-host-name",
		help: "Start of a generated host name.",
	},
	{
		name: "HOSTNAME_EXTRA",
		type: "hostname-part",
		default: "ip",
		owner: "init/10-host-name",
		help: "End of a generated host name: ip (host part of the address as a number), mac, or a text of your own.",
	},
	{
		name: "SERVER",
		type: "host",
		otherwise: "the server that the image comes from",
		owner: "init/15-hosts",
		help: "Address of the server; it is called server in /etc/hosts.",
	},
	{
		name: "HOSTS_*",
		type: "hosts-line",
		owner: "init/15-hosts",
		help: "A line for /etc/hosts: address, name, further names.",
	},
	{
		name: "DNS_SERVER",
		type: "addresses",
		otherwise: "the servers from DHCP",
		owner: "init/20-dns",
		help: "Addresses of name servers, separated by blanks.",
	},
	{
		name: "SEARCH_DOMAIN",
		type: "domains",
		otherwise: "the domain from DHCP",
		owner: "init/20-dns",
		help: "Domains in which short host names are looked up, separated by blanks.",
	},
	{
		name: "MODULE_*",
		type: "module",
		owner: "init/25-kernel-modules",
		help: "A kernel module to load, with its arguments.",
	},
	{
		name: "INIT_COMMAND_*",
		type: "shell-line",
		owner: "init/35-init-command",
		help: "A shell line that runs in the new root before its files are written.",
	},
	{
		name: "CRONTAB_*",
		type: "cron-line",
		owner: "init/40-cron",
		help: "A line for /etc/cron.d, with the user in its sixth field.",
	},
	{
		name: "CONFIGURE_FSTAB",
		type: "boolean",
		default: "true",
		owner: "init/45-fstab",
		help: "Write /etc/fstab; if not, the image's own file stays.",
	},
	{
		name: "FSTAB_*",
		type: "fstab-line",
		owner: "init/45-fstab",
		help: "A line for /etc/fstab; its mount point is made.",
	},
	{
		name: "NET_DEVICE_METHOD",
		type: "choice",
		choices: ["dhcp", "static", "manual"],
		default: "dhcp",
		owner: "init/50-network",
		help: "The boot interface: dhcp renews its lease, static keeps the address without DHCP, manual leaves it alone.",
	},
	{
		name: "RCFILE_*",
		type: "shell-line",
		owner: "init/60-rc-local",
		help: "A shell line for /etc/rc.local, which runs late in the boot.",
	},
	{
		name: "KEEP_SYSTEM_SERVICES",
		type: "list",
		owner: "init/65-services",
		help: "Services that stay although a diskless node is normally rid of them, separated by blanks.",
	},
	{
		name: "RM_SYSTEM_SERVICES",
		type: "services",
		owner: "init/65-services",
		help: "Further services to mask, separated by blanks.",
	},
	{
		name: "TIMEZONE",
		type: "timezone",
		otherwise: "the image's time zone",
		owner: "init/70-time",
		help: "Time zone, such as Europe/Prague.",
	},
	{
		name: "TIMESERVER",
		type: "hosts",
		otherwise: "the image's time servers",
		owner: "init/70-time",
		help: "Time servers, separated by blanks; auto is SERVER.",
	},
	{
		name: "USE_LOCAL_SWAP",
		type: "boolean",
		default: "false",
		owner: "init/75-swap",
		help: "Use swap partitions of local disks; the kubelet refuses to run with swap.",
	},
	{
		name: "SYSLOG_HOST",
		type: "hosts",
		owner: "init/80-syslog",
		help: "Hosts that get the node's syslog, separated by blanks.",
	},
	{
		name: "PREINIT_*",
		type: "shell-line",
		owner: "init/95-preinit",
		help: "A shell line that runs in the new root last of all before systemd; all lines run in one shell.",
	},
];

const netherd: readonly Omit<KeyDefinition, "origin">[] = [
	{
		name: "IMAGE",
		type: "image",
		otherwise: "the image that the boot script names",
		owner: "initramfs/20-fetch-image",
		help: "Root image of the node: NAME, or NAME/VERSION to stay with one version.",
	},
	{
		name: "IMAGE_TMPFS_SIZE",
		type: "size",
		otherwise: "as large as the image",
		owner: "initramfs/20-fetch-image",
		help: "Size of the tmpfs that holds the image: 2G, 512M, or a share of RAM such as 30%.",
	},
	{
		name: "OVERLAY_TMPFS_SIZE",
		type: "size",
		default: "50%",
		owner: "initramfs/40-assemble-root",
		help: "Size of the tmpfs that takes all changes to the root: 2G, 512M, or a share of RAM such as 30%.",
	},
	{
		name: "SYSCTL_*",
		type: "sysctl",
		owner: "init/30-sysctl",
		help: "A kernel setting: name = value.",
	},
	{
		name: "SSH_AUTHORIZED_KEY_*",
		type: "ssh-key",
		owner: "init/85-accounts",
		help: "A public key that may log in as root.",
	},
	{
		name: "ROOT_PASSWORD_HASH",
		type: "password-hash",
		owner: "init/85-accounts",
		secret: true,
		help: "Hash of root's password, as mkpasswd prints it.",
	},
	{
		name: "ON_FAILURE",
		type: "choice",
		choices: ["reboot", "shell", "poweroff"],
		default: "reboot",
		owner: "agent",
		help: "What a node does after a failed boot.",
	},
	{
		name: "ON_FAILURE_DELAY",
		type: "duration",
		otherwise: "panic= of the kernel command line, else 10s",
		owner: "agent",
		help: "How long the message of a failed boot stays on the console before that.",
	},
];

/** Every key that does something, LTSP 5's first, in the order of the boot. */
export const keys: readonly KeyDefinition[] = [
	...ltsp5.map((key) => ({ ...key, origin: "ltsp5" as const })),
	...[...netherd, ...joinKeys].map((key) => ({ ...key, origin: "netherd" as const })),
];
