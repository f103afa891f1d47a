import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPrograms, programPackages } from "../../server/programs.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

function folderWith(...names: readonly string[]): string {
	const folder = temporaryFolder();
	for (const name of names) {
		writeFileSync(join(folder, name), "#!/bin/sh\n");
		chmodSync(join(folder, name), 0o755);
	}
	return folder;
}

test("programs are found in PATH first, then in the folders of the system", () => {
	const [own, system] = [folderWith("nbdkit"), folderWith(...Object.keys(programPackages))];
	const programs = findPrograms(`/nonexistent::${own}`, [system]);
	expect(programs.nbdkit).toBe(join(own, "nbdkit"));
	expect(programs.dnsmasq).toBe(join(system, "dnsmasq"));
});

test("missing programs are named together with the Debian packages that have them", () => {
	const folder = folderWith("setpriv", "flock", "ip", "ss");
	// Neither a folder nor a file without the right to run is a program.
	mkdirSync(join(folder, "dnsmasq"));
	writeFileSync(join(folder, "nbdkit"), "");
	expect(() => findPrograms(folder, [])).toThrow(
		expect.objectContaining({
			code: "server.program-missing",
			message: "programs are missing: dnsmasq, nbdkit",
			hint: "run: apt-get install --no-install-recommends dnsmasq-base nbdkit",
		}),
	);
});
