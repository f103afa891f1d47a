import { execa } from "execa";
import { NetherdError } from "../agent/errors.ts";

/**
 * Installs the Debian packages that are missing and says which; does nothing when all are there.
 *
 * @param names Debian package names.
 * @param purpose Completes the sentence "needed to …"; shown to the person who waits.
 * @throws {NetherdError} `tools.packages-missing` without root (its hint is the one command to run),
 *   `tools.apt-failed` when apt-get fails.
 */
export async function ensureDebianPackages(names: readonly string[], purpose: string): Promise<void> {
	const missing = await missingPackages(names);
	if (missing.length === 0) return;

	if (process.getuid?.() !== 0) {
		throw new NetherdError("tools.packages-missing", `needed to ${purpose}: ${missing.join(" ")}`, {
			hint: `run: sudo apt-get install --no-install-recommends ${missing.join(" ")}`,
		});
	}
	process.stderr.write(`setup: apt-get install ${missing.join(" ")} (needed to ${purpose})\n`);
	await aptGet(["update", "-qq"]);
	await aptGet(["install", "-qq", "-y", "--no-install-recommends", ...missing]);
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
	const { stdout } = await execa(
		"dpkg-query",
		["--show", "--showformat", "${Package} ${db:Status-Status}\n", ...names],
		{ reject: false },
	);
	const installed = new Set(
		stdout
			.split("\n")
			.filter((line) => line.endsWith(" installed"))
			.map((line) => line.split(" ")[0]),
	);
	return names.filter((name) => !installed.has(name));
}

const aptLock = "/tmp/netherd-apt.lock";

async function aptGet(args: readonly string[]): Promise<void> {
	// One at a time: several test files may find the same packages missing at once.
	const result = await execa("flock", [aptLock, "apt-get", ...args], {
		reject: false,
		all: true,
		env: { DEBIAN_FRONTEND: "noninteractive" },
	});
	if (result.failed) {
		throw new NetherdError("tools.apt-failed", `apt-get ${args.join(" ")}\n${result.all}`, {
			hint: "check that this machine reaches its Debian mirror, then run the same command again",
		});
	}
}
