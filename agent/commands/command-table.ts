import { stageNames } from "../facts/facts.ts";

/** An option of a command, as `--help`, the man page, the completions and the parser know it. */
export interface OptionDescription {
	readonly name: string;
	/**
	 * What follows it, as help shows it; absent: nothing. `FILE` is one word, `OLD NEW` are two, and with `text|json` only
	 * these are taken. See {@link wordKind} for what the words mean.
	 */
	readonly value?: string;
	readonly help: string;
	/** Options that make no sense beside it. */
	readonly notWith?: readonly string[];
	/** The option without which it makes no sense. */
	readonly onlyWith?: string;
}

export interface CommandDescription {
	/** The first word after `agent`. */
	readonly name: string;
	/** Words that follow, for the usage line; one in brackets, `[KEY]`, may be left out. */
	readonly positionals?: readonly string[];
	readonly summary: string;
	/** Paragraphs of its own help page. */
	readonly description: readonly string[];
	readonly options: readonly OptionDescription[];
	readonly examples: readonly string[];
}

/** What can stand in the place of a word of a usage line. */
export type WordKind =
	| { readonly kind: "file" | "folder" | "key" | "text" }
	| { readonly kind: "choice"; readonly choices: readonly string[] };

/** What a word of a usage line, such as `FILE` or `text|json`, stands for. */
export function wordKind(word: string): WordKind {
	if (word.includes("|")) return { kind: "choice", choices: word.split("|") };
	switch (word.replace(/^\[(.*)\]$/, "$1")) {
		case "FILE":
		case "OLD":
		case "NEW":
			return { kind: "file" };
		case "FOLDER":
			return { kind: "folder" };
		case "KEY":
			return { kind: "key" };
		default:
			return { kind: "text" };
	}
}

export const programSummary = "boots a stateless Kubernetes node from one lts.conf";

export const exitCodes: readonly { readonly code: number; readonly meaning: string }[] = [
	{ code: 0, meaning: "done" },
	{
		code: 1,
		meaning:
			"failed (check --strict: warnings; --diff: a difference; migrate: lines are left; status: the node tries no more)",
	},
	{ code: 2, meaning: "wrong usage, or errors in lts.conf" },
	{ code: 3, meaning: "status: not done yet" },
];

/** Every command has it. */
export const helpOption: OptionDescription = { name: "help", help: "show this" };

const format: OptionDescription = {
	name: "format",
	value: "text|json",
	help: "for people (text, the default) or for programs (json)",
};

/** What a node is known by. */
const nodeOptions: readonly OptionDescription[] = [
	{ name: "mac", value: "ADDRESS", help: "MAC address of the node's boot interface" },
	{ name: "ip", value: "ADDRESS", help: "IPv4 address that DHCP gives to the node" },
	{ name: "hostname", value: "NAME", help: "host name that DHCP gives to the node" },
	{ name: "cmdline", value: "TEXT", help: "the kernel command line" },
];

