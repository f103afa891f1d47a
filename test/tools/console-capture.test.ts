import { expect, test } from "vitest";
import { captureOf } from "../../tools/console-capture.ts";

test("the agent's lines up to the end of stage 1, and what the scenario did, in order of time", () => {
	const console = `    0.100  iPXE initialising devices
   10.000  netherd: initramfs 20-fetch-image
   11.040  [    9.253952] loop: module loaded
   12.060  netherd: image  33 %  52.0 MiB of 156 MiB
   20.000  netherd: initramfs done in 9.0 s
   21.000  netherd: init 10-host-name
`;
	const notes = "   13.000  the server is killed\n   40.000  the node has run kubeadm join\n";
	expect(captureOf("lost", console, notes).split("\n").slice(3)).toEqual([
		"",
		"  10.0  netherd: initramfs 20-fetch-image",
		"  12.1  netherd: image  33 %  52.0 MiB of 156 MiB",
		"  13.0          >>> the server is killed <<<",
		"  20.0  netherd: initramfs done in 9.0 s",
		"  40.0          >>> the node has run kubeadm join <<<",
		"",
	]);
});

test("a boot that ended before is shown whole", () => {
	expect(captureOf("lost", "    1.000  netherd: a\n", "")).toMatch(/\n {3}1\.0 {2}netherd: a\n$/);
});
