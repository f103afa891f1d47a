import { expect, test } from "vitest";
import { checkInitramfsModules } from "../../image/check-modules.ts";
import { checkRoot } from "../../image/check-root.ts";
import { bzImage, elfFor, smallRoot, someModules } from "./support/root.ts";

test("a root that has everything has its newest kernel, wherever the distribution puts it", () => {
	expect(checkRoot(smallRoot()).release).toBe("6.1.0");
	const two = smallRoot({
		"boot/vmlinuz-6.12.9": bzImage(),
		"usr/lib/modules/6.12.9/modules.dep": someModules,
		"boot/vmlinuz-6.12.10": bzImage(),
		"usr/lib/modules/6.12.10/modules.dep": someModules,
	});
	expect(checkRoot(two).release).toBe("6.12.10");
	expect(checkRoot(two, "6.1.0").release).toBe("6.1.0");
	const elsewhere = smallRoot({
		"boot/vmlinuz-6.1.0": undefined,
		"usr/lib/modules/6.1.0/vmlinuz": bzImage(),
	});
	expect(checkRoot(elsewhere).file).toBe(`${elsewhere}/usr/lib/modules/6.1.0/vmlinuz`);
});

test("an init may be a script, and links may be absolute", () => {
	expect(checkRoot(smallRoot({ "usr/lib/systemd/systemd": "#!/bin/sh\n" })).release).toBe("6.1.0");
	expect(checkRoot(smallRoot({ "usr/sbin/init": "-> /lib/systemd/systemd" })).release).toBe("6.1.0");
});

test.each([
	["no system", { "etc/passwd": undefined }, "image.source-no-system", /no \/etc/, /root of a system/],
	[
		"no kernel",
		{ "boot/vmlinuz-6.1.0": undefined },
		"image.no-kernel",
		/boot/,
		/apt-get install linux-image-amd64/,
	],
	[
		"a kernel link without its kernel",
		{ "boot/vmlinuz-6.1.0": "-> /elsewhere" },
		"image.no-kernel",
		/boot/,
		/linux-image-amd64/,
	],
	[
		"a kernel that was cut off",
		{ "boot/vmlinuz-6.1.0": "MZ" },
		"image.kernel-unusable",
		/6\.1\.0/,
		/reinstall/,
	],
	[
		"a kernel for arm64",
		{ "boot/vmlinuz-6.1.0": Buffer.concat([Buffer.alloc(0x38), Buffer.from("ARMd"), Buffer.alloc(1000)]) },
		"image.wrong-architecture",
		/kernel 6\.1\.0 .*arm64/,
		/linux\/amd64/,
	],
	[
		"no modules",
		{ "usr/lib/modules/6.1.0/modules.dep": undefined },
		"image.no-modules",
		/6\.1\.0/,
		/linux-image-amd64/,
	],
	[
		"a kernel without what stage 1 loads, as clouds' kernels are",
		{ "usr/lib/modules/6.1.0/modules.dep": someModules.replace(/.*(nbd|loop).*\n/g, "") },
		"image.kernel-lacks-modules",
		/6\.1\.0 .* no module loop, nbd/,
		/Ubuntu: linux-image-generic, linux-modules-extra-6\.1\.0/,
	],
	[
		"a kernel without drivers",
		{ "usr/lib/modules/6.1.0/modules.dep": someModules.replace(/.*(igb|virtio_net).*\n/g, "") },
		"image.kernel-lacks-modules",
		/6\.1\.0 .* no driver for a network card/,
		/linux-image-amd64/,
	],
	[
		"no init",
		{ "usr/sbin/init": undefined, "usr/sbin/x": "" },
		"image.no-init",
		/sbin\/init/,
		/systemd-sysv/,
	],
	[
		"an init that is no program",
		{ "usr/lib/systemd/systemd": "text" },
		"image.no-init",
		/no program/,
		/systemd-sysv/,
	],
	[
		"an init for arm64",
		{ "usr/lib/systemd/systemd": elfFor(183) },
		"image.wrong-architecture",
		/sbin\/init .*arm64/,
		/linux\/amd64/,
	],
	[
		"a link to an init that is not there",
		{ "usr/lib/systemd/systemd": undefined },
		"image.broken-link",
		/sbin\/init is a link to \.\.\/lib\/systemd\/systemd/,
		/systemd-sysv/,
	],
	[
		"a link to no libraries",
		{ lib: "-> usr/lob" },
		"image.broken-link",
		/\/lib is a link to usr\/lob/,
		/complete/,
	],
	["links in a circle", { sbin: "-> /sbin" }, "image.broken-link", /\/sbin is a link to \/sbin/, /complete/],
	[
		"no busybox and no libatomic",
		{ "usr/bin/busybox": undefined, "usr/lib/x86_64-linux-gnu/libatomic.so.1": undefined },
		"image.packages-missing",
		/lacks busybox, libatomic\.so\.1/,
		/apt-get install --no-install-recommends busybox libatomic1/,
	],
] as const)("%s", (_, changes, code, message, hint) => {
	expect(() => checkRoot(smallRoot(changes))).toThrow(
		expect.objectContaining({
			code,
			message: expect.stringMatching(message),
			hint: expect.stringMatching(hint),
		}),
	);
});

test("a kernel that the root does not have is refused with those that it has", () => {
	expect(() => checkRoot(smallRoot(), "6.6")).toThrow(
		expect.objectContaining({ code: "image.no-kernel", hint: "its kernels are 6.1.0" }),
	);
});

test("modules may be in the kernel itself; those that the root has as files must be in the initramfs", () => {
	const root = smallRoot({
		"usr/lib/modules/6.1.0/modules.dep": someModules.replace(/.*af_packet.*\n/g, ""),
		"usr/lib/modules/6.1.0/modules.builtin": "kernel/net/packet/af_packet.ko\n",
	});
	expect(checkRoot(root).release).toBe("6.1.0");
	const files = someModules.split("\n").map((line) => `usr/lib/modules/6.1.0/${line.replace(/\.xz:$/, "")}`);
	checkInitramfsModules(
		root,
		"6.1.0",
		files.map((file) => file.replace("virtio_net", "virtio-net")),
	);
	expect(() =>
		checkInitramfsModules(
			root,
			"6.1.0",
			files.filter((file) => !/overlay|igb/.test(file)),
		),
	).toThrow(
		expect.objectContaining({
			code: "image.modules-missing",
			message: "the initramfs lacks modules that the root has: overlay, igb",
		}),
	);
});
