/** Units that no diskless node needs, whatever its lts.conf says: they serve an installation on disks. */
export const maskedUnits: readonly string[] = [
	// Debian's daily jobs: the image is renewed by building it.
	"apt-daily.timer",
	"apt-daily-upgrade.timer",
	"dpkg-db-backup.timer",
	"fstrim.timer",
	// Caches and first steps that the image has behind it.
	"ldconfig.service",
	"systemd-firstboot.service",
	"systemd-hwdb-update.service",
	"systemd-journal-catalog-update.service",
	"systemd-update-done.service",
	// Keeps randomness on the disk for the next boot.
	"systemd-random-seed.service",
];

/**
 * Programs that systemd runs at every start to make units (systemd.generator(7)): for partitions that it finds on disks,
 * hibernation, offline updates, TPM setup, and ssh over the sockets of hypervisors.
 */
export const maskedGenerators: readonly string[] = [
	"systemd-gpt-auto-generator",
	"systemd-hibernate-resume-generator",
	"systemd-ssh-generator",
	"systemd-system-update-generator",
	"systemd-tpm2-generator",
];
