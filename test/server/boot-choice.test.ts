import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkPins, chooseBoot } from "../../server/boot-choice.ts";
import { parseConfig } from "../../server/config/read-config.ts";
import { release, writeBootTree, writeVersion } from "./support/boot-tree.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const parse = (text: string) => ({
	...parseConfig(`[network]\ninterface = eth0\n[dhcp]\nmode = off\n${text}`, "c.ini"),
	defaultImage: "node",
});

const farm = parse(`
[hosts]
52:54:00:00:00:01, 52:54:00:00:00:11 = 10.0.0.11, node1
52:54:00:00:00:02 = 10.0.0.12, node2
52:54:00:00:00:03 = 10.0.0.13, storage3
52:54:00:00:00:04 = 10.0.0.14
[groups]
canary = node2, 52:54:00:00:00:04
storage = storage*
everything = *
virtual = 52:54:*:04
[pins]
everything = node/1
storage = storage
canary = node/2
node1 = node/3
52:54:00:00:00:02 = node/4
`);

test.each([
	["a pin of a name", "52:54:00:00:00:01", "node/3", ["everything"]],
	["the node's other card", "52:54:00:00:00:11", "node/3", ["everything"]],
	["a pin of a MAC address, before its groups", "52:54:00:00:00:02", "node/4", ["everything", "canary"]],
	["the first of two groups", "52:54:00:00:00:03", "node/1", ["storage"]],
	["a group by MAC address", "52:54:00:00:00:04", "node/1", ["canary"]],
	["a machine that no line names", "52:54:00:00:00:99", "node/1", []],
	["a machine that does not say who it is", undefined, "node", []],
])("%s", (_, mac, expected, overruled) => {
	const choice = chooseBoot(farm, mac);
	expect([choice.image, choice.version].filter(Boolean).join("/")).toBe(expected);
	expect(choice.overruled.map(({ node }) => node)).toEqual(overruled);
});

test("a pin of one card holds for the node, whichever it boots from", () => {
	const config = parse(
		"[hosts]\n52:54:00:00:00:01, 52:54:00:00:00:11 = 10.0.0.11\n[pins]\n52:54:00:00:00:01 = node/5\n",
	);
	expect(chooseBoot(config, "52:54:00:00:00:11").version).toBe("5");
});

test.each([
	["rack*-1", ["rack7-1", "rack-1"], ["rack-11", "arack-1"]],
	["*a*b*", ["ab", "xaxbx"], ["ba", "a"]],
	["a*a", ["aa", "aba"], ["a"]],
	["a*bc*c", ["abcc", "axbcxc"], ["abc"]],
	["*:01", ["52:54:00:00:00:01"], ["52:54:00:00:00:10"]],
])("the pattern %s", (pattern, fitting, others) => {
	const isPinned = (name: string) => {
		const host = name.includes(":") ? `${name} = 10.0.0.1` : `52:54:00:00:00:aa = 10.0.0.1, ${name}`;
		const config = parse(`[hosts]\n${host}\n[groups]\ng = ${pattern}\n[pins]\ng = pinned\n`);
		return chooseBoot(config, host.split(" ")[0]).pin !== undefined;
	};
	expect(fitting.filter((name) => !isPinned(name))).toEqual([]);
	expect(others.filter(isPinned)).toEqual([]);
});

test("a pin to what is not there, or not whole, is refused and named", async () => {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	await writeVersion(folder, { name: "storage", version: "1" });
	const check = (value: string) => checkPins(folder, parse(`[pins]\n52:54:00:00:00:01 = ${value}\n`).pins);
	expect(() => check("node")).not.toThrow();
	expect(() => check("storage/1")).not.toThrow();
	for (const value of ["node/2", "other", "storage"]) {
		expect(() => check(value)).toThrow(
			expect.objectContaining({
				code: "server.pin-wrong",
				message: expect.stringMatching(`^\\[pins\\] 52:54:00:00:00:01 = ${value}: cannot read `),
			}),
		);
	}
	release(folder, { name: "storage", version: "1" });
	expect(() => check("storage")).not.toThrow();
});
