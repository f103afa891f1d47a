import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dns } from "../../agent/init/20-dns.ts";
import { makeTestRoot, planText, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot;
let outside: string;

beforeEach(() => {
	root = makeTestRoot();
	outside = mkdtempSync(join(tmpdir(), "netherd-outside-"));
	mkdirSync(join(root.path, "etc"));
});

afterEach(() => {
	root.remove();
	rmSync(outside, { recursive: true });
});

test("DHCP", () => {
	expect(planText(dns, "")).toMatchInlineSnapshot(`
		"remove file   /etc/resolv.conf
		  because DHCP
		put file      /etc/resolv.conf  (0644, 42 B)
		  because DHCP
		  │ search farm.example
		  │ nameserver 192.0.2.53"
	`);
});

test("lts.conf before DHCP", () => {
	const ltsConf = "DNS_SERVER = 192.0.2.2 2001:db8::53\nSEARCH_DOMAIN = rack.example farm.example";
	expect(planText(dns, ltsConf)).toMatchInlineSnapshot(`
		"remove file   /etc/resolv.conf
		  because DNS_SERVER (lts.conf:2 [default]), SEARCH_DOMAIN (lts.conf:3 [default])
		put file      /etc/resolv.conf  (0644, 78 B)
		  because DNS_SERVER (lts.conf:2 [default]), SEARCH_DOMAIN (lts.conf:3 [default])
		  │ search rack.example farm.example
		  │ nameserver 192.0.2.2
		  │ nameserver 2001:db8::53"
	`);
});

test("nothing known: the image's file stays", () => {
	expect(planText(dns, "", { network: { nameServers: [], domain: "" } })).toBe("");
});

test("an answer of DHCP that is no address is not written", () => {
	const text = planText(dns, "", { network: { nameServers: ["192.0.2.53", "evil\nsearch x"] } });
	expect(text).toContain("nameserver 192.0.2.53\n".trim());
	expect(text).not.toContain("evil");
});

test.each([
	["a dangling link", "../run/systemd/resolve/stub-resolv.conf"],
	["a link that leads out of the root", "OUTSIDE"],
])("%s is replaced by a plain file", async (_, target) => {
	symlinkSync(target.replace("OUTSIDE", join(outside, "resolv.conf")), join(root.path, "etc/resolv.conf"));
	await root.run(dns, "DNS_SERVER = 192.0.2.2");
	expect(lstatSync(join(root.path, "etc/resolv.conf")).isFile()).toBe(true);
	expect(root.read("etc/resolv.conf")).toBe("search farm.example\nnameserver 192.0.2.2\n");
	expect(readdirSync(outside)).toEqual([]);
	expect(readdirSync(root.path)).toEqual(["etc"]);
});
