import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Facts } from "../../agent/facts/facts.ts";
import { gatherRoot } from "../../agent/facts/root.ts";
import { runPlan } from "../../agent/run-plan.ts";
import { factsOf, nodesOf } from "../golden/farms.ts";
import { planOf } from "../lib/plan-text.ts";
import { recordingHost } from "../lib/recording-host.ts";
import { type CanaryFolder, canaryText, makeCanaryFolder } from "./support/canary-folder.ts";

/** A node that has every kind of file: all keys are set. */
const [, initFacts, joinFacts] = await factsOf("single-node", nodesOf("single-node").edge1 ?? {});

let canaries: CanaryFolder;
beforeEach(() => {
	canaries = makeCanaryFolder();
});
afterEach(() => canaries.remove());

/** Links of an image, path → target; `OUT` stands for the folder around the root. */
type Links = Readonly<Record<string, string>>;

function plant(links: Links): void {
	for (const [path, target] of Object.entries(links)) {
		mkdirSync(dirname(join(canaries.root, path)), { recursive: true });
		rmSync(join(canaries.root, path), { recursive: true, force: true });
		symlinkSync(target.replace("OUT", canaries.outside), join(canaries.root, path));
	}
}

/** Runs the file actions of both stages on the root, whatever fails; returns the failures. */
async function runAll(): Promise<string[]> {
	const failures: string[] = [];
	const { host } = recordingHost(canaries.root, { "root-password-hash": "$6$x", "kubeadm-join-token": "t" });
	for (const facts of [initFacts, joinFacts] as readonly (Facts | undefined)[]) {
		if (facts === undefined) throw new Error("the node has no facts");
		const witness = {
			actionEnded: (_: unknown, action: { kind: string }, __: number, error?: Error) => {
				if (error !== undefined) failures.push(`${action.kind}: ${error.message}`);
			},
		};
		await runPlan(planOf(facts), host, [witness]).catch(() => undefined);
	}
	return failures;
}

const images: Readonly<Record<string, Links>> = {
	"/etc is the root": { etc: "/" },
	"/etc is the folder above": { etc: ".." },
	"/etc is far above": { etc: "../../../../../../../.." },
	"/etc is outside, by its whole path": { etc: "OUT/etc" },
	"/etc is outside, relatively": { etc: "../../../etc" },
	"/etc/hosts is the password file": { "etc/hosts": "../../../../etc/passwd" },
	"/etc/hosts is a canary": { "etc/hosts": "OUT/etc/passwd" },
	"files are the root": {
		"etc/hosts": "/",
		"etc/fstab": "..",
		"etc/hostname": "../../..",
		"etc/rc.local": ".",
	},
	"files are folders outside": { "etc/hosts": "OUT/etc", "etc/fstab": "OUT", "etc/resolv.conf": "OUT/srv" },
	"files dangle": { "etc/hosts": "/no/such/file", "etc/fstab": "OUT/new", "etc/timezone": "../../../../new" },
	"a chain leads out": {
		"etc/hosts": "a",
		"etc/a": "b",
		"etc/b": "../c",
		c: "d/../../../../etc/hosts",
		d: "OUT",
	},
	"links go in circles": {
		"etc/hosts": "hosts",
		"etc/fstab": "x",
		"etc/x": "fstab",
		run: "/run",
		srv: "srv/a",
	},
	"/etc goes in a circle": { etc: "etc" },
	"folders of units are outside": {
		"etc/systemd": "OUT/etc/systemd",
		"etc/cron.d": "OUT/etc",
		"etc/sysctl.d": "../../../../etc",
		"etc/modprobe.d": "/../../..",
	},
	"state and home are outside": {
		run: "OUT/run",
		root: "../../..",
		"var/lib/dbus": "OUT/etc",
		srv: "OUT/srv",
		home: "OUT",
	},
	"the names of temporary files are taken": {
		"etc/.hosts.netherd-new": "OUT/etc/hosts",
		"etc/.fstab.netherd-new": "/",
		"etc/systemd/system/.swap.target.netherd-new": "OUT/etc/passwd",
	},
};

describe("links of an image: nothing around the root changes, when", () => {
	test.each(Object.entries(images))("%s", async (_, links) => {
		plant(links);
		const before = canaries.listing();
		await runAll();
		expect(canaries.listing()).toEqual(before);
	});
});

