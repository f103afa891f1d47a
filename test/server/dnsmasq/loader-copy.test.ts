import {
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { keepLoaderCopy } from "../../../server/dnsmasq/loader-copy.ts";
import type { CompanionEvent } from "../../../server/events.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function start() {
	const top = temporaryFolder();
	const [tree, target] = [join(top, "tree"), join(top, "copy")];
	mkdirSync(join(tree, "loader"), { recursive: true });
	mkdirSync(target);
	writeFileSync(join(tree, "loader/undionly.kpxe"), "old", { mode: 0o600 });
	const events: CompanionEvent[] = [];
	const keep = () => {
		const copy = keepLoaderCopy(tree, target, (event) => events.push(event), 20);
		onTestFinished(() => copy.stop());
	};
	return { top, tree, target, events, keep };
}

test("everyone can read the copy", () => {
	const { target, keep } = start();
	keep();
	const file = join(target, "undionly.kpxe");
	expect(readFileSync(file, "utf8")).toBe("old");
	expect(statSync(file).mode & 0o777).toBe(0o644);
});

test("replaced, added and removed loaders are followed", async () => {
	const { tree, target, keep } = start();
	keep();
	writeFileSync(join(tree, "loader/.new"), "new");
	renameSync(join(tree, "loader/.new"), join(tree, "loader/undionly.kpxe"));
	writeFileSync(join(tree, "loader/extra"), "extra");
	while (readFileSync(join(target, "undionly.kpxe"), "utf8") !== "new") await sleep(5);
	expect(readdirSync(target).sort()).toEqual(["extra", "undionly.kpxe"]);
	rmSync(join(tree, "loader/extra"));
	while (readdirSync(target).length > 1) await sleep(5);
});

test("a link inside the tree is followed, one that leads out stops the start", () => {
	const { top, tree, target, keep } = start();
	writeFileSync(join(tree, "elsewhere"), "inside");
	symlinkSync("../elsewhere", join(tree, "loader/snponly.efi"));
	keep();
	expect(readFileSync(join(target, "snponly.efi"), "utf8")).toBe("inside");
	writeFileSync(join(top, "secret"), "secret");
	symlinkSync("../../secret", join(tree, "loader/other"));
	expect(keep).toThrow(expect.objectContaining({ code: "server.path-leads-out" }));
	expect(readdirSync(target)).not.toContain("other");
});

test("a folder that goes away is told once, and the copy stays", async () => {
	const { tree, target, events, keep } = start();
	keep();
	rmSync(join(tree, "loader"), { recursive: true });
	while (events.length === 0) await sleep(5);
	await sleep(100);
	expect(events).toMatchObject([{ event: "companion.warning", code: "server.file-missing" }]);
	expect(readFileSync(join(target, "undionly.kpxe"), "utf8")).toBe("old");
});
