import { expect, test } from "vitest";
import { lower } from "../../agent/plan/operation.ts";

test("a mount is its folder and mount(8)", () => {
	expect(
		lower({
			kind: "mount",
			what: "tmpfs",
			where: "/run/x",
			type: "tmpfs",
			options: ["size=1024", "mode=0700"],
			because: "X (lts.conf:1)",
		}),
	).toEqual([
		{ kind: "makeDirectory", path: "/run/x", mode: "0755", because: "X (lts.conf:1)" },
		{
			kind: "spawn",
			argv: ["mount", "-t", "tmpfs", "-o", "size=1024,mode=0700", "tmpfs", "/run/x"],
			timeoutMs: 60_000,
			because: "X (lts.conf:1)",
		},
	]);
});

test("a bind mount has no type", () => {
	expect(lower({ kind: "mount", what: "/a", where: "/b", type: "bind" }).at(-1)).toMatchObject({
		argv: ["mount", "-o", "bind", "/a", "/b"],
	});
});

test("shell lines become a script that root alone can read, then run", () => {
	expect(
		lower({ kind: "runShell", name: "preinit", script: "echo 1", environment: { A: "b" }, timeoutMs: 5 }),
	).toEqual([
		{ kind: "putFile", path: "/run/netherd/init/preinit.sh", mode: "0700", content: "echo 1\n" },
		{
			kind: "spawn",
			argv: ["/bin/sh", "/run/netherd/init/preinit.sh"],
			environment: { A: "b" },
			timeoutMs: 5,
		},
	]);
});

test("a masked unit is a link to /dev/null, an installed one is wanted by its target", () => {
	expect(lower({ kind: "maskUnit", name: "ufw.service" })).toEqual([
		{ kind: "makeSymlink", path: "/etc/systemd/system/ufw.service", target: "/dev/null" },
	]);
	expect(
		lower({ kind: "installUnit", name: "a.service", content: "[Unit]\n", wantedBy: "multi-user.target" }),
	).toEqual([
		{ kind: "putFile", path: "/etc/systemd/system/a.service", mode: "0644", content: "[Unit]\n" },
		{
			kind: "makeSymlink",
			path: "/etc/systemd/system/multi-user.target.wants/a.service",
			target: "../a.service",
		},
	]);
});

test("without a reason there is none, not an empty one", () => {
	expect(lower({ kind: "removeFile", path: "/x" })).toEqual([{ kind: "removeFile", path: "/x" }]);
});
