/** A key of LTSP 5, or a family `PREFIX_*`, that is known and does nothing on a server node. */
export interface KeyWithoutEffect {
	readonly name: string;
	/** Why, as the end of a sentence. */
	readonly reason: string;
}

const screens = "a server node has no graphical session";
const sound = "a server node plays no sound";
const printers = "a server node serves no printer";
const devices = "a server node has no user at its devices";
const thin = "there are no thin clients here, every node runs its programs itself";
const swap = "there is no swap over the network; the kubelet refuses swap";
const overlay = "the whole root is writable, in RAM";

/** Keys of LTSP 5 for terminals with people in front of them: known, so that an old file checks without noise. */
export const keysWithoutEffect: readonly KeyWithoutEffect[] = [
	...named(screens, [
		"SCREEN_*",
		"LDM_*",
		"X_*",
		"XKBLAYOUT",
		"XKBMODEL",
		"XKBOPTIONS",
		"XKBRULES",
		"XKBVARIANT",
		"XRANDR_*",
		"XINITRC_*",
		"XSERVER",
		"XF86CONFIG_FILE",
		"XDM_SERVER",
		"XFS_SERVER",
		"XFS_PORT",
		"USE_XFS",
		"CONFIGURE_X",
		"CONFIGURE_X_COMMAND",
		"DISABLE_ACCESS_CONTROL",
		"DEFAULT_DISPLAY_MANAGER",
		"RDP_*",
		"TELNET_HOST",
		"KIOSK_*",
		"MENU_*",
		"HOST_TO_USERNAME",
		"LANG",
		"LC_ALL",
		"CONSOLE_KEYMAP",
		"DISABLE_GETTYS",
	]),
	...named(sound, [
		"SOUND",
		"SOUND_DAEMON",
		"VOLUME",
		"VOLUME_MANUAL",
		"PCM_VOLUME",
		"CD_VOLUME",
		"MIC_VOLUME",
		"FRONT_VOLUME",
		"FRONT_MIC_VOLUME",
		"HEADPHONE_VOLUME",
		"PULSE_*",
	]),
	...named(printers, ["PRINTER_*", "CUPS_SERVER", "SCANNER"]),
	...named(devices, ["LOCALDEV", "LOCALDEV_*", "USE_TOUCH", "POWER_BUTTON", "CPUFREQ", "SHUTDOWN_TIME"]),
	...named(thin, [
		"LTSP_FATCLIENT",
		"FAT_RAM_THRESHOLD",
		"LOCAL_APPS",
		"LOCAL_APPS_*",
		"REMOTE_APPS",
		"REMOTE_APPS_*",
		"SSH_FOLLOW_SYMLINKS",
		"SSH_OVERRIDE_PORT",
		"SSHFS_HOME",
		"NETWORK_COMPRESSION",
		"KEEP_SESSION_SERVICES",
		"RM_SESSION_SERVICES",
		"RM_THIN_SYSTEM_SERVICES",
		"RM_LOW_RAM_SERVICES",
		"RM_RAM_THRESHOLD",
		"LTSP_CONFIG",
		"PROCESS_LTS_CONF",
		"INVENTORY_NUMBER",
		"PXE_CONFIG",
	]),
	...named(swap, [
		"NBD_SWAP",
		"NBD_SWAP_HOST",
		"NBD_SWAP_PORT",
		"NBD_SWAP_SERVER",
		"NBD_SWAP_THRESHOLD",
		"NFS_SWAP",
		"SWAP_SERVER",
		"ENCRYPT_SWAP",
		"COMPCACHE",
	]),
	...named(overlay, ["LTSP_RW_DIRS", "LTSP_RW_DIRS_EXTRA", "LTSP_COPY_DIRS", "LTSP_COPY_DIRS_EXTRA"]),
	...named(overlay, ["LTSP_BINDFILES", "LTSP_BINDFILES_EXTRA", "OVERLAY", "OVERLAY_DIR"]),
	...named("the home directories belong into an FSTAB_* line", ["NFS_HOME", "NFS_HOME_OPTIONS"]),
	...named("the server is always called server in /etc/hosts", ["SERVER_NAME"]),
	...named("the hardware clock is left alone", ["HWCLOCK"]),
];

function named(reason: string, names: readonly string[]): readonly KeyWithoutEffect[] {
	return names.map((name) => ({ name, reason }));
}
