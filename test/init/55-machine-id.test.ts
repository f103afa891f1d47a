import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { machineId } from "../../agent/init/55-machine-id.ts";
import { makeTestRoot, type NodeUnderTest, planStep, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const idOf = (node: NodeUnderTest) => {
	const [operation] = planStep(machineId, "", node);
	return operation?.kind === "writeFile" ? operation.content : undefined;
};
const uuid = "8a4bbf0e-5bc2-4d3c-9d0e-0a1f9ad1b001";

test("from the SMBIOS UUID", () => {
	expect(planText(machineId, "")).toMatchInlineSnapshot(`
		"put file      /etc/machine-id  (0444, 33 B)
		  because SMBIOS UUID of the machine
		  │ b2c71ce8d9384246b74589689c30c404
		make link     /var/lib/dbus/machine-id -> /etc/machine-id"
	`);
});

test("has the form of a machine ID and of a UUID of version 4", () => {
	for (let machine = 0; machine < 64; machine++) {
		const id = idOf({ machineUuid: uuid.replace(/001$/, String(machine).padStart(3, "0")) });
		expect(id).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$/);
	}
});

test("the same whatever else changes on the machine, in any case of the UUID", () => {
	const moved = { mac: "52:54:00:00:00:99", ip: "192.0.2.99", hostname: "other" };
	expect(idOf({ machineUuid: uuid.toUpperCase(), network: moved })).toBe(idOf({ machineUuid: uuid }));
});

test("another machine, another ID", () => {
	expect(idOf({ machineUuid: uuid.replace(/1$/, "2") })).not.toBe(idOf({ machineUuid: uuid }));
	const first = idOf({ machineUuid: null });
	expect(idOf({ machineUuid: null, network: { mac: "52:54:00:00:00:02" } })).not.toBe(first);
});

test.each([
	["00000000-0000-0000-0000-000000000000"],
	["ffffffff-ffff-ffff-ffff-ffffffffffff"],
	["03000200-0400-0500-0006-000700080009"],
	["Not Settable"],
])("a UUID that every board has (%s): the MAC address", (machineUuid) => {
	expect(idOf({ machineUuid })).toBe(idOf({ machineUuid: null }));
	expect(planStep(machineId, "", { machineUuid })[0]?.because).toBe("MAC address of the boot interface");
});

test("on a real root: read-only for all, and D-Bus reads the same file", async () => {
	root = makeTestRoot();
	await root.run(machineId, "");
	expect(root.read("etc/machine-id")).toBe(idOf({}));
	expect(lstatSync(join(root.path, "etc/machine-id")).mode & 0o777).toBe(0o444);
	expect(readlinkSync(join(root.path, "var/lib/dbus/machine-id"))).toBe("/etc/machine-id");
});
