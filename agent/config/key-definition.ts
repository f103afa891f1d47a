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
	/**
	 * The boot step that acts on the key: a file of agent/ without `.ts`; `agent` for the program itself, `companion` for
	 * the server.
	 */
	readonly owner: string;
	/** What the key does, in one line. */
	readonly help: string;
	/** The value is never printed, logged or put in a plan. */
	readonly secret?: true;
	/** Of a secret key: words that are no secret, but say where it comes from. */
	readonly publicWords?: readonly string[];
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
	/** Names of services to mask, separated by blanks. */
	| "services"
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
	/** Addresses of image files, separated by blanks. */
	| "image-sources"
	/** A duration of a second or more. */
	| "time-limit"
	/** A whole number from 1 to 16. */
	| "small-number"
	/** A line of fstab(5). */
	| "fstab-line"
	/** A line of /etc/hosts. */
	| "hosts-line"
	/** A line of crontab(5) with a user field. */
	| "cron-line"
	/** Module name and arguments. */
	| "module"
	/** Words for the kernel command line. */
	| "kernel-parameters"
	/** `name = value` of sysctl(8). */
	| "sysctl"
	/** A line of authorized_keys (sshd(8)). */
	| "ssh-key"
	/** A hash as crypt(5) writes it. */
	| "password-hash"
	/** HOST:PORT of API servers, separated by blanks. */
	| "endpoints"
	/** A bootstrap token of kubeadm. */
	| "bootstrap-token"
	/** `sha256:…` hashes separated by blanks. */
	| "ca-cert-hashes"
	/** An absolute path. */
	| "path"
	/** Name of a Node object. */
	| "node-name"
	/** One IP address, or one of each family. */
	| "node-addresses"
	/** `unix://` and a path, or the path alone. */
	| "cri-socket"
	/** `key=value`. */
	| "label"
	/** `key=value:Effect`. */
	| "taint"
	/** `name=value`. */
	| "argument";

/** Whether a value of a secret key is no secret. */
export function isPublicWord(definition: KeyDefinition, value: string): boolean {
	return definition.publicWords?.includes(value.trim()) === true;
}
