import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { NetherdError } from "../agent/errors.ts";

/** Every external program of the companion, and the Debian package that has it. Imports nothing from the server. */
export const programPackages = {
	dnsmasq: "dnsmasq-base",
	nbdkit: "nbdkit",
	/** Starts the children: takes privileges away, and has the kernel kill them when the companion dies. */
	setpriv: "util-linux",
	/** Tells the interface's addresses. */
	ip: "iproute2",
	/** Tells who holds a port. */
	ss: "iproute2",
} as const;

export type ProgramName = keyof typeof programPackages;

/** Absolute path of each program. */
export type Programs = Readonly<Record<ProgramName, string>>;

/** A login as an ordinary user leaves these out of PATH on Debian, but sudo and services need not. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/**
 * @param searchPath As in the environment variable PATH.
 * @throws {NetherdError} `server.program-missing`, naming all that are missing.
 */
export function findPrograms(searchPath: string, moreFolders: readonly string[] = systemFolders): Programs {
	const folders = [...searchPath.split(delimiter).filter((folder) => folder !== ""), ...moreFolders];
	const find = (name: ProgramName) => {
		const path = folders.map((folder) => join(folder, name)).find(isProgram);
		if (path === undefined) missing.push(name);
		return path ?? name;
	};
	const missing: ProgramName[] = [];
	const programs: Programs = {
		dnsmasq: find("dnsmasq"),
		nbdkit: find("nbdkit"),
		setpriv: find("setpriv"),
		ip: find("ip"),
		ss: find("ss"),
	};
	if (missing.length === 0) return programs;
	const packages = [...new Set(missing.map((name) => programPackages[name]))];
	throw new NetherdError("server.program-missing", `programs are missing: ${missing.join(", ")}`, {
		hint: `run: apt-get install --no-install-recommends ${packages.join(" ")}`,
	});
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return statSync(path).isFile();
	} catch {
		return false;
	}
}
