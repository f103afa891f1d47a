import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { execa } from "execa";
import { cachedBuild, repository } from "../tools/cache.ts";
import { ensureDebianPackages } from "../tools/debian-packages.ts";
import { licenceNotice } from "./licences.ts";

const programs = {
	agent: { entry: "agent/main.ts", sources: ["agent/**/*.ts"] },
	companion: {
		entry: "server/main.ts",
		sources: ["server/**/*.ts", "agent/download/*.ts", "agent/trust/*.ts", "agent/*.ts"],
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
 * The bundle is CommonJS because only that form can carry a V8 code cache, which saves parse time at every start
 * (https://nodejs.org/api/single-executable-applications.html).
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
			"image/licences.ts",
			"LICENSE",
		],
		values: [name, process.version, process.arch],
	};
	const { folder, key } = await cachedBuild(`executable-${name}`, inputs, async (output) => {
		const bundle = join(output, `${name}.cjs`);
		writeFileSync(join(output, "licences.txt"), licenceNotice(await bundleSources(program.entry, bundle)));
		await embed(bundle, await strippedNode(), join(output, name));
	});
	return { path: join(folder, name), licences: join(folder, "licences.txt"), key };
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
		logLevel: "warning",
		absWorkingDir: repository,
		metafile: true,
	});
	return Object.keys(metafile.inputs);
}

async function embed(bundle: string, node: string, output: string): Promise<void> {
	const base = `${output}.node`;
	copyFileSync(node, base);
	const config = `${output}.sea.json`;
	writeFileSync(
		config,
		JSON.stringify({
			main: bundle,
			output,
			executable: base,
			disableExperimentalSEAWarning: true,
			useCodeCache: true,
			useSnapshot: false,
			// NODE_OPTIONS from a kernel command line must not reach the agent.
			execArgvExtension: "none",
		}),
	);
	await execa(process.execPath, ["--build-sea", config]);
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
