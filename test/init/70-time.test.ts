import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { time } from "../../agent/init/70-time.ts";
import { makeTestRoot, planStep, planText, planUnchecked, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

test("zone and servers", () => {
	expect(
		planText(time, "TIMEZONE = Europe/Prague\nTIMESERVER = auto ntp.farm.example"),
	).toMatchInlineSnapshot(`
		"make link     /etc/localtime -> /usr/share/zoneinfo/Europe/Prague
		  because TIMEZONE (lts.conf:2 [default])
		put file      /etc/timezone  (0644, 14 B)
		  because TIMEZONE (lts.conf:2 [default])
		  │ Europe/Prague
		put file      /etc/systemd/timesyncd.conf.d/netherd.conf  (0644, 38 B)
		  because TIMESERVER (lts.conf:3 [default])
		  │ [Time]
		  │ NTP=192.0.2.1 ntp.farm.example
		make link     /etc/systemd/system/dbus-org.freedesktop.timesync1.service -> /usr/lib/systemd/system/systemd-timesyncd.service
		  because TIMESERVER (lts.conf:3 [default])
		make link     /etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service -> /usr/lib/systemd/system/systemd-timesyncd.service
		  because TIMESERVER (lts.conf:3 [default])"
	`);
});

test("chrony, where the image has it", () => {
	const node = { root: { units: ["chrony.service"] } };
	expect(planText(time, "TIMESERVER = 192.0.2.7", node)).toMatchInlineSnapshot(`
		"put file      /etc/chrony/sources.d/netherd.sources  (0644, 24 B)
		  because TIMESERVER (lts.conf:2 [default])
		  │ server 192.0.2.7 iburst"
	`);
});

test("nothing set, nothing done", () => {
	expect(planStep(time, "")).toEqual([]);
});

test("on a real root, over the file that the image has", async () => {
	root = makeTestRoot();
	await root.run(time, "TIMEZONE = UTC");
	await root.run(time, "TIMEZONE = America/Argentina/Ushuaia");
	expect(readlinkSync(join(root.path, "etc/localtime"))).toBe(
		"/usr/share/zoneinfo/America/Argentina/Ushuaia",
	);
	expect(lstatSync(join(root.path, "etc/timezone")).isFile()).toBe(true);
	expect(root.read("etc/timezone")).toBe("America/Argentina/Ushuaia\n");
});

test.each(["../../../etc/shadow", "/etc/shadow", "Europe/../../x", "Europe/"])("the zone %s", (zone) => {
	expect(() => planStep(time, `TIMEZONE = ${zone}`)).toThrow(
		expect.objectContaining({ code: "config.invalid" }),
	);
});

test("the step looks for itself, too", () => {
	expect(() => planUnchecked(time, "TIMEZONE", "../x")).toThrow(
		expect.objectContaining({
			code: "init.bad-time-zone",
			message: expect.stringContaining("TIMEZONE (lts.conf:2 [default])"),
		}),
	);
});
