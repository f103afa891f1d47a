import assert from "node:assert/strict";
import { join } from "node:path";
import { checkJoin, configured, stageDone, withServer } from "../lib/after-join.ts";
import { BootedNode, bootLimit } from "../lib/booted-node.ts";
import { imageBytesServed } from "../lib/image-checks.ts";
import { type GuestCheck, scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";
import { variantTree } from "../lib/variant-image.ts";

/** A container runtime's first steps with a container's root (pivot_root(2)). */
const pivotRoot = `unshare --mount --propagation private sh -ec '
	mkdir -p /run/pivot
	mount -t tmpfs tmpfs /run/pivot
	mkdir /run/pivot/old /run/pivot/bin /run/pivot/usr
	mount --bind /usr /run/pivot/usr
	for name in lib lib64; do ln -s usr/$name /run/pivot/$name; done
	cd /run/pivot
	pivot_root . old
	exec /usr/sbin/chroot . /usr/bin/sh -c "ls -d /old/etc/os-release; ls /"
'`;

const afterMove: readonly GuestCheck[] = [
	{
		what: "the root is a tmpfs",
		run: "stat --file-system --format %T /; findmnt --noheadings --output FSTYPE /",
		prints: "tmpfs\ntmpfs",
	},
	{
		what: "its size has a limit: the root's and half of the memory",
		run: "findmnt --noheadings --bytes --output SIZE / | awk '{ print ($1 > 1200e6 && $1 < 1800e6) }'",
		prints: "1",
	},
	{
		what: "containers can pivot_root in it",
		run: pivotRoot,
		prints: "/old/etc/os-release\nbin\nlib\nlib64\nold\nusr",
	},
	{
		what: "hard links are still links: perl has two names and one inode",
		run: "stat --format '%h' /usr/bin/perl; stat --format %i /usr/bin/perl* | sort -u | wc -l",
		prints: "2\n1",
	},
	{
		what: "modes, owners and dates are those of the image",
		run: "stat --format '%a %U %G' /usr/bin/su /etc/shadow /tmp; test /usr/bin/su -ot /etc/netherd/build-id && echo older",
		prints: "4755 root root\n640 root shadow\n1777 root root\nolder",
	},
	{
		what: "the root shows at /rofs, read-only",
		run: "touch /rofs/x 2>&1; ls -d /rofs/etc/os-release",
		prints: /Read-only file system\n\/rofs\/etc\/os-release$/,
	},
	{
		what: "the initial ramfs is free again: what is in use beside the root is no second root",
		run: "awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 } /^Shmem:/ { s = $2 } END { print (t - a - s < 350000) }' /proc/meminfo",
		prints: "1",
	},
	{
		what: "no squashfs, loop or NBD device is in use",
		run: "lsblk --noheadings --nodeps --output NAME; grep -c squashfs /proc/mounts || true",
		prints: "0",
	},
];

const systemRuns = "until systemctl is-active --quiet sysinit.target; do sleep 0.3; done";

export default scenario(
	"root-in-initramfs",
	"--format initramfs: kernel and one cpio, no image server; the root moves into a tmpfs, and a reboot forgets",
	{
		async run(stage) {
			const tree = await variantTree({ name: "whole-root-test", format: "initramfs" }, stage);
			await using node = await BootedNode.boot(
				{ ...joiningNode, servesNbd: false },
				{ ...stage.setup, bootTree: tree },
				join(stage.folder, "boot"),
			);
			await checkJoin(stage, node);
			await stage.checkGuest(node, [...afterMove, ...configured, ...withServer]);
			await stage.check("no image server was asked: no NBD, no image over HTTP", () => {
				assert.equal(imageBytesServed(node), 0);
				const paths = node.companion
					.events()
					.flatMap((event) =>
						event.event === "http.request" && event.path.startsWith("/images/") ? [event.path] : [],
					);
				assert.deepEqual(paths.map((path) => path.split("/").at(-1)).sort(), ["initramfs.img", "vmlinuz"]);
			});
			await stage.check("nobody listens for NBD", async () => {
				const { exitCode } = await node.machine.guest.run("bash -c 'exec 3<>/dev/tcp/192.168.67.1/10809'");
				assert.notEqual(exitCode, 0);
			});

			await node.machine.guest.output("touch /etc/left-behind; rm /etc/os-release");
			const fromLine = await node.reset();
			stage.say("until the second boot's system runs");
			await node.unlessBootFails(
				node.machine.console.waitFor(/netherd: the root of image/, { ...bootLimit, fromLine }),
			);
			await node.unlessBootFails(node.machine.guest.output(systemRuns, bootLimit));
			await stage.checkGuest(node, [
				{
					what: "second boot: nothing of the first is left",
					run: "ls /etc/left-behind 2>&1; test -s /etc/os-release && echo back",
					prints: /No such file or directory\nback$/,
				},
			]);
			await stageDone(node, "init");
		},
	},
);
