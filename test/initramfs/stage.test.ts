import { describe, expect, test } from "vitest";
import { initramfsStage } from "../../agent/boot.ts";
import type { InitramfsFacts } from "../../agent/facts/facts.ts";
import { actionLine } from "../../agent/plan/render.ts";
import { planFromFacts } from "../../agent/run-stage.ts";
import { actionsOf, factsOf, fetched, image, mebibyte, spawned } from "./support/initramfs-facts.ts";

test("the image into RAM, then a writable root over it", () => {
	expect(spawned(factsOf(""))).toMatchInlineSnapshot(`
		[
		  "modprobe loop",
		  "modprobe squashfs",
		  "modprobe overlay",
		  "mount -t tmpfs -o size=315621376,mode=0700,huge=within_size tmpfs /run/netherd/image",
		  "mount -t squashfs -o ro,loop /run/netherd/image/image.squashfs /run/netherd/rofs",
		  "mount -t tmpfs -o size=50%,mode=0755 tmpfs /run/netherd/cow",
		  "mount -t overlay -o lowerdir=/run/netherd/rofs,upperdir=/run/netherd/cow/upper,workdir=/run/netherd/cow/work overlay /root",
		  "mount -o bind /run/netherd/rofs /root/rofs",
		  "mount -o bind /run/netherd/cow /root/cow",
		  "mount -o bind /dev /root/dev",
		  "mount -o bind /proc /root/proc",
		  "mount -o bind /sys /root/sys",
		  "mount -o bind /run /root/run",
		]
	`);
	expect(fetched(factsOf(""))).toMatchObject({
		sources: [
			{ kind: "nbd", host: "192.0.2.1", port: 10809, exportName: "/node/7" },
			{ kind: "http", url: "http://192.0.2.1/images/node/7/image.squashfs" },
		],
		sizeBytes: image.sizeBytes,
		chunks: image.chunks,
	});
});

test("left on the server: the kernel's nbd, nothing fetched", () => {
	const { image: _, ...facts } = factsOf("LTSP_NBD_TO_RAM = false");
	expect(spawned(facts)).toMatchInlineSnapshot(`
		[
		  "modprobe loop",
		  "modprobe squashfs",
		  "modprobe overlay",
		  "modprobe nbd nbds_max=1 max_part=0",
		  "nbd-client 192.0.2.1 10809 /dev/nbd0 -name /node/7 -readonly -systemd-mark",
		  "mount -t squashfs -o ro /dev/nbd0 /run/netherd/rofs",
		  "mount -t tmpfs -o size=50%,mode=0755 tmpfs /run/netherd/cow",
		  "mount -t overlay -o lowerdir=/run/netherd/rofs,upperdir=/run/netherd/cow/upper,workdir=/run/netherd/cow/work overlay /root",
		  "mount -o bind /run/netherd/rofs /root/rofs",
		  "mount -o bind /run/netherd/cow /root/cow",
		  "mount -o bind /dev /root/dev",
		  "mount -o bind /proc /root/proc",
		  "mount -o bind /sys /root/sys",
		  "mount -o bind /run /root/run",
		]
	`);
	expect(fetched(facts)).toBeUndefined();
});

