/** Without these there is no node that one could look at: a wish to mask them is a mistake. */
const essential: readonly string[] = [
	"dbus",
	"dbus-broker",
	"netherd-*",
	"systemd-journald*",
	"systemd-modules-load",
	"systemd-networkd*",
	"systemd-sysctl",
	"systemd-tmpfiles-setup*",
	"systemd-udevd*",
];

/** Endings of the units that can be masked. */
export const maskable = /\.(?:service|socket|timer|path)$/;

/** `ssh.socket`, `ssh@.service` → `ssh`; `getty@tty2` stays. */
export function serviceOf(unit: string): string {
	return unit.replace(maskable, "").replace(/@$/, "");
}

/** Whether a name matches a pattern, where the first `*` stands for anything. */
export function matchesService(pattern: string, name: string): boolean {
	if (!pattern.includes("*")) return pattern === name;
	const [start = "", end = ""] = pattern.split("*");
	return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}

/** Whether what RM_SYSTEM_SERVICES names, a service, a unit or a pattern, is one that no node can do without. */
export function isEssential(written: string): boolean {
	const name = serviceOf(written);
	return essential.some(
		(pattern) => matchesService(pattern, name) || matchesService(name, pattern.replace("*", "")),
	);
}
