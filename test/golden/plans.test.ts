import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { keys } from "../../agent/config/keys.ts";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import { serializePlans } from "../../agent/plan/plan.ts";
import { farmNodes } from "../lib/farm-text.ts";
import { planOf, planText } from "../lib/plan-text.ts";
import { factsOf, farmFile, farms, goldenFiles, nodesOf } from "./farms.ts";
import { nodeCount, perMacFarmFiles } from "./per-mac-farm/files.ts";

const repository = join(import.meta.dirname, "../..");

describe.each(farms)("%s", (farm) => {
	test.each(Object.entries(nodesOf(farm)))(
		"%s: the whole plan, as --dry-run prints it",
		async (name, node) => {
			const plans = (await factsOf(farm, node)).map(planOf);
			await expect(await planText(plans)).toMatchFileSnapshot(farmFile(farm, `${name}.plan.txt`));
		},
	);
});

test("agent --dry-run prints the same", async () => {
	const node = nodesOf("single-node").edge1 ?? {};
	const { mac = "", ip = "" } = node;
	const words = ["--dry-run", "--conf", farmFile("single-node", "lts.conf"), "--mac", mac, "--ip", ip];
	const { stdout } = await execa(process.execPath, ["agent/main.ts", ...words], { cwd: repository });
	const plans = (await factsOf("single-node", node)).map(planOf);
	expect(`${stdout.replace(/^assumed .*\n/gm, "")}\n`).toBe(await planText(plans));
});

describe("per-mac-farm", () => {
	test.each(Object.entries(perMacFarmFiles))("%s is what the generator writes", (file, text) => {
		expect(readFileSync(farmFile("per-mac-farm", file), "utf8")).toBe(text);
	});

	test("a digest of the plans of every node, for both versions", async () => {
		const before = await digests("lts.conf");
		const after = await digests("lts-changed.conf");
		const lines = [...before].map(([name, digest]) => {
			const now = after.get(name);
			return `${name}  ${digest}  ${now === digest ? "the same" : now}`;
		});
		await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(farmFile("per-mac-farm", "digests.txt"));
	});
});

/** By node, a short hash over the serialized plans of all stages; places in the file are left out. */
async function digests(file: string): Promise<Map<string, string>> {
	const conf = join("test/golden/per-mac-farm", file);
	const byNode = new Map<string, string>();
	for (const { name, mac, ip } of farmNodes(nodeCount)) {
		const plans = (await factsOf("per-mac-farm", { conf, mac, ip })).map(planOf);
		const text = serializePlans(plans).replaceAll(/\(lts[\w.-]*:\d+ /g, "(");
		byNode.set(`${name}  ${mac}`, createHash("sha256").update(text).digest("hex").slice(0, 16));
	}
	return byNode;
}

describe("the golden files", () => {
	test.each(goldenFiles())("%s has no errors", (file) => {
		const findings = checkLtsConf(readFileSync(file, "utf8"), file);
		expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
	});

	test("set every key that there is", () => {
		const set = new Set(
			goldenFiles().flatMap((file) =>
				parseLtsConf(readFileSync(file, "utf8"), file).sections.flatMap(({ entries }) =>
					entries.map(({ key }) => key),
				),
			),
		);
		const isSet = (name: string) =>
			name.endsWith("*") ? [...set].some((key) => key.startsWith(name.slice(0, -1))) : set.has(name);
		expect(keys.map(({ name }) => name).filter((name) => !isSet(name))).toEqual([]);
	});
});
