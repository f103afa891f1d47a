/** One key of lts.conf, or a family of keys with a common prefix. The table is what docs, checks and steps go by. */
export interface KeyDefinition {
	/** `TIMEZONE`, or `FSTAB_*` for every key that starts with `FSTAB_`. */
	readonly name: string;
	readonly type: KeyType;
	/** What may be written, for `choice`. */
	readonly choices?: readonly string[];
	/** The value when nothing sets the key, in the words of lts.conf. */
	readonly default?: string;
	/** What happens when nothing sets the key, where that is not a value. */
	readonly otherwise?: string;
	/** The boot step that acts on the key: a file of agent/ without `.ts`; `agent` for the program itself. */
	readonly owner: string;
	/** What the key does, in one line. */
	readonly help: string;
	/** The value is never printed, logged or put in a plan. */
	readonly secret?: true;
	readonly origin: "ltsp5" | "netherd";
}

export type KeyType =
	| "text"
	| "boolean"
	| "size"
	| "duration"
	| "choice"
	/** Words separated by blanks. */
	| "list"
	/** IP addresses separated by blanks. */
	| "addresses"
	/** IP address or host name. */
	| "host"
	/** Hosts separated by blanks. */
	| "hosts"
	| "hostname"
	/** Start or end of a host name. */
	| "hostname-part"
	/** Domain names separated by blanks. */
	| "domains"
	/** A path below /usr/share/zoneinfo. */
	| "timezone"
	/** A line that a shell runs. */
	| "shell-line"
	/** NAME or NAME/VERSION of an image. */
	| "image"
	/** A line of fstab(5). */
	| "fstab-line"
	/** A line of /etc/hosts. */
	| "hosts-line"
	/** A line of crontab(5) with a user field. */
	| "cron-line"
	/** Module name and arguments. */
	| "module"
	/** `name = value` of sysctl(8). */
	| "sysctl"
	/** A line of authorized_keys (sshd(8)). */
	| "ssh-key"
	/** A hash as crypt(5) writes it. */
	| "password-hash"
	/** HOST:PORT of the API server. */
	| "endpoint"
	/** A bootstrap token of kubeadm. */
	| "bootstrap-token"
	/** `sha256:…` hashes separated by blanks. */
	| "ca-cert-hashes"
	/** `key=value`. */
	| "label"
	/** `key=value:Effect`. */
	| "taint"
	/** `name=value`. */
	| "argument";

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
		type: "list",
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
		help: "Hash of root's password, as mkpasswd prints it, with \\$ for every $.",
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
	{
		name: "KUBEADM_JOIN_ENDPOINT",
		type: "endpoint",
		owner: "join/10-join-configuration",
		help: "HOST:PORT of the API server that the node joins; without it the node joins nothing.",
	},
	{
		name: "KUBEADM_JOIN_TOKEN",
		type: "bootstrap-token",
		owner: "join/10-join-configuration",
		secret: true,
		help: "Bootstrap token for the join.",
	},
	{
		name: "KUBEADM_JOIN_CA_CERT_HASH",
		type: "ca-cert-hashes",
		owner: "join/10-join-configuration",
		help: "sha256: hash of the cluster's CA certificate; several are separated by blanks.",
	},
	{
		name: "KUBERNETES_LABEL_*",
		type: "label",
		owner: "join/10-join-configuration",
		help: "A label that the node registers with: key=value.",
	},
	{
		name: "KUBERNETES_TAINT_*",
		type: "taint",
		owner: "join/10-join-configuration",
		help: "A taint that the node registers with: key=value:Effect.",
	},
	{
		name: "KUBELET_EXTRA_ARG_*",
		type: "argument",
		owner: "join/10-join-configuration",
		help: "An argument for the kubelet: name=value, without dashes before the name.",
	},
];

/** Every key that does something, LTSP 5's first, in the order of the boot. */
export const keys: readonly KeyDefinition[] = [
	...ltsp5.map((key) => ({ ...key, origin: "ltsp5" as const })),
	...netherd.map((key) => ({ ...key, origin: "netherd" as const })),
];
