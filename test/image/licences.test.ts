import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { buildExecutable } from "../../image/executable.ts";
import { licenceNotice } from "../../image/licences.ts";
import { repository } from "../../tools/cache.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

test("each package of the bundle is there with its version and text, once; our own files are netherd's", () => {
	const notice = licenceNotice([
		"agent/main.ts",
		"node_modules/execa/index.js",
		"node_modules/execa/lib/methods/main-async.js",
		"node_modules/pino/pino.js",
	]);
	const titles = notice.match(/^.+\n=+$/gm)?.map((title) => title.split("\n")[0]?.replace(/ [\d.]+$/, ""));
	expect(titles).toEqual(["netherd", "execa", "pino", "Node.js"]);
	expect(notice).toContain("Permission is hereby granted");
});

test("a package without a licence is not handed out", () => {
	const folder = temporaryFolder();
	const program = join(folder, "node_modules/free/index.js");
	mkdirSync(dirname(program), { recursive: true });
	writeFileSync(join(dirname(program), "package.json"), '{ "name": "free", "version": "1.2.3" }');
	expect(() => licenceNotice([relative(repository, program)])).toThrow(
		expect.objectContaining({
			code: "image.licence-missing",
			message: "the package free 1.2.3 has no licence file",
		}),
	);
});

test("the built agent's file names the packages that it contains", async () => {
	const { licences } = await buildExecutable("agent");
	const text = readFileSync(licences, "utf8");
	for (const name of ["netherd", "pino", "Node.js"]) expect(text).toMatch(new RegExp(`^${name}\\b`, "m"));
	expect(text).not.toMatch(/^vitest\b/m);
});
