import { isBuiltin } from "node:module";
import { dirname } from "node:path";
import type { Plugin } from "esbuild";

/** Node has these at hand from its start, or every program needs them at once. */
const alwaysThere = new Set([
	"buffer",
	"events",
	"fs",
	"path",
	"path/win32",
	"process",
	"timers",
	"url",
	"util",
]);

/**
 * Modules that are one function, which those who load them hardly ever call: pino asks for its transports at its start, and
 * they are threads with a loader of modules each.
 */
const seldomCalled = /^(?:assert|\.\/(?:lib\/)?transport)$/;
const whoLoadsThem = /\/node_modules\/(?:pino|sonic-boom)\//;

/**
 * Has a bundle load Node's built-in modules at their first use, and not at its start: most runs of the agent need a few of
 * them, and node:tls alone takes as long to load as everything of ours.
 */
export const lazyModules: Plugin = {
	name: "lazy-modules",
	setup(build) {
		build.onResolve({ filter: /^node:/ }, ({ path, kind, namespace }) => {
			const isEager = namespace === "lazy-builtin" || kind !== "import-statement";
			if (isEager || !isBuiltin(path) || alwaysThere.has(path.slice("node:".length))) return undefined;
			return { path, namespace: "lazy-builtin", sideEffects: false };
		});
		build.onLoad({ filter: /.*/, namespace: "lazy-builtin" }, async ({ path }) => ({
			contents: lazyModule(path, Object.keys(await import(path))),
		}));
		build.onResolve({ filter: seldomCalled }, async ({ path, importer, kind, resolveDir, namespace }) => {
			if (namespace !== "file" || !whoLoadsThem.test(importer)) return undefined;
			if (isBuiltin(path)) return { path, namespace: "lazy-function" };
			const found = await build.resolve(path, { importer, kind, resolveDir, namespace: "lazy-function" });
			return { path: found.path, namespace: "lazy-function" };
		});
		build.onLoad({ filter: /.*/, namespace: "lazy-function" }, ({ path }) => ({
			contents: `module.exports = (...given) => require(${JSON.stringify(path)})(...given);`,
			resolveDir: dirname(path),
		}));
	},
};

/** A CommonJS module with a getter for each export; Node looks into its list of modules but once. */
function lazyModule(path: string, names: readonly string[]): string {
	const getters = names
		.filter((name) => name !== "default" && name !== "module.exports")
		.map((name) => `get ${JSON.stringify(name)}() { return load()[${JSON.stringify(name)}] }`);
	return `let loaded;
const load = () => loaded ??= require(${JSON.stringify(path)});
module.exports = {${getters.join(",")}};`;
}
