import { build } from "esbuild";
import { expect, test } from "vitest";
import { lazyModules } from "../../image/lazy-modules.ts";

/** What the bundle of a text exports, and the built-in modules that it asked for meanwhile. */
async function run(text: string): Promise<{ exports: Record<string, unknown>; asked: readonly string[] }> {
	const { outputFiles } = await build({
		stdin: { contents: text, loader: "ts", resolveDir: import.meta.dirname },
		bundle: true,
		write: false,
		platform: "node",
		format: "cjs",
		plugins: [lazyModules],
	});
	const asked: string[] = [];
	const module = { exports: {} as Record<string, unknown> };
	const load = (name: string) => {
		asked.push(name);
		return process.getBuiltinModule(name);
	};
	new Function("module", "exports", "require", outputFiles[0]?.text ?? "")(module, module.exports, load);
	return { exports: module.exports, asked };
}

test("a built-in module is loaded when something of it is used, and not before", async () => {
	const { exports, asked } = await run(
		'import { connect, isIP } from "node:net"; export const look = () => isIP("::1"); export const open = connect;',
	);
	// What is copied out of it at the start is used at the start.
	expect(asked).toEqual(["node:net"]);
	const { look, open } = exports as { look: () => number; open: unknown };
	expect([look(), typeof open]).toEqual([6, "function"]);

	const later = await run('import { isIP } from "node:net"; export const look = () => isIP("::1");');
	expect(later.asked).toEqual([]);
	expect((later.exports as { look: () => number }).look()).toBe(6);
	expect(later.asked).toEqual(["node:net"]);
});

test("default and namespace imports see the same module", async () => {
	const { exports } = await run(
		'import os from "node:os"; import * as all from "node:os"; export const both = () => [os.EOL, all.EOL];',
	);
	expect((exports as { both: () => unknown }).both()).toEqual(["\n", "\n"]);
});

test("modules that Node has loaded already are left alone", async () => {
	expect((await run('import { join } from "node:path"; export const look = () => join("a");')).asked).toEqual(
		["node:path"],
	);
});

test("pino writes records without what its transports need", async () => {
	const { exports, asked } = await run(
		'import pino from "pino"; export const log = (lines) => pino({ base: null }, { write: (line) => lines.push(JSON.parse(line).msg) }).info("one record"); export const transport = () => pino.transport({ target: "nowhere-to-be-found" });',
	);
	const { log, transport } = exports as { log: (lines: string[]) => void; transport: () => unknown };
	const lines: string[] = [];
	log(lines);
	expect(lines).toEqual(["one record"]);
	expect(asked).toContain("node:diagnostics_channel");
	expect(asked).not.toContain("assert");
	expect(asked).not.toContain("module");
	// They are there for who calls them.
	expect(transport).toThrow(/nowhere-to-be-found/);
	expect(asked).toContain("module");
});

test("a module is asked for once, however often it is used", async () => {
	const { exports, asked } = await run(
		'import { isIP } from "node:net"; export const look = () => isIP("::1");',
	);
	const { look } = exports as { look: () => number };
	expect([look(), look(), look()]).toEqual([6, 6, 6]);
	expect(asked).toEqual(["node:net"]);
});
