import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeError, describeWrongOption, NetherdError } from "../agent/errors.ts";
import { allScenarios, chooseScenarios } from "./lib/find-scenarios.ts";
import { exitOnSignals, prepareBoots, vmFolder } from "./lib/prepare.ts";
import { runScenarios } from "./lib/run-scenarios.ts";

const help = `Boots diskless virtual machines over PXE and checks what becomes of them.

usage: npm run vm -- NAME...     run these scenarios
       npm run vm -- --all       run all
       npm run vm -- --list      name them
options: --results FILE          writes {"passed": N, "failed": N, "failures": [LINE...]} there, for programs

Each scenario leaves in .cache/vm/NAME: console.txt (lines with seconds since power-on), console.log (the same as raw
bytes), companion.log, companion.conf, qemu.log, timeline.txt, timeline.json.
Exit code: 0 all passed, 1 something failed, 2 wrong arguments.
`;

async function main(argv: readonly string[]): Promise<number> {
	const { values, positionals } = readArguments(argv);
	if (values.help === true || (positionals.length === 0 && values.all !== true && values.list !== true)) {
		process.stdout.write(help);
		return values.help === true ? 0 : 2;
	}
	const all = await allScenarios();
	if (values.list === true) {
		const width = Math.max(...all.map(({ name }) => name.length));
		for (const { name, description } of all) say(`${name.padEnd(width)}  ${description}`);
		return 0;
	}
	const chosen = values.all === true ? all : chooseScenarios(all, positionals);
	exitOnSignals();
	const setup = await prepareBoots(say);
	const results = await runScenarios(chosen, { setup, folder: vmFolder, say });
	const failed = results.filter(({ failures }) => failures.length > 0);
	for (const { name, failures } of failed) say(`failed: ${name}: ${failures.length} of its checks`);
	const report = {
		passed: results.length - failed.length,
		failed: failed.length,
		failures: failed.map(({ name, failures }) => `scenario ${name}: ${failures.join("; ")}`),
	};
	if (values.results !== undefined) writeFileSync(values.results, `${JSON.stringify(report)}\n`);
	say(`${report.passed} passed, ${report.failed} failed`);
	return failed.length === 0 ? 0 : 1;
}

function readArguments(argv: readonly string[]) {
	try {
		return parseArgs({
			args: [...argv],
			allowPositionals: true,
			options: {
				all: { type: "boolean" },
				list: { type: "boolean" },
				results: { type: "string" },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		throw new NetherdError("usage.bad-option", describeWrongOption(error), {
			hint: "see: npm run vm -- --help",
		});
	}
}

function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

main(process.argv.slice(2)).then(
	(exitCode) => {
		process.exit(exitCode);
	},
	(error: unknown) => {
		process.stderr.write(`vm: ${describeError(error)}\n`);
		const isUsage = error instanceof NetherdError && /^usage\.|unknown-scenario$/.test(error.code);
		process.exit(isUsage ? 2 : 1);
	},
);
