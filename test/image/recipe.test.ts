import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseRecipe, readRecipe, recipeNames } from "../../image/recipe.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

describe("recipes that come with netherd", () => {
	test("are these", () => {
		expect(recipeNames()).toEqual(["kubernetes-test", "metal", "test"]);
	});

	test("only the recipes of tests have what a farm must never run", () => {
		const unsafe = recipeNames().filter((name) => {
			const { standInKubeadm, testChannel } = readRecipe(name);
			return standInKubeadm || testChannel;
		});
		expect(unsafe).toEqual(["kubernetes-test", "test"]);
	});

	test("have names of their own in a boot tree", () => {
		const names = recipeNames().map((name) => readRecipe(name).name);
		expect(new Set(names).size).toBe(names.length);
	});
});

describe("parseRecipe", () => {
	test("an empty file is a node for real machines", () => {
		expect(parseRecipe("", "farm.conf")).toEqual({
			name: "node",
			suite: "trixie",
			components: ["main"],
			mirror: undefined,
			kernel: "linux-image-amd64",
			packages: [],
			files: [],
			mask: [],
			initramfs: "initramfs-tools",
			format: "squashfs",
			squashfsLevel: 15,
			initramfsLevel: 9,
			standInKubeadm: false,
			testChannel: false,
		});
	});

	test("reads every key", () => {
		const text = `
; a farm
name = rack-7
suite = forky
components = main non-free-firmware
mirror = http://mirror.example/debian
kernel = linux-image-cloud-amd64
packages = tcpdump, nfs-common libstdc++6
mask = lvm2-monitor.service modprobe@fuse.service
initramfs = dracut
format = initramfs
squashfs-level = 3
initramfs-level = 19
stand-in-kubeadm = yes
test-channel = TRUE
`;
		expect(parseRecipe(text, "farm.conf")).toEqual({
			name: "rack-7",
			suite: "forky",
			components: ["main", "non-free-firmware"],
			mirror: "http://mirror.example/debian",
			kernel: "linux-image-cloud-amd64",
			packages: ["tcpdump", "nfs-common", "libstdc++6"],
			files: [],
			mask: ["lvm2-monitor.service", "modprobe@fuse.service"],
			initramfs: "dracut",
			format: "initramfs",
			squashfsLevel: 3,
			initramfsLevel: 19,
			standInKubeadm: true,
			testChannel: true,
		});
	});

	test("files is a folder beside the recipe", () => {
		const folder = temporaryFolder();
		mkdirSync(join(folder, "overlay"));
		writeFileSync(join(folder, "farm.conf"), "files = overlay\n");
		expect(readRecipe(join(folder, "farm.conf")).files).toEqual([join(folder, "overlay")]);
	});

	test.each([
		["name = Node 7", "name"],
		["name = ../escape", "name"],
		["suite = trixie/updates", "suite"],
		["mirror = deb.example/debian", "mirror"],
		["kernel = vmlinuz", "kernel"],
		["packages = --allow-unauthenticated", "packages"],
		["packages = a|b", "packages"],
		["mask = ../../etc/passwd", "mask"],
		["files = no-such-folder", "files"],
		["squashfs-level = 23", "squashfs-level"],
		["squashfs-level = fast", "squashfs-level"],
		["initramfs-level = 0", "initramfs-level"],
		["initramfs = mkinitcpio", "initramfs"],
		["format = cpio", "format"],
		["test-channel = maybe", "test-channel"],
	])("refuses %j and names the key", (text, key) => {
		const codeAndMessage = (() => {
			try {
				parseRecipe(text, "farm.conf");
				return "no error";
			} catch (error) {
				return `${(error as { code?: string }).code}: ${(error as Error).message}`;
			}
		})();
		expect(codeAndMessage).toContain(`image.recipe-bad-value: farm.conf: ${key} = `);
	});

	test.each(["kernle = linux-image-amd64", "[default]\nname = node"])(
		"refuses the unknown key in %j",
		(text) => {
			expect(() => parseRecipe(text, "farm.conf")).toThrow(
				expect.objectContaining({
					code: "image.recipe-unknown-key",
					hint: expect.stringContaining("kernel"),
				}),
			);
		},
	);
});

test("a recipe that does not exist is an error that names those that do", () => {
	expect(() => readRecipe("mettal")).toThrow(
		expect.objectContaining({
			code: "image.recipe-not-found",
			hint: expect.stringContaining("kubernetes-test, metal, test"),
		}),
	);
});
