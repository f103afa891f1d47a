import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { network } from "../../agent/init/50-network.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { makeTestRoot, planStep, type TestRoot, withoutPrograms } from "../lib/plan-step.ts";

// The real systemd-networkd, in namespaces of its own, with the files that the step writes.

let work: TestRoot;
beforeAll(() =>
	ensureDebianPackages(["systemd", "dnsmasq-base", "iproute2"], "lease an address in a test network"),
);
afterEach(() => work.remove());

/** What the interface looked like before, with and after networkd, and the leases that the server gave. */
async function boot(dhcpServer: "yes" | "no"): Promise<Record<string, string>> {
	work = makeTestRoot();
	const node = makeTestRoot();
	try {
		await node.run(withoutPrograms(network), "");
		execFileSync("cp", ["-a", node.path, join(work.path, "root")]);
	} finally {
		node.remove();
	}
	const program = planStep(network, "", { network: { device: "node0" } }).flatMap((operation) =>
		operation.kind === "spawn" ? operation.argv : [],
	);
	const printed = execFileSync(
		"unshare",
		[
			..."--net --mount --pid --mount-proc --fork --kill-child".split(" "),
			...["sh", join(import.meta.dirname, "lease.sh"), work.path, dhcpServer, ...program],
		],
		{ encoding: "utf8", timeout: 150_000 },
	);
	return Object.fromEntries(
		printed
			.split(/^== /m)
			.slice(1)
			.map((section) => [section.slice(0, section.indexOf("\n")), section.slice(section.indexOf("\n") + 1)]),
	);
}

test("the boot's address becomes a lease, its default route gives way, others' routes stay", async () => {
	const seen = await boot("yes");
	const defaultRoutes = (text = "") => text.split("\n").filter((line) => line.startsWith("default"));
	expect(defaultRoutes(seen.before)).toEqual([
		expect.stringMatching(/^default via 192\.0\.2\.254 dev node0 *$/),
	]);
	// In this order, from the one that is used: the lease's, and what there is without a lease.
	expect(defaultRoutes(seen["with networkd"])).toEqual([
		expect.stringMatching(/^default via 192\.0\.2\.254 dev node0 proto dhcp .*metric 1024 *$/),
		expect.stringMatching(/^default via 192\.0\.2\.254 dev node0 proto static metric 65535 onlink *$/),
	]);
	for (const kept of [
		/^node0\S* +UP +192\.0\.2\.10\/24 *$/m,
		/^10\.244\.0\.0\/16 /m,
		/^blackhole 10\.245\.0\.0\/16 /m,
		/from 10\.244\.0\.0\/16 /,
	]) {
		expect(seen["with networkd"]).toMatch(kept);
	}
	expect(seen["after networkd"]).toBe(seen["with networkd"]);
	// RequestAddress is known since systemd 255.
	const complaints = seen.complaints
		?.split("\n")
		.filter((line) => line !== "" && !line.includes("RequestAddress"));
	expect(complaints).toEqual([]);
	// Last field: the client identifier, hardware type 1 and the MAC address (RFC 2132, section 9.14).
	expect(seen.lease?.replace(/^\d+ /, "").replace(/ \S+ (?=01:)/, " NAME ")).toBe(
		"52:54:00:00:00:01 192.0.2.10 NAME 01:52:54:00:00:00:01\n",
	);
});

test("without a DHCP server the node keeps what it booted with", async () => {
	const seen = await boot("no");
	expect(seen["with networkd"]).toBe(seen["before networkd"]);
	expect(seen["after networkd"]).toBe(seen["before networkd"]);
	expect(seen["before networkd"]).toMatch(/^default via 192\.0\.2\.254 dev node0 /m);
	expect(seen["before networkd"]?.match(/^default /gm)).toHaveLength(1);
});

test("run a second time, on a root that something else has mounted, it leaves the same routes", async () => {
	const seen = await boot("no");
	expect(seen["when run again"]).toBe(seen["before networkd"]);
});
