import { expect, test } from "vitest";
import { allScenarios, chooseScenarios } from "../../../vm-tests/lib/find-scenarios.ts";
import { groupByBoot } from "../../../vm-tests/lib/run-scenarios.ts";
import { type Scenario, scenario } from "../../../vm-tests/lib/scenario.ts";

const before = { firmware: "bios", memoryMiB: 1024, ltsConf: "[default]\n" } as const;
const run = async () => {};

test("every scenario file holds the scenario of its name, with one line of description", async () => {
	const all = await allScenarios();
	const names = all.map(({ name }) => name);
	expect(names).toEqual(names.toSorted());
	for (const name of [
		"bios-boot-to-join",
		"changed-configuration",
		"image-larger-than-ram",
		"kubernetes-join",
		"kubernetes-late",
		"kubernetes-two-nodes",
		"kubernetes-wrong-ca",
		"no-lts-conf",
		"replay",
		"server-lost-after-image",
		"uefi-boot-to-join",
		"wrong-export",
	]) {
		expect(names).toContain(name);
	}
	for (const { description } of all) expect(description).toMatch(/^\S.{10,110}$/);
});

test("scenarios are chosen by name, each once; an unknown name is an error that names all", () => {
	const all = ["one", "two"].map((name) => scenario(name, "", { before, run }));
	expect(chooseScenarios(all, ["two", "two"]).map(({ name }) => name)).toEqual(["two"]);
	expect(() => chooseScenarios(all, ["three"])).toThrow(
		expect.objectContaining({ code: "vm.unknown-scenario", hint: "the scenarios are one, two" }),
	);
});

test("those that only look, with the same state before, look at one boot", () => {
	const scenarios = [
		scenario("a", "", { before, run, sharesBoot: true }),
		scenario("b", "", { before, run }),
		scenario("c", "", { before: { ...before, memoryMiB: 2048 }, run, sharesBoot: true }),
		scenario("d", "", { before: { ...before }, run, sharesBoot: true }),
		scenario("e", "", { before, run }),
	];
	const names = (groups: Scenario[][]) => groups.map((group) => group.map(({ name }) => name).join(""));
	expect(names(groupByBoot(scenarios))).toEqual(["ad", "b", "c", "e"]);
});