describe("the whole root in the initramfs", () => {
	const wholeRoot = {
		name: "node",
		kernelRelease: "6.12.1-amd64",
		sizeBytes: 400 * mebibyte,
		movingBytes: 118 * mebibyte,
	};
	const wholeFacts = (ltsConf: string, changes: Partial<InitramfsFacts> = {}): InitramfsFacts => {
		const { image: _, ...facts } = factsOf(ltsConf, {
			commandLine: "root=initramfs boot=netherd netherd.server=http://192.0.2.1 netherd.image=node/7",
			...changes,
		});
		return { ...facts, wholeRoot };
	};

	test("nothing is fetched and no module loaded: it moves into a tmpfs, of its size and that of OVERLAY_TMPFS_SIZE", () => {
		const lines = actionsOf(wholeFacts("")).map((action) => [actionLine(action), action.because ?? ""]);
		expect(lines).toMatchInlineSnapshot(`
			[
			  [
			    "make folder   /root  (0755)",
			    "OVERLAY_TMPFS_SIZE (default) = 1.0 GiB for changes, and the root's 400 MiB",
			  ],
			  [
			    "run           mount -t tmpfs -o size=1493172224,mode=0755 tmpfs /root",
			    "OVERLAY_TMPFS_SIZE (default) = 1.0 GiB for changes, and the root's 400 MiB",
			  ],
			  [
			    "move files    /netherd/root -> /root  (400 MiB)",
			    "image node, whole in this initramfs",
			  ],
			  [
			    "make folder   /root/rofs  (0755)",
			    "",
			  ],
			  [
			    "run           mount -o bind /root /root/rofs",
			    "",
			  ],
			  [
			    "make folder   /root/rofs  (0755)",
			    "",
			  ],
			  [
			    "run           mount -o bind,remount,ro /root /root/rofs",
			    "",
			  ],
			  [
			    "make folder   /root/dev  (0755)",
			    "",
			  ],
			  [
			    "run           mount -o bind /dev /root/dev",
			    "",
			  ],
			  [
			    "make folder   /root/proc  (0755)",
			    "",
			  ],
			  [
			    "run           mount -o bind /proc /root/proc",
			    "",
			  ],
			  [
			    "make folder   /root/sys  (0755)",
			    "",
			  ],
			  [
			    "run           mount -o bind /sys /root/sys",
			    "",
			  ],
			  [
			    "make folder   /root/run  (0755)",
			    "",
			  ],
			  [
			    "run           mount -o bind /run /root/run",
			    "",
			  ],
			]
		`);
		expect(spawned(wholeFacts("OVERLAY_TMPFS_SIZE = 100M"))).toContain(
			`mount -t tmpfs -o size=${500 * mebibyte},mode=0755 tmpfs /root`,
		);
	});

	test("lts.conf cannot choose another image, nor leave it on the server", () => {
		const plain = actionsOf(wholeFacts(""));
		expect(actionsOf(wholeFacts("IMAGE = storage\nLTSP_NBD_TO_RAM = false"))).toEqual(plain);
	});

	test.each([
		[
			"too little memory for root, changes and system",
			"image.larger-than-memory",
			/400 MiB, changes to it need at least 32\.0 MiB and the system 288 MiB: 720 MiB, and this machine has 700 MiB/,
			{ memory: { totalBytes: 700 * mebibyte, availableBytes: 300 * mebibyte } },
		],
		[
			"too little to move the largest file",
			"image.larger-than-memory",
			/takes 150 MiB beside the root, and 149 MiB of this machine's 2\.0 GiB are free/,
			{ memory: { totalBytes: 2048 * mebibyte, availableBytes: 149 * mebibyte } },
		],
		[
			"another kernel",
			"image.other-kernel",
			/kernel 6\.12\.1-amd64, and this is kernel 6\.1/,
			{ kernelRelease: "6.1" },
		],
	])("refused: %s", (_, code, message, changes) => {
		expect(() => actionsOf(wholeFacts("", changes))).toThrow(
			expect.objectContaining({ code, message: expect.stringMatching(message) }),
		);
	});
});

