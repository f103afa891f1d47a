import { describe, expect, test } from "vitest";
import { describeSource } from "../../agent/download/source-address.ts";
import type { InitramfsFacts } from "../../agent/facts/facts.ts";
import { factsOf, fetched, image, server, spawned } from "./support/initramfs-facts.ts";

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

describe("which sources", () => {
	const sourcesOf = (ltsConf: string, changes: Partial<InitramfsFacts> = {}) => {
		const action = fetched(factsOf(ltsConf, changes));
		if (action?.kind !== "fetchImage") throw new Error("nothing is fetched");
		return action.sources.map(describeSource);
	};
	const list = 'IMAGE_SOURCES = "http://mirror.example/{name}-{version} nbd://10.9.0.9/{name} /dev/sda3"';
	const { version: _, kernelRelease: __, ...withoutManifest } = image;

	test("without IMAGE_SOURCES: nbdroot=, then the companion's HTTP", () => {
		expect(sourcesOf("")).toEqual([
			"nbd://192.0.2.1:10809/node/7",
			"http://192.0.2.1/images/node/7/image.squashfs",
		]);
	});

	test("another image than the booted one, over HTTP, too", () => {
		expect(sourcesOf("IMAGE = storage", { image: { ...image, name: "storage", version: "3" } })[1]).toBe(
			"http://192.0.2.1/images/storage/3/image.squashfs",
		);
	});

	test("a companion whose boot script names no export serves over HTTP alone", () => {
		const commandLine = "boot=netherd netherd.server=http://192.0.2.1 netherd.image=node/7";
		expect(sourcesOf("", { commandLine })).toEqual(["http://192.0.2.1/images/node/7/image.squashfs"]);
	});

	test("a server of LTSP 5 has NBD only", () => {
		const commandLine = "nbdroot=192.0.2.1:10809/node";
		expect(sourcesOf("", { commandLine, image: withoutManifest })).toEqual(["nbd://192.0.2.1:10809/node"]);
	});

	test("a companion without a manifest has NBD only", () => {
		expect(sourcesOf("", { image: withoutManifest })).toEqual(["nbd://192.0.2.1:10809/node/7"]);
	});

	test("as configured, and nothing else", () => {
		const expected = ["http://mirror.example/node-7", "nbd://10.9.0.9:10809/node", "file:///dev/sda3"];
		expect(sourcesOf(list)).toEqual(expected);
		const commandLine = `${server} ltsp.image_sources="nbd://10.9.0.9/{name}"`;
		expect(sourcesOf("", { commandLine })).toEqual(["nbd://10.9.0.9:10809/node"]);
		expect(sourcesOf(list, { commandLine })).toEqual(expected);
	});

	test("no server on the command line is needed then", () => {
		const { nextServer: _, ...network } = factsOf("").network;
		expect(sourcesOf(list, { commandLine: "boot=netherd", network })).toHaveLength(3);
	});

	test("{version} without a manifest: what IMAGE or the boot script says, else an error", () => {
		expect(sourcesOf(list, { image: withoutManifest })[0]).toBe("http://mirror.example/node-7");
		const commandLine = "nbdroot=192.0.2.1/node";
		const facts = { commandLine, image: withoutManifest };
		expect(sourcesOf(`IMAGE = storage/9\n${list}`, facts)[0]).toBe("http://mirror.example/storage-9");
		expect(() => sourcesOf(list, facts)).toThrow(
			expect.objectContaining({
				code: "image.unknown-version",
				message: expect.stringContaining("{name} and {version}"),
			}),
		);
	});

	test("the limits of the download", () => {
		expect(fetched(factsOf(""))).toMatchObject({
			use: "in-order",
			stallTimeoutMs: 30_000,
			totalTimeoutMs: 1_800_000,
		});
		const ltsConf =
			"IMAGE_SOURCES_USE = Together\nIMAGE_STALL_TIMEOUT = 5s\nIMAGE_TOTAL_TIMEOUT = 2h\nIMAGE_CONNECTIONS = 3";
		expect(fetched(factsOf(ltsConf))).toMatchObject({
			use: "together",
			connections: 3,
			stallTimeoutMs: 5000,
			totalTimeoutMs: 7_200_000,
		});
	});

	test("left on the server: the first NBD source, where nothing in it has to be found out", () => {
		const { image: _, ...facts } = factsOf(`LTSP_NBD_TO_RAM = false\n${list}`);
		expect(spawned(facts)).toContain(
			"nbd-client 10.9.0.9 10809 /dev/nbd0 -name node -readonly -systemd-mark",
		);
		expect(spawned({ ...facts, commandLine: "nbdroot=192.0.2.1:10809/other" })).toContain(
			"nbd-client 192.0.2.1 10809 /dev/nbd0 -name /other -readonly -systemd-mark",
		);
	});
});
