/** Privileges that a child keeps; everything else is taken away before it starts. */
export interface Confinement {
	/** Runs as nobody, with only these capabilities (capabilities(7), lower case, without `cap_`). */
	readonly capabilities: readonly string[];
}

/** The user nobody and the group nogroup, by number: a container may lack /etc/passwd. */
const nobody = "65534";

/**
 * The command line that starts a child which cannot outlive the companion, not even when that is killed by SIGKILL: the
 * kernel kills it when its parent dies (PR_SET_PDEATHSIG, prctl(2)). The kernel forgets that order when a program
 * changes its user, as dnsmasq does; so setpriv changes the user before it gives the order, and dnsmasq finds itself
 * unprivileged already and changes nothing.
 *
 * @param setpriv Path of util-linux's setpriv.
 */
export function confined(
	setpriv: string,
	argv: readonly [string, ...string[]],
	confinement?: Confinement,
): [string, ...string[]] {
	return [
		setpriv,
		"--pdeathsig=KILL",
		"--no-new-privs",
		...(confinement ? reduce(confinement) : []),
		"--",
		...argv,
	];
}

function reduce({ capabilities }: Confinement): string[] {
	const only = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
	return [
		`--reuid=${nobody}`,
		`--regid=${nobody}`,
		"--clear-groups",
		`--inh-caps=${only}`,
		`--ambient-caps=${only}`,
		`--bounding-set=${only}`,
	];
}
