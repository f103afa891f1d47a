import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder, repository } from "./cache.ts";

/*
 * Makes docs/console/SCENARIO.txt from the last run of a scenario: what the agent said on the machine's serial console,
 * and what the scenario did meanwhile. `node tools/console-capture.ts SCENARIO`, after `npm run vm -- SCENARIO`.
 */

/** A line of the harness's files: seconds since power-on, two blanks, text. */
const line = /^ *(\d+\.\d{3}) {2}(.*)$/;

/** After this the boot's other stages follow, and they are in no way special. */
const lastShown = /netherd: initramfs done/;

/** The text of a capture, from a console's lines and a scenario's notes. */
export function captureOf(scenario: string, console: string, notes: string): string {
	const said = linesOf(console).filter(({ text }) => text.startsWith("netherd: "));
	const end = said.findIndex(({ text }) => lastShown.test(text));
	const done = linesOf(notes).map((note) => ({ ...note, text: `        >>> ${note.text} <<<` }));
	const shown = [...said.slice(0, end < 0 ? undefined : end + 1), ...done].sort((a, b) => a.atMs - b.atMs);
	return [
		`# The agent on the serial console in the scenario ${scenario}, seconds since power-on, with what`,
		"# the scenario did (>>>). Kernel, systemd and the boot's further stages are left out. Made by:",
		`#   npm run vm -- ${scenario} && node tools/console-capture.ts ${scenario}`,
		"",
		...shown.map(({ atMs, text }) => `${(atMs / 1000).toFixed(1).padStart(6)}  ${text}`),
		"",
	].join("\n");
}

function linesOf(text: string): readonly { readonly atMs: number; readonly text: string }[] {
	return text.split("\n").flatMap((each) => {
		const [, seconds, said] = line.exec(each) ?? [];
		return seconds === undefined || said === undefined ? [] : [{ atMs: Number(seconds) * 1000, text: said }];
	});
}

if (import.meta.main) {
	const scenario = process.argv[2] ?? "";
	const folder = join(cacheFolder, "vm", scenario);
	const read = (file: string) =>
		existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "";
	const consoleText = read("console.txt");
	if (scenario === "" || consoleText === "") {
		process.stderr.write(
			`there is no console of a scenario "${scenario}"; run first: npm run vm -- SCENARIO\n`,
		);
		process.exit(2);
	}
	const target = join(repository, "docs/console", `${scenario}.txt`);
	mkdirSync(dirname(target), { recursive: true });
	writeFileSync(target, captureOf(scenario, consoleText, read("notes.txt")));
	process.stdout.write(`written: docs/console/${scenario}.txt\n`);
}