/** Every command, in the order in which people meet them. */
export const commands: readonly CommandDescription[] = [
	{
		name: "--dry-run",
		summary: "show what a node will do, on any machine, changing nothing",
		description: [
			"Prints every stage of the boot with its steps and actions, each file with its whole content, in the order in which a node would do them. It is the same plan by the same code; only the host differs.",
			"The node is described by the options, or by a facts.json that a node left in /run/netherd/STAGE. What is not given is assumed, and the output says what was assumed. With netherd.server= in --cmdline, lts.conf and the image's manifest are read from that server. Their signatures are checked with --key, else with the keys in /etc/netherd/trusted-keys of this machine; where there are none, the output says NOT VERIFIED.",
			"With --diff it prints what the file NEW would change, compared with OLD: keys, actions, and lines of files. With --all-nodes this is done for every section that is named like a host, an IP or a MAC address, and for a node that no section names; nodes with the same change are printed as one. Nothing is read over the network then. Exit code 0: no difference; 1: a difference; 2: an error.",
		],
		options: [
			{ name: "conf", value: "FILE", help: "the lts.conf to use, in place of the server's" },
			...nodeOptions,
			{
				name: "facts",
				value: "FILE",
				help: "a facts.json; plans the one stage that it belongs to",
				notWith: ["conf", ...nodeOptions.map(({ name }) => name)],
			},
			{ name: "stage", value: stageNames.join("|"), help: "only this stage" },
			{ name: "offline", help: "read nothing over the network" },
			{
				name: "key",
				value: "FILE",
				help: "the public key that has to have signed what the server gives",
				notWith: ["facts", "diff", "offline"],
			},
			{
				name: "diff",
				value: "OLD NEW",
				help: "what changes on the node from one lts.conf to another",
				notWith: ["conf", "facts"],
			},
			{
				name: "all-nodes",
				help: "with --diff: every node that one of the files names",
				notWith: ["mac", "ip", "hostname"],
				onlyWith: "diff",
			},
			format,
		],
		examples: [
			"agent --dry-run --conf lts.conf --mac 52:54:00:00:00:01",
			"agent --dry-run --conf lts.conf --hostname node7 --stage init",
			"agent --dry-run --diff lts.conf lts.conf.new --mac 52:54:00:00:00:01",
			"agent --dry-run --diff lts.conf lts.conf.new --all-nodes",
			"agent --dry-run --facts facts.json --format json | jq '.stages[].steps[].name'",
		],
	},
	{
		name: "check",
		positionals: ["FILE"],
		summary: "find mistakes in an lts.conf, for all its nodes",
		description: [
			"Prints every finding with its place and what to do about it. Exit code 0: nothing wrong, or only warnings; 1: warnings, with --strict; 2: errors.",
		],
		options: [{ name: "strict", help: "exit with 1 when there are warnings" }, format],
		examples: ["agent check lts.conf", "agent check --strict --format json lts.conf | jq '.findings[].code'"],
	},
	{
		name: "migrate",
		positionals: ["FILE"],
		summary: "turn kubeadm join in RCFILE lines of an lts.conf into keys",
		description: [
			"Prints what would change in FILE, secrets by name; with --write the file is changed, too, and is the only place that the token goes to. KUBEADM_JOIN_* keys take the place of the line, in the same section; every other byte stays. Each node joins with the new file if and only if it did with the old one.",
			"A line that says more than keys can is left, and all others with it: then nothing is changed, each such line is printed with the reason, and the exit code is 1.",
		],
		options: [{ name: "write", help: "change the file, keeping its mode and owner" }],
		examples: ["agent migrate lts.conf", "agent migrate --write lts.conf"],
	},
	{
		name: "explain",
		positionals: ["FILE", "[KEY]"],
		summary: "show what one node gets from an lts.conf, and why",
		description: [
			"Prints the sections of FILE that apply to the node, and each key with its value, where the value comes from, and every value that lost against it with the reason. With KEY only that one; FSTAB_* stands for all keys that start so. Secrets are shown by name.",
			"The node is what --mac, --ip, --hostname and the BOOTIF= and ip= of --cmdline say; without any it is a node that no section names. When FILE has errors no values are shown, but the findings as agent check prints them, with exit code 2.",
		],
		options: [
			...nodeOptions,
			{ name: "all", help: "also keys that nothing sets (json has them always)" },
			format,
		],
		examples: [
			"agent explain lts.conf --mac 52:54:00:00:00:01",
			"agent explain lts.conf TIMEZONE --hostname node7",
			"agent explain lts.conf --ip 10.9.0.7 --format json | jq -r .values.TIMEZONE",
		],
	},
	{
		name: "facts",
		summary: "show what the agent knows about this machine",
		description: [
			"Gathers the facts of stage init on the running machine, and what the machine is made of, and prints them in the form of facts.json. Secrets are replaced by their names. On a node, /run/netherd/STAGE/facts.json holds what each stage really used.",
		],
		options: [],
		examples: ["agent facts > facts.json"],
	},
	{
		name: "status",
		summary: "show how far this node is: its stages, and its way into the cluster",
		description: [
			"Prints in the first line what the node is or waits for; then the attempts to join, when the next one comes, what the last failure was and what to do about it; then each stage with its state and duration. What lts.conf asks for and the node may not do itself is shown with the command for it.",
			"Reads what the boot left in /run/netherd, as root, and asks neither the server nor the cluster. Exit code 0: the node is Ready, or up where it is to join nothing; 1: it failed and tries no more; 3: it is not there yet.",
		],
		options: [format],
		examples: [
			"agent status",
			"agent status --format json | jq -r '.join.lastFailure.code'",
			"until agent status >/dev/null; do sleep 5; done",
		],
	},
	{
		name: "boot",
		summary: "stages 1 and 2, in the initramfs (started by the hook)",
		description: [
			"Brings the root image into RAM, assembles the new root and configures it. Refuses to run anywhere but in an initramfs, because it mounts over what is there.",
		],
		options: [{ name: "new-root", value: "FOLDER", help: "where the new root goes (default /root)" }],
		examples: ["agent boot --new-root /root"],
	},
	{
		name: "init",
		summary: "stage 2 alone, for a root that something else mounted (started by /sbin/init-ltsp)",
		description: ["Configures the running root before its init starts. Refuses to run once systemd is up."],
		options: [],
		examples: ["agent init"],
	},
	{
		name: "join",
		summary: "stage 3: join the cluster (started by netherd-join.service)",
		description: [
			"Waits for the container runtime and for an API server, runs kubeadm join, tries again what time or an operator can mend, and waits until the node is Ready. What no further attempt can mend ends it with an error. On a node that has joined already it only looks whether that is Ready, and has the labels and taints of lts.conf.",
		],
		options: [],
		examples: ["systemctl restart netherd-join"],
	},
];
