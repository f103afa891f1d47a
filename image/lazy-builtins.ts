import { isBuiltin } from "node:module";
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
 * Has a bundle load Node's built-in modules at their first use, and not at its start: most runs of the agent need a few of
 * them, and node:tls alone takes as long to load as everything of ours.
 */
export const lazyBuiltins: Plugin = {
	name: "lazy-builtins",
	setup(build) {
		build.onResolve({ filter: /^node:/ }, ({ path, kind, namespace }) => {
			const isEager = namespace === "lazy-builtin" || kind !== "import-statement";
			if (isEager || !isBuiltin(path) || alwaysThere.has(path.slice("node:".length))) return undefined;
			return { path, namespace: "lazy-builtin", sideEffects: false };
		});
		build.onLoad({ filter: /.*/, namespace: "lazy-builtin" }, async ({ path }) => ({
			contents: lazyModule(path, Object.keys(await import(path))),
		}));
	},
};

/** A CommonJS module with a getter for each export. */
function lazyModule(path: string, names: readonly string[]): string {
	const getters = names
		.filter((name) => name !== "default" && name !== "module.exports")
		.map(
			(name) =>
				`get ${JSON.stringify(name)}() { return require(${JSON.stringify(path)})[${JSON.stringify(name)}] }`,
		);
	return `module.exports = {${getters.join(",")}};`;
}
