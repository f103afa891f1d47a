import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";

/**
 * The apt sources of another Debian release on the mirrors that this machine uses already, in sources.list form. The
 * mirrors come from apt's own index targets, so proxies, local mirrors and snapshots go on working.
 *
 * @param release A Debian code name, such as `trixie`.
 * @throws {NetherdError} `vm.no-debian-mirror` when this machine's apt has no Debian release to derive it from.
 */
export async function debianSources(release: string): Promise<string> {
	const { stdout } = await execa("apt-get", [
		"indextargets",
		"--format",
		"$(ORIGIN)|$(CODENAME)|$(REPO_URI)",
		"Created-By: Packages",
		"Component: main",
	]);
	const sources = releaseSources(release, stdout);
	if (sources.length === 0) {
		throw new NetherdError("vm.no-debian-mirror", `apt knows no Debian mirror, so ${release} has no source`, {
			hint: "run apt-get update and see that /etc/apt names a Debian release",
		});
	}
	return sources.join("\n");
}

/** Of index targets (`origin|codename|uri`, one a line): a line for sources.list for each mirror of a main release. */
export function releaseSources(release: string, indexTargets: string): string[] {
	const mirrors = indexTargets
		.split("\n")
		.map((line) => line.split("|"))
		.filter(([origin, codename]) => origin === "Debian" && /^[a-z]+$/.test(codename ?? ""))
		.map(([, , uri]) => uri);
	return [...new Set(mirrors)].map((mirror) => `deb ${mirror} ${release} main`);
}