describe("refused before the first byte", () => {
	test.each([
		[
			"image.larger-than-memory",
			"",
			{ memory: { totalBytes: 512 * mebibyte, availableBytes: 400 * mebibyte } },
		],
		["image.tmpfs-too-small", "IMAGE_TMPFS_SIZE = 100M", {}],
		["image.tmpfs-too-small", "IMAGE_TMPFS_SIZE = 10%", {}],
		["image.other-kernel", "", { kernelRelease: "6.1.0-amd64" }],
		["config.invalid", "OVERLAY_TMPFS_SIZE = lots", {}],
		["config.invalid", "IMAGE_SOURCES = mirror/node", {}],
	])("%s: %s", (code, ltsConf, changes) => {
		expect(() => planFromFacts(initramfsStage, factsOf(ltsConf, changes))).toThrow(
			expect.objectContaining({ code }),
		);
	});

	const messageFor = (ltsConf: string, memory: InitramfsFacts["memory"]) => {
		try {
			planFromFacts(initramfsStage, factsOf(ltsConf, { memory }));
			return "fits";
		} catch (error) {
			return error instanceof Error ? error.message : "";
		}
	};

	test("too little memory for image, overlay and system: all numbers in the message", () => {
		const memory = { totalBytes: 600 * mebibyte, availableBytes: 600 * mebibyte };
		expect(messageFor("", memory)).toBe(
			"image node is 300 MiB, changes to the root need at least 32.0 MiB and the system 288 MiB: 620 MiB, and this machine has 600 MiB",
		);
		// The limit of the overlay is not what it needs, but it needs no more than its limit.
		expect(messageFor("OVERLAY_TMPFS_SIZE = 400M", { ...memory, totalBytes: 620 * mebibyte })).toBe("fits");
		expect(messageFor("OVERLAY_TMPFS_SIZE = 12M", memory)).toBe("fits");
		expect(messageFor("OVERLAY_TMPFS_SIZE = 13M", memory)).toContain("at least 13.0 MiB");
	});

	test("too little memory beside the initramfs", () => {
		const memory = { totalBytes: 2048 * mebibyte, availableBytes: 390 * mebibyte };
		expect(messageFor("", memory)).toBe(
			"image node is 300 MiB and fetching it takes 96.0 MiB: 396 MiB, and beside the initramfs 390 MiB of this machine's 2.0 GiB are free",
		);
		expect(messageFor("", { ...memory, availableBytes: 396 * mebibyte })).toBe("fits");
	});

	test("the numbers are in the plan", () => {
		const because = actionsOf(factsOf("")).map((action) => action.because);
		expect(because).toContain(
			"IMAGE_TMPFS_SIZE (default); memory: image 300 MiB + overlay 32.0 MiB + system 288 MiB = 620 MiB of 2.0 GiB",
		);
	});

	test("no server anywhere", () => {
		const { nextServer: _, ...network } = factsOf("").network;
		const facts = factsOf("", { commandLine: "boot=netherd", network });
		expect(() => planFromFacts(initramfsStage, facts)).toThrow(
			expect.objectContaining({ code: "image.no-server" }),
		);
	});
});

describe("whose image it is", () => {
	test("who has signed it stands in the plan", () => {
		const signed = { ...image, verification: { signedBy: "0123456789abcdef" } };
		expect(fetched(factsOf("", { image: signed }))?.because).toBe(
			"node 7 (http://192.0.2.1/images/node/7/image.json, signed by 0123456789abcdef)",
		);
		const unverified = { ...image, verification: { notVerified: "netherd.verify=none" } };
		expect(fetched(factsOf("", { image: unverified }))?.because).toContain(
			"NOT VERIFIED (netherd.verify=none)",
		);
	});

	test("under the name and version that was booted it is of the initramfs's build", () => {
		const same = factsOf("", { buildId: "b1", image: { ...image, buildId: "b1" } });
		expect(fetched(same)).toBeDefined();
		const other = factsOf("", { buildId: "b1", image: { ...image, buildId: "b2" } });
		expect(() => actionsOf(other)).toThrow(
			expect.objectContaining({
				code: "image.other-initramfs",
				message: expect.stringMatching(/build b2.*build b1/),
			}),
		);
	});

	test("what IMAGE chose may be of another build, but not of another kernel", () => {
		const storage = { ...image, name: "storage", buildId: "b2" };
		expect(fetched(factsOf("IMAGE = storage", { buildId: "b1", image: storage }))).toBeDefined();
		const old = { ...image, version: "6", buildId: "b0" };
		expect(fetched(factsOf("IMAGE = node/6", { buildId: "b1", image: old }))).toBeDefined();
		const kernel = { ...storage, kernelRelease: "6.1.0-amd64" };
		expect(() => actionsOf(factsOf("IMAGE = storage", { buildId: "b1", image: kernel }))).toThrow(
			expect.objectContaining({ code: "image.other-kernel" }),
		);
	});

	test("images and initramfs of before there were build ids go together", () => {
		expect(fetched(factsOf("", { buildId: "b1" }))).toBeDefined();
		expect(fetched(factsOf("", { image: { ...image, buildId: "b1" } }))).toBeDefined();
	});
});
