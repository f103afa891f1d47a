import {
	existsSync,
	linkSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { openSource } from "../../../image/source/open-source.ts";
import { ociLayout, tarOf, writeTree } from "../support/archives.ts";
import { open, treeOf } from "../support/opened-source.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("hostile archives write nothing outside of the root", () => {
	/** A folder beside the root, which must stay as it is. */
	async function openBesideOutside(makeArchive: (outside: string) => Promise<string>) {
		const folder = temporaryFolder();
		const outside = join(folder, "outside");
		mkdirSync(outside);
		writeFileSync(join(outside, "precious"), "precious");
		const archive = await makeArchive(outside);
		const root = join(folder, "work/root");
		mkdirSync(join(folder, "work"));
		const outcome = await openSource({ path: archive, exclude: [] }, root, [], () => {}).then(
			() => "unpacked",
			(error: { code: string }) => error.code,
		);
		expect(treeOf(outside)).toEqual({ precious: "precious" });
		expect(statSync(join(outside, "precious")).nlink).toBe(1);
		expect(readdirSync(folder).sort()).toEqual(["outside", "work"]);
		return { root, outcome };
	}

	test.each([
		["..", () => "../../outside/precious", "image.source-unreadable"],
		// tar takes the slash away: the file is somewhere in the root.
		["an absolute name", (outside: string) => `${outside}/precious`, "unpacked"],
	])("%s", async (_, name, expected) => {
		const { outcome } = await openBesideOutside(
			async (outside) => await tarOf({ x: "x" }, { options: [`--transform=s,^x,${name(outside)},`] }),
		);
		expect(outcome).toBe(expected);
	});

	test.each([
		["absolute", (outside: string) => `-> ${outside}`],
		["relative", () => "-> ../../outside"],
	])("a file behind an %s link of the same archive", async (_, link) => {
		const { outcome } = await openBesideOutside(async (outside) => {
			const file = join(temporaryFolder(), "hostile.tar");
			const [first, second] = [
				writeTree(temporaryFolder(), { way: link(outside) }),
				writeTree(temporaryFolder(), { "way/precious": "stolen", "way/new": "new" }),
			];
			await execa("tar", ["--create", `--file=${file}`, `--directory=${first}`, "way"]);
			await execa("tar", ["--append", `--file=${file}`, `--directory=${second}`, "way/precious", "way/new"]);
			return file;
		});
		expect(outcome).toBe("image.source-unreadable");
	});

	test("a file behind a link of a layer below, and a whiteout behind it", async () => {
		const { root, outcome } = await openBesideOutside(async (outside) => {
			const lower = await tarOf({ way: `-> ${outside}`, up: "-> ../../outside" });
			const upper = await tarOf({
				"way/new": "new",
				"way/.wh.precious": "",
				"way/deep/.wh..wh..opq": "",
				"up/precious": "stolen",
				"up/.wh..wh..opq": "",
			});
			return ociLayout([{ layers: [lower, upper] }]);
		});
		expect(outcome).toBe("unpacked");
		// They are where the links lead inside the root.
		expect(readFileSync(join(root, "outside/precious"), "utf8")).toBe("stolen");
	});

	test("a hard link to a file outside", async () => {
		const { root } = await openBesideOutside(async (outside) => {
			const folder = writeTree(temporaryFolder(), { a: "a" });
			linkSync(join(folder, "a"), join(folder, "b"));
			const file = join(temporaryFolder(), "hostile.tar");
			const names = ["--absolute-names", `--transform=s,^a$,${outside}/precious,hRS`];
			await execa("tar", ["--create", `--file=${file}`, `--directory=${folder}`, ...names, "a", "b"]);
			return file;
		});
		expect(existsSync(join(root, "b")) ? lstatSync(join(root, "b")).nlink : 1).toBeLessThanOrEqual(2);
	});

	test("whiteouts named . and .. remove nothing", async () => {
		const lower = await tarOf({ "a/b/x": "x", "a/y": "y" });
		const upper = await tarOf({ "a/b/.wh..": "", "a/b/.wh...": "" });
		expect(treeOf(await open(ociLayout([{ layers: [lower, upper] }])))).toEqual({ "a/b/x": "x", "a/y": "y" });
	});

	test("a layout whose files are links to outside of it is refused", async () => {
		const secret = join(temporaryFolder(), "secret");
		writeFileSync(secret, "{}");
		const layout = writeTree(temporaryFolder(), { "oci-layout": "{}", "index.json": `-> ${secret}` });
		await expect(open(layout)).rejects.toMatchObject({ code: "image.source-damaged" });
	});
});
