import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { describeError, NetherdError } from "../agent/errors.ts";
import { buildImage, defaultBootTree } from "./build.ts";
import { buildHelp, overview } from "./help.ts";
import { sayWithTime } from "./progress.ts";
import { readRecipe } from "./recipe.ts";

async function main(argv: readonly string[]): Promise<void> {
	const [command, ...words] = argv;
	if (command === undefined || command === "--help" || command === "-h" || command === "help") {
		process.stdout.write(overview());
		return;
	}
	if (command !== "build") {
		throw new NetherdError("usage.unknown-command", `there is no command ${JSON.stringify(command)}`, {
			hint: "the command is: image build; image --help explains it",
		});
	}
	const options = readOptions(words);
	if (options.help === true) {
		process.stdout.write(buildHelp());
		return;
	}
	const recipe = readRecipe(options.recipe ?? "metal");
	const { folder } = await buildImage(
		{
			recipe: {
				...recipe,
				...(options.name === undefined ? {} : { name: checkName(options.name) }),
				...(options.fast === true ? { squashfsLevel: 1, initramfsLevel: 3 } : {}),
			},
			out: resolve(options.out ?? defaultBootTree),
			renewPackages: options["renew-packages"] === true,
			...(options.keep === undefined ? {} : { keepVersions: wholeNumber(options.keep) }),
		},
		sayWithTime(),
	);
	process.stdout.write(`${folder}\n`);
}

function readOptions(words: readonly string[]) {
	try {
		return parseArgs({
			args: [...words],
			options: {
				help: { type: "boolean", short: "h" },
				recipe: { type: "string" },
				out: { type: "string" },
				name: { type: "string" },
				keep: { type: "string" },
				fast: { type: "boolean" },
				"renew-packages": { type: "boolean" },
			},
		}).values;
	} catch (error) {
		throw new NetherdError("usage.bad-option", error instanceof Error ? error.message : String(error), {
			hint: "see: image build --help",
		});
	}
}

function checkName(name: string): string {
	if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) return name;
	throw new NetherdError("usage.bad-option", `--name is ${JSON.stringify(name)}`, {
		hint: "use lower-case letters, digits, dot, underscore and hyphen",
	});
}

function wholeNumber(text: string): number {
	if (/^\d+$/.test(text)) return Number(text);
	throw new NetherdError("usage.bad-option", `--keep is ${JSON.stringify(text)}, not a whole number`, {
		hint: "--keep 3 keeps the three newest versions, --keep 0 all",
	});
}

main(process.argv.slice(2)).catch((error: unknown) => {
	process.stderr.write(`image: ${describeError(error)}\n`);
	process.exitCode = error instanceof NetherdError && error.code.startsWith("usage.") ? 2 : 1;
});
