import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { NetherdError } from "../agent/errors.ts";

/** Every external program of the companion, and the Debian package that has it. Imports nothing from the server. */
export const programPackages = {
	dnsmasq: "dnsmasq-base",
	nbdkit: "nbdkit",
	/** Starts the children: takes privileges away, and has the kernel kill them when the companion dies. */
	setpriv: "util-linux",
	/** Locks versions of images that are in use. */
	flock: "util-linux",
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
	const find = (name: ProgramName) => {
		const path = pathOf(name, searchPath, moreFolders);
		if (path === undefined) missing.push(name);
		return path ?? name;
	};
	const missing: ProgramName[] = [];
	const programs: Programs = {
		dnsmasq: find("dnsmasq"),
		nbdkit: find("nbdkit"),
		setpriv: find("setpriv"),
		flock: find("flock"),
		ip: find("ip"),
		ss: find("ss"),
	};
	if (missing.length === 0) return programs;
	throw programsMissing(missing);
}

/**
 * One program, for a command that needs no other.
 *
 * @throws {NetherdError} `server.program-missing`
 */
export function findProgram(name: ProgramName, searchPath = process.env.PATH ?? ""): string {
	const path = pathOf(name, searchPath, systemFolders);
	if (path === undefined) throw programsMissing([name]);
	return path;
}

function pathOf(name: string, searchPath: string, moreFolders: readonly string[]): string | undefined {
	const folders = [...searchPath.split(delimiter).filter((folder) => folder !== ""), ...moreFolders];
	return folders.map((folder) => join(folder, name)).find(isProgram);
}

function programsMissing(names: readonly ProgramName[]): NetherdError {
	const packages = [...new Set(names.map((name) => programPackages[name]))];
	return new NetherdError("server.program-missing", `programs are missing: ${names.join(", ")}`, {
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