test("an image without tricks: everything is done", async () => {
	const before = canaries.listing();
	expect(await runAll()).toEqual([]);
	expect(canaries.listing()).toEqual(before);
	expect(readFileSync(join(canaries.root, "etc/hostname"), "utf8")).toBe("edge1\n");
	expect(existsSync(join(canaries.root, "run/netherd/join/1.json"))).toBe(true);
});

test("what links lead to inside the root is written there", async () => {
	plant({ etc: "../../../usr/etc" });
	await runAll();
	expect(readFileSync(join(canaries.root, "usr/etc/hostname"), "utf8")).toBe("edge1\n");
});

test("files where folders should be, and folders where files should be", async () => {
	writeFileSync(join(canaries.root, "run"), "");
	mkdirSync(join(canaries.root, "etc/hosts"), { recursive: true });
	mkdirSync(join(canaries.root, "etc/localtime/x"), { recursive: true });
	const before = canaries.listing();
	const failures = await runAll();
	expect(failures.some((failure) => failure.startsWith("putFile"))).toBe(true);
	expect(canaries.listing()).toEqual(before);
});

/** Parts of the paths that the plan writes to, and where a link there could lead. */
const places = fc.constantFrom(
	...[
		"etc",
		"etc/hosts",
		"etc/systemd",
		"etc/systemd/system",
		"run",
		"run/netherd",
		"root",
		"srv",
		"var",
		"var/lib",
	],
	...["etc/fstab", "etc/hostname", "etc/localtime", "var/lib/dbus", "etc/sysctl.d", "etc/cron.d", "x", "y"],
);
const targets = fc.oneof(
	fc.constantFrom(
		"/",
		".",
		"..",
		"OUT",
		"OUT/etc",
		"OUT/etc/hosts",
		"OUT/new",
		"x",
		"y",
		"/x",
		"../y",
		"etc",
	),
	fc
		.array(fc.constantFrom("..", "etc", "x", "hosts", "a", "."), { minLength: 1, maxLength: 9 })
		.map((parts) => parts.join("/")),
	fc
		.array(fc.constantFrom("..", "etc", "y", "hosts"), { minLength: 1, maxLength: 6 })
		.map((parts) => `/${parts.join("/")}`),
);

test("any links of an image: nothing around the root changes", async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.tuple(places, targets), { maxLength: 8 }), async (links) => {
			rmSync(canaries.root, { recursive: true, force: true });
			mkdirSync(canaries.root);
			// Later links may stand below earlier ones only where those lead to folders inside; others are left out.
			for (const [path, target] of links) {
				if (links.some(([other]) => path.startsWith(`${other}/`))) continue;
				plant({ [path]: target });
			}
			const before = canaries.listing();
			await runAll();
			expect(canaries.listing()).toEqual(before);
		}),
		{ numRuns: 60 },
	);
});

describe("facts of an image come from inside of it", () => {
	test.each([
		["absolutely", { "etc/rc.local": "OUT/etc/rc.local" }],
		["relatively", { "etc/rc.local": "../../../../etc/rc.local" }],
		["by a folder", { etc: "../../../etc" }],
	])("rc.local leads out %s", (_, links: Links) => {
		plant(links);
		expect(JSON.stringify(gatherRoot(canaries.root))).not.toContain(canaryText.trim());
	});

	test("units of folders outside are not seen", () => {
		plant({ "etc/systemd/system": "OUT/etc/systemd/system", "etc/init.d": "OUT/etc" });
		expect(gatherRoot(canaries.root).units).toEqual([]);
	});

	test("a link of the image is followed inside of it", () => {
		mkdirSync(join(canaries.root, "usr/share"), { recursive: true });
		writeFileSync(join(canaries.root, "usr/share/rc.local"), "#!/bin/sh\necho inside\n");
		plant({ "etc/rc.local": "/usr/share/rc.local" });
		expect(gatherRoot(canaries.root).rcLocal).toContain("echo inside");
	});

	test.each([["rc.local"], ["circle"]])("a circle or a dangling link is no rc.local", (target) => {
		plant({ "etc/rc.local": target });
		expect(gatherRoot(canaries.root)).toEqual({ mountedAt: canaries.root, units: [] });
	});
});
