import { describeError, NetherdError } from "../agent/errors.ts";
import { build } from "./commands/build.ts";
import { keygen } from "./commands/keygen.ts";
import { sign } from "./commands/sign.ts";
import { overview } from "./help.ts";

async function main([command, ...words]: readonly string[]): Promise<string> {
	switch (command) {
		case undefined:
		case "--help":
		case "-h":
		case "help":
			return overview();
		case "build":
			return await build(words);
		case "keygen":
			return keygen(words);
		case "sign":
			return sign(words);
		default:
			throw new NetherdError("usage.unknown-command", `there is no command ${JSON.stringify(command)}`, {
				hint: "the commands are build, keygen, sign; image --help explains them",
			});
	}
}

// What is to be removed is removed when the process ends; programs of the build end with it.
for (const [signal, number] of [
	["SIGHUP", 1],
	["SIGINT", 2],
	["SIGTERM", 15],
] as const) {
	process.on(signal, () => {
		process.stderr.write("image: interrupted; what was not finished is not published\n");
		// As a shell reports it.
		process.exit(128 + number);
	});
}

main(process.argv.slice(2)).then(
	(output) => process.stdout.write(output),
	(error: unknown) => {
		process.stderr.write(`image: ${describeError(error)}\n`);
		process.exitCode = error instanceof NetherdError && error.code.startsWith("usage.") ? 2 : 1;
	},
);
