/**
 * What no image has: what is of the machine or the very build that the root was made on, and what would be the same secret
 * on every node. Paths of the root; `*` stands for any part of a name, a path that ends in `/*` empties a folder.
 */
export const excludes: readonly string[] = [
	// Each node has its own: sshd-keygen.service makes the host keys, the agent the machine id (which stays, empty).
	"/etc/ssh/ssh_host_*",
	"/var/lib/dbus/machine-id",
	"/var/lib/systemd/random-seed",
	"/var/lib/systemd/credential.secret",
	// Of the machine that the root was made on.
	"/etc/hostname",
	"/etc/resolv.conf",
	"/.dockerenv",
	"/run/.containerenv",
	"/etc/apt/apt.conf.d/99mmdebstrap",
	"/usr/sbin/policy-rc.d",
	// Caches, logs, and what is only there while a system runs.
	"/var/lib/apt/lists/*",
	"/var/cache/apt/*.bin",
	"/var/cache/apt/archives/*.deb",
	"/var/cache/apt/archives/partial/*",
	"/var/cache/debconf/*-old",
	"/var/cache/ldconfig/aux-cache",
	"/var/lib/dpkg/*-old",
	"/var/log/*",
	"/var/tmp/*",
	"/tmp/*",
	"/run/*",
	"/dev/*",
	"/proc/*",
	"/sys/*",
	"/lost+found",
	"/root/.bash_history",
	// Backups of one day's accounts.
	"/etc/passwd-",
	"/etc/group-",
	"/etc/shadow-",
	"/etc/gshadow-",
	"/etc/subuid-",
	"/etc/subgid-",
	"/etc/.pwd.lock",
];

/** Folders that are mount points on the node. */
export const mountPoints: readonly string[] = ["dev", "proc", "sys", "run", "tmp"];
