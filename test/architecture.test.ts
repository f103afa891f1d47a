import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { initramfsStage, initStage, joinStage } from "../agent/boot.ts";
import { keys } from "../agent/config/keys.ts";
import { errorCodes } from "../tools/error-codes.ts";

const repository = join(import.meta.dirname, "..");
const sources = globSync("{agent,server,image,tools,vm-tests,bench}/**/*.ts", { cwd: repository }).sort();
const textOf = (file: string) => readFileSync(join(repository, file), "utf8");
const stages = [initramfsStage, initStage, joinStage];

interface Import {
	readonly from: string;
	/** Repository path, or the name of a package or built-in module. */
	readonly to: string;
	readonly typeOnly: boolean;
}

const imports: readonly Import[] = sources.flatMap((file) =>
	[...textOf(file).matchAll(/^(?:import|export)\s+(type\s)?(?:[^;]*?\sfrom\s+)?"([^"]+)"/gm)].map(
		(match) => ({
			from: file,
			to: match[2]?.startsWith(".") ? normalize(join(dirname(file), match[2])) : (match[2] ?? ""),
			typeOnly: match[1] !== undefined,
		}),
	),
);

/** From the top of the building to its cellar; a file may import from its own floor and from those below. */
const floors: readonly (readonly RegExp[])[] = [
	[/^agent\/main\.ts$/],
	[/^agent\/commands\//],
	[/^agent\/(boot|run-stage|log)\.ts$/, /^agent\/run-plan\.ts$/, /^agent\/host\//],
	[/^agent\/cluster\//],
	[/^agent\/(initramfs|init|join)\//],
	[/^agent\/plan\//],
	[/^agent\/facts\//],
	[/^agent\/(config|download|trust)\//],
	[/^agent\/(errors|silence-limit|version)\.ts$/],
	[/^agent\/paths\.ts$/],
];
const floorOf = (file: string) =>
	floors.findIndex((patterns) => patterns.some((pattern) => pattern.test(file)));

describe("imports", () => {
	test("every file of the agent has a floor", () => {
		const homeless = sources.filter((file) => file.startsWith("agent/") && floorOf(file) < 0);
		expect(homeless).toEqual([]);
	});

	test("go downwards only", () => {
		const upwards = imports
			.filter(({ from, to }) => from.startsWith("agent/") && to.startsWith("agent/"))
			.filter(({ from, to }) => floorOf(to) < floorOf(from))
			.map(({ from, to }) => `${from} -> ${to}`);
		expect(upwards).toEqual([]);
	});

	test("the agent knows nothing of server, image build, tools or tests", () => {
		const outward = imports.filter(
			({ from, to }) => from.startsWith("agent/") && /^(server|image|tools|test|vm-tests|bench)\//.test(to),
		);
		expect(outward).toEqual([]);
	});

	test("server and image build take from the agent only what they share with it", () => {
		const allowed = /^agent\/(config\/|download\/|trust\/|errors\.ts|version\.ts|paths\.ts)/;
		const odd = imports
			.filter(
				({ from, to }) => /^(server|image)\//.test(from) && to.startsWith("agent/") && !allowed.test(to),
			)
			.map(({ from, to }) => `${from} -> ${to}`);
		expect(odd).toEqual([]);
	});

	test("paths.ts imports nothing", () => {
		expect(imports.filter(({ from }) => from === "agent/paths.ts")).toEqual([]);
	});
});

describe("one door to the outside", () => {
	const changers =
		/\b(writeFile|appendFile|mkdir|rm|rename|symlink|link|unlink|chmod|chown|truncate|copyFile|cp|createWriteStream|writeSync|openSync|writeFileSync|appendFileSync|mkdirSync|rmSync|renameSync|symlinkSync|unlinkSync|chmodSync)\b/;

	test("only agent/host/ spawns programs", () => {
		const spawning = imports.filter(
			({ from, to }) =>
				from.startsWith("agent/") &&
				!from.startsWith("agent/host/") &&
				/^(execa|node:child_process)$/.test(to),
		);
		expect(spawning).toEqual([]);
	});

	test("only agent/host/, the log, and the download of the image file change files", () => {
		const changing = sources
			.filter((file) => file.startsWith("agent/"))
			.filter((file) => !/^agent\/(host|download)\/|^agent\/log\.ts$/.test(file))
			.filter((file) => {
				const imported =
					/import\s*\{([^}]*)\}\s*from\s*"node:fs(?:\/promises)?"/.exec(textOf(file))?.[1] ?? "";
				return changers.test(imported);
			});
		expect(changing).toEqual([]);
	});

	test("steps are pure: they import types, other steps' functions, errors, paths; nothing of Node but path and crypto", () => {
		const impure = imports
			.filter(
				({ from, to, typeOnly }) =>
					/^agent\/(initramfs|init|join|plan)\//.test(from) && !typeOnly && to.startsWith("node:"),
			)
			.filter(({ to }) => !["node:path", "node:crypto"].includes(to))
			.map(({ from, to }) => `${from} -> ${to}`);
		expect(impure).toEqual([]);
	});

	test("--dry-run is chosen in main.ts and known nowhere else", () => {
		const knowing = sources
			.filter((file) => file.startsWith("agent/"))
			.filter((file) =>
				/dry-?(run|host)/i.test(textOf(file).replace(/`[^`\n]*`|"[^"\n]*"|\/\/.*|\/\*[\s\S]*?\*\//g, "")),
			);
		expect(knowing).toEqual(["agent/host/dry-host.ts", "agent/main.ts"]);
	});
});

describe("the page", () => {
	test.each(stages)("the files of stage $name are its steps, in order", ({ name, steps }) => {
		const files = globSync(`agent/${name}/[0-9]*.ts`, { cwd: repository })
			.map((file) => file.replace(/^.*\/|\.ts$/g, ""))
			.sort();
		expect(steps.map(({ step }) => step.name)).toEqual(files);
	});

	test("the README's table of steps is the page", () => {
		const policies = { abort: "stops the boot", warn: "is noted" } as const;
		const rows = stages.flatMap(({ name, steps }) =>
			steps.map(
				({ step, onFailure }) => `| \`${name}/${step.name}\` | ${step.summary} | ${policies[onFailure]} |`,
			),
		);
		const table = textOf("README.md")
			.split("\n")
			.filter((line) => /^\| `(initramfs|init|join)\//.test(line));
		expect(table).toEqual(rows);
	});

	test("every key belongs to a step that reads it, and every step reads only known keys", () => {
		const readBy = new Map<string, string[]>();
		for (const { name, steps } of stages) {
			for (const { step } of steps) {
				for (const key of step.keys) readBy.set(key, [...(readBy.get(key) ?? []), `${name}/${step.name}`]);
			}
		}
		const known = new Set(keys.map(({ name }) => name));
		expect([...readBy.keys()].filter((key) => !known.has(key))).toEqual([]);
		const orphans = keys
			.filter(({ owner }) => owner !== "agent" && owner !== "companion")
			.filter(({ name, owner }) => !readBy.get(name)?.includes(owner ?? ""))
			.map(({ name, owner }) => `${name}: ${owner}`);
		expect(orphans).toEqual([]);
	});
});

describe("errors", () => {
	const codes = [...errorCodes().keys()];
	const documented = [...textOf("docs/errors.md").matchAll(/^### `([^`]+)`$/gm)].map(
		(match) => match[1] ?? "",
	);

	test("every code that is thrown or reported has an entry in docs/errors.md", () => {
		expect(codes.filter((code) => !documented.includes(code))).toEqual([]);
	});

	test("no code has an entry that occurs nowhere in the sources", () => {
		expect(documented.filter((code) => !codes.includes(code))).toEqual([]);
	});

	test("no code is documented twice", () => {
		expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
	});
});
