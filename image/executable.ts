import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { cachedBuild, repository } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { lazyModules } from "./lazy-modules.ts";
import { licenceNotice } from "./licences.ts";

const rehearsal = join(import.meta.dirname, "rehearsal.conf");

/** `runs`: what V8 compiles ahead, see code-cache.ts. */
const programs = {
	agent: {
		entry: "agent/main.ts",
		sources: ["agent/**/*.ts"],
		runs: [
			["--version"],
			["check", rehearsal],
			["--dry-run", "--conf", rehearsal, "--mac", "52:54:00:12:34:56"],
		],
	},
	companion: {
		entry: "server/main.ts",
		sources: ["server/**/*.ts", "agent/download/*.ts", "agent/trust/*.ts", "agent/*.ts"],
		runs: [["--help"]],
	},
} as const;

export type ProgramName = keyof typeof programs;

/** A built program. */
export interface Executable {
	readonly path: string;
	/** Text file with the licences of everything in it. */
	readonly licences: string;
	/** Key of its inputs, for builds that contain it. */
	readonly key: string;
}

/**
 * Builds one of our programs as a Node single executable: one esbuild bundle inside the stripped Node that runs this
 * script, so sources, tests and executable share one Node.
 *
 * The bundle is CommonJS because V8 keeps compiled code of scripts. Node could make that itself (`useCodeCache`), but keeps
 * only what is compiled before anything has run: a third of what a run needs
 * (https://nodejs.org/api/single-executable-applications.html, https://v8.dev/blog/code-caching-for-devs).
 */
export async function buildExecutable(name: ProgramName): Promise<Executable> {
	await ensureDebianPackages(["binutils"], "strip the Node executable");
	const program = programs[name];
	const inputs = {
		files: [
			...program.sources,
			"package.json",
			"package-lock.json",
			"image/executable.ts",
			"image/lazy-modules.ts",
			"image/executable-main.cjs",
			"image/code-cache.ts",
			"image/rehearsal.conf",
			"image/licences.ts",
			"LICENSE",
		],
		values: [name, process.version, process.arch],
	};
	const { folder, key } = await cachedBuild(`executable-${name}`, inputs, async (output) => {
		const bundle = join(output, `${name}.cjs`);
		writeFileSync(join(output, "licences.txt"), licenceNotice(await bundleSources(program.entry, bundle)));
		const codeCache = join(output, "code-cache");
		const node = await strippedNode();
		await keepCode(bundle, codeCache, program.runs);
		await embed({ bundle, "code-cache": codeCache }, node, join(output, name));
		rmSync(codeCache);
	});
	return { path: join(folder, name), licences: join(folder, "licences.txt"), key };
}

/**
 * Keeps the code that V8 compiles in the runs: with the seed of its hashes given, the same each time.
 */
export async function keepCode(
	bundle: string,
	output: string,
	runs: readonly (readonly string[])[],
): Promise<void> {
	const keeper = join(import.meta.dirname, "code-cache.ts");
	await execa(process.execPath, ["--hash-seed=1", keeper, bundle, output, JSON.stringify(runs)]);
}

/** @returns The files that went into the bundle, relative to the repository. */
async function bundleSources(entry: string, outfile: string): Promise<string[]> {
	const { metafile } = await build({
		entryPoints: [join(repository, entry)],
		outfile,
		bundle: true,
		// Names stay: they are part of what an operator can send us in a stack trace, and agent/download starts its worker
		// from a function's source, where a renamed helper of the bundler would be missing.
		minifyWhitespace: true,
		minifySyntax: true,
		platform: "node",
		target: `node${process.versions.node}`,
		format: "cjs",
		legalComments: "none",
		plugins: [lazyModules],
		logLevel: "warning",
		absWorkingDir: repository,
		metafile: true,
		// Wrapped as Node wraps modules, for executable-main.cjs.
		banner: { js: "(function (exports, require, module) {" },
		footer: { js: "})" },
	});
	// What the plugin writes has a prefix, and no file.
	return Object.keys(metafile.inputs).filter((input) => !input.startsWith("lazy-"));
}

/**
 * Node parses the certificates of all public authorities as soon as node:tls is loaded, which takes as long as half a
 * start; nobody asks for them here: every connection names the authorities that it trusts. And V8 collects garbage after
 * seconds of silence, for memory that a process which waits for a cluster and then ends never misses.
 */
const nodeOptions = ["--use-openssl-ca", "--no-memory-reducer"] as const;

async function embed(assets: Readonly<Record<string, string>>, node: string, output: string): Promise<void> {
	const base = `${output}.node`;
	copyFileSync(node, base);
	const config = `${output}.sea.json`;
	const folder = dirname(output);
	writeFileSync(
		config,
		JSON.stringify({
			// Relative, because it is written into the executable, which is to have the same bytes wherever it is built.
			main: relative(folder, join(import.meta.dirname, "executable-main.cjs")),
			assets,
			output,
			executable: base,
			disableExperimentalSEAWarning: true,
			useCodeCache: false,
			useSnapshot: false,
			execArgv: nodeOptions,
			// NODE_OPTIONS from a kernel command line must not reach the agent.
			execArgvExtension: "none",
		}),
	);
	await execa(process.execPath, ["--build-sea", config], { cwd: folder });
	chmodSync(output, 0o755);
	rmSync(base);
	rmSync(config);
}

async function strippedNode(): Promise<string> {
	const { folder } = await cachedBuild(
		"stripped-node",
		{ files: [], values: [process.version, process.arch] },
		async (output) => {
			await execa("strip", ["--strip-all", "-o", join(output, "node"), process.execPath]);
		},
	);
	return join(folder, "node");
}
