import type { GuestCheck } from "../lib/scenario.ts";

const secretPattern = (token: string): string => {
	const secret = token.split(".")[1] ?? "";
	// The search's own shells have it among their arguments: a pattern that does not find itself.
	return `${secret.slice(0, 8)}[${secret[8]}]${secret.slice(9)}`;
};

/** Files that others than root can read, those of the image left out. */
const readableFiles = (pattern: string): string =>
	`for folder in / /run /tmp /var/lib/kubelet /var/lib/containerd; do find $folder -xdev -type f -perm /044 -newer /etc/hostname -size -2M -exec grep -l '${pattern}' {} +; done`;

/** Looks for a bootstrap token's secret half in all places of a joined node where others than root could read it. */
export function tokenSearch(token: string): readonly GuestCheck[] {
	const pattern = secretPattern(token);
	const nothing = (what: string, run: string): GuestCheck => ({
		what: `the token is not ${what}`,
		run: `{ ${run}; } || true`,
		prints: "",
	});
	return [
		nothing("among any program's arguments", `ps -e -o args= | grep '${pattern}'`),
		nothing("in any program's environment", `grep -l --text '${pattern}' /proc/[0-9]*/environ 2>/dev/null`),
		nothing("in the journal", `journalctl --quiet | grep '${pattern}'`),
		nothing("in the kernel's messages", `dmesg | grep '${pattern}'`),
		nothing(
			"in the agent's log, plans, facts and journals",
			`grep -l '${pattern}' /run/netherd/*.log /run/netherd/*/*.json /run/netherd/*/*.jsonl 2>/dev/null | grep -v '^/run/netherd/join/'`,
		),
		nothing("in a log file", `grep -rl '${pattern}' /var/log`),
		nothing("in a file that others than root can read", readableFiles(pattern)),
		{
			what: "the search would have found it: in a file, in the journal, in a program's environment",
			run: `secret='${token.split(".")[1]}'; echo "$secret" >/run/canary; logger "canary $secret"
{ ${readableFiles(pattern)}; } | grep -x /run/canary
until journalctl --quiet | grep -q '${pattern}'; do sleep 0.3; done; journalctl --quiet | grep -c '${pattern}'
CANARY=$secret sleep 1000 & until grep -q --text '${pattern}' /proc/$!/environ; do sleep 0.3; done
grep -c --text '${pattern}' /proc/$!/environ; kill $!; rm /run/canary`,
			prints: "/run/canary\n1\n1",
		},
	];
}
