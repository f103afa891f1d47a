/**
 * Services that a diskless server does without, by the names of their units without ending; `*` stands for anything. Names
 * joined by `|` are one service under several names: keeping one of them keeps all.
 */
export const prunedServices = {
	/** LTSP 5 takes these from every node. */
	always: [
		"alsa-*",
		"dnsmasq",
		"exim4",
		"grub-common",
		"lightdm",
		"mdadm",
		"ModemManager",
		"nbd-*",
		"ssh|sshd",
		"unattended-upgrades",
		"ureadahead",
	],
	/** LTSP 5 takes these, too, where nobody sits in front of the node. */
	server: [
		"acpid",
		"apparmor",
		"apport",
		"atd",
		"avahi-daemon",
		"avahi-dnsconfd",
		"cgmanager",
		"cgproxy",
		"cups",
		"cups-browsed",
		"NetworkManager",
		"NetworkManager-*",
		"polkit|polkitd",
		"systemd-logind",
		"ufw",
		"whoopsie",
		"wpa_supplicant",
	],
	/** What has come since, of the same sort: it would fill the RAM root with packages and indexes, or check disks. */
	since: [
		"apt-daily",
		"apt-daily-upgrade",
		"bluetooth",
		"dpkg-db-backup",
		"e2scrub_all",
		"e2scrub_reap",
		"fwupd",
		"fwupd-refresh",
		"man-db",
		"motd-news",
		"ua-timer",
		"udisks2",
		"update-notifier-*",
	],
	/** Unless the fstab names NFS. */
	nfs: [
		"gssd",
		"nfs-blkmap",
		"nfs-common",
		"nfs-idmapd",
		"nfs-kernel-server|nfs-server",
		"nfs-mountd",
		"rpc-gssd",
		"rpc-statd",
		"rpc-statd-notify",
		"rpc-svcgssd",
		"rpcbind",
		"statd",
	],
	/** Unless a logical volume may be in the fstab: where there is a lvmetad, the volumes come up through it. */
	logicalVolumes: ["lvm2-lvmetad"],
	/** Login on consoles that nobody looks at; instances of one template unit, with the static fallback. */
	consoles: ["getty@tty2", "getty@tty3", "getty@tty4", "getty@tty5", "getty@tty6", "getty-static"],
} as const;
