import { describe, expect, test } from "vitest";
import { initramfsStage } from "../../agent/boot.ts";
import type { InitramfsFacts } from "../../agent/facts/facts.ts";
import type { Action } from "../../agent/plan/action.ts";
import { planFromFacts } from "../../agent/run-stage.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

const server =
	"boot=netherd nbdroot=192.0.2.1:10809/node/7 netherd.server=http://192.0.2.1 netherd.image=node/7";
const mebibyte = 1024 ** 2;
const image = {
	name: "node",
	version: "7",
	kernelRelease: "6.12.1-amd64",
	sizeBytes: 300 * mebibyte,
	chunkSizeBytes: 4 * mebibyte,
	chunks: Array.from({ length: 75 }, () => "ab".repeat(32)),
	from: "http://192.0.2.1/images/node/7/image.json",
};

function factsOf(ltsConf: string, changes: Partial<InitramfsFacts> = {}): InitramfsFacts {
	const { version, agentVersion, network, configuration } = makeInitFacts(`[default]\n${ltsConf}\n`);
	return {
		version,
		agentVersion,
		network,
		configuration,
		commandLine: server,
		stage: "initramfs",
		newRoot: "/root",
		kernelRelease: "6.12.1-amd64",
		memory: { totalBytes: 2048 * mebibyte, availableBytes: 1900 * mebibyte },
		image,
		...changes,
	};
}

function actionsOf(facts: InitramfsFacts): readonly Action[] {
	return planFromFacts(initramfsStage, facts).steps.flatMap(({ actions }) => actions);
}

const spawned = (facts: InitramfsFacts) =>
	actionsOf(facts).flatMap((action) => (action.kind === "spawn" ? [action.argv.join(" ")] : []));
const fetched = (facts: InitramfsFacts) => actionsOf(facts).find((action) => action.kind === "fetchImage");

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
		sources: [{ kind: "nbd", host: "192.0.2.1", port: 10809, exportName: "/node/7" }],
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

describe("which export", () => {
	const exportOf = (ltsConf: string, changes: Partial<InitramfsFacts> = {}) => {
		const action = fetched(factsOf(ltsConf, changes));
		const source = action?.kind === "fetchImage" ? action.sources[0] : undefined;
		return source?.kind === "nbd" ? source.exportName : undefined;
	};
	const other = { ...image, name: "storage", version: "3" };

	test.each([
		["nothing said: what the boot script names", "", image, "/node/7"],
		["the booted image by name: its booted version", "IMAGE = node", image, "node/7"],
		["another image: the version of its manifest", "IMAGE = storage", other, "storage/3"],
		["a version of its own", "IMAGE = node/5", { ...image, version: "5" }, "node/5"],
	])("%s", (_, ltsConf, given, exportName) => {
		expect(exportOf(ltsConf, { image: given })).toBe(exportName);
	});

	test("without nbdroot= and companion: DHCP, then LTSP 5's name", () => {
		const commandLine = "root=/dev/nbd0";
		const { version: _, kernelRelease: __, ...plain } = image;
		const network = { ...factsOf("").network, rootPath: "/srv/image" };
		expect(exportOf("", { commandLine, image: plain, network })).toBe("/srv/image");
		expect(exportOf("", { commandLine, image: plain })).toBe("/opt/ltsp/amd64");
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
	])("%s: %s", (code, ltsConf, changes) => {
		expect(() => planFromFacts(initramfsStage, factsOf(ltsConf, changes))).toThrow(
			expect.objectContaining({ code }),
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
