import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-packages-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const absent = "no-such-package-of-netherd";

/** What `ensureDebianPackages` says of a package that no archive has. */
async function ensured(before: readonly string[], env: Record<string, string> = {}): Promise<string> {
	const script = `
		const { ensureDebianPackages } = await import(${JSON.stringify(join(repository, "tools/debian-packages.ts"))});
		await ensureDebianPackages(["dpkg", "${absent}"], "test").catch(({ code, message, hint }) => {
			console.log([code, message, hint].join("\\n"));
		});`;
	const [program = "", ...words] = [...before, process.execPath, "--input-type=module", "--eval", script];
	return (await execa(program, words, { env })).stdout;
}

test("without root it installs nothing and gives the command that would", async () => {
	// In a user namespace without a mapping nobody is root, and the repository can still be read, wherever it is.
	expect(await ensured(["unshare", "--user"])).toBe(`tools.packages-missing
needed to test: ${absent}
run: sudo apt-get install --no-install-recommends ${absent}`);
});

test("what apt-get cannot install is its failure, with its words", async () => {
	// An apt without sources asks nobody.
	const configuration = join(folder, "apt.conf");
	mkdirSync(join(folder, "lists/partial"), { recursive: true });
	writeFileSync(
		configuration,
		`Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\nDir::State::lists "${folder}/lists";\n`,
	);
	const said = await ensured([], { APT_CONFIG: configuration });
	expect(said).toMatch(
		/^tools\.apt-failed\napt-get install .*no-such-package-of-netherd\n[\s\S]*Unable to locate/,
	);
	expect(said).toContain("Debian mirror");
});
