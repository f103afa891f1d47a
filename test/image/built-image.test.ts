import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeImageFile, fetchableImage, parseManifest } from "../../agent/download/manifest.ts";
import { readPublicKey, readSigningKey, readTrustedKeys } from "../../agent/trust/key-files.ts";
import { verifySignedFile } from "../../agent/trust/verify.ts";
import { buildImage } from "../../image/build.ts";
import { readRecipe } from "../../image/recipe.ts";
import { publicKeyFile } from "../../image/signing-key.ts";
import { cacheFolder, testSigningKeyFile } from "../../tools/cache.ts";
import { type BuiltImage, builtTestImage } from "./support/built-image.ts";

let built: BuiltImage;
let rootFiles: ReadonlyMap<string, string>;

beforeAll(async () => {
	built = await builtTestImage();
	rootFiles = await filesOf(join(built.folder, "image.squashfs"));
}, 600_000);
afterAll(() => built?.[Symbol.dispose]());

/** Path → what unsquashfs says about it: mode, owner, size. */
async function filesOf(squashfs: string): Promise<Map<string, string>> {
	const { stdout } = await execa("unsquashfs", ["-lln", "-dest", "", squashfs]);
	return new Map(
		stdout
			.split("\n")
			.map((line) => /^(\S+ \S+) +\S+ \S+ \S+ (\/.*?)(?: -> .*)?$/.exec(line))
			.flatMap((match) => (match?.[1] !== undefined && match[2] !== undefined ? [[match[2], match[1]]] : [])),
	);
}

async function contentOf(path: string): Promise<string> {
	return (await execa("unsquashfs", ["-cat", join(built.folder, "image.squashfs"), path])).stdout;
}

describe("the boot tree", () => {
	test("image.json describes the files beside it", async () => {
		const manifest = parseManifest(readFileSync(join(built.folder, "image.json"), "utf8"), "image.json");
		expect(manifest).toEqual(built.manifest);
		const { kernel, initramfs } = manifest;
		const image = fetchableImage(manifest);
		expect(await describeImageFile(join(built.folder, image.file), image.chunkSizeBytes)).toEqual({
			sizeBytes: image.sizeBytes,
			sha256: image.sha256,
			chunkSizeBytes: 4 * 1024 * 1024,
			chunks: image.chunks,
		});
		for (const { file, sizeBytes, sha256 } of [kernel, initramfs]) {
			expect((await describeImageFile(join(built.folder, file), 1024 * 1024)).sha256).toBe(sha256);
			expect(statSync(join(built.folder, file)).size).toBe(sizeBytes);
		}
	});

	test("image.json is signed by the key that the image trusts; root, initramfs and manifest have one build id", async () => {
		const content = readFileSync(join(built.folder, "image.json"));
		const [trusted, ...others] = readTrustedKeys(join(built.initramfsRoot, "etc/netherd/trusted-keys"));
		expect(others).toEqual([]);
		expect(trusted?.id).toBe(readSigningKey(testSigningKeyFile).publicKey.id);
		const signature = readFileSync(join(built.folder, "image.json.sig"));
		const file = { purpose: "image.json", content, signatures: signature } as const;
		expect(
			verifySignedFile({ ...file, whereFrom: "image.json", signaturesFrom: "image.json.sig" }, [
				readPublicKey(publicKeyFile(testSigningKeyFile)),
			]),
		).toBe(trusted?.id);

		expect(await contentOf(`etc/netherd/trusted-keys/${trusted?.id}.pem`)).toBe(trusted?.pem.trim());
		expect(rootFiles.get(`/etc/netherd/trusted-keys/${trusted?.id}.pem`)).toMatch(/^-rw-r--r-- 0\/0$/);
		const buildId = await contentOf("etc/netherd/build-id");
		expect(buildId).toBe(built.manifest.buildId);
		expect(readFileSync(join(built.initramfsRoot, "etc/netherd/build-id"), "utf8").trim()).toBe(buildId);
	});

	test("no private key is in root or initramfs", async () => {
		const files = [...rootFiles.keys(), ...built.initramfsFiles].filter((path) => /signing-key/.test(path));
		expect(files).toEqual([]);
	});

	test("`current` is this version, and boot loaders for both firmwares are there", () => {
		expect(readlinkSync(join(built.tree, "images/test/current"))).toBe(basename(built.folder));
		expect(basename(built.folder)).toBe(built.manifest.version);
		expect(statSync(join(built.tree, "loader/undionly.kpxe")).size).toBeGreaterThan(50_000);
		// A PE executable (UEFI specification, section 2.1.1).
		expect(readFileSync(join(built.tree, "loader/snponly.efi")).subarray(0, 2).toString()).toBe("MZ");
	});

	test("the kernel is the one whose modules and configuration are in the image", () => {
		const { release } = built.manifest.kernel;
		expect([...rootFiles.keys()].filter((path) => /^\/usr\/lib\/modules\/[^/]+$/.test(path))).toEqual([
			`/usr/lib/modules/${release}`,
		]);
		expect([...rootFiles.keys()].filter((path) => path.startsWith("/boot/"))).toEqual([
			`/boot/config-${release}`,
		]);
	});
});

describe("the root", () => {
	test("has what a node needs", () => {
		const needed = [
			"/usr/lib/netherd/agent",
			"/usr/sbin/netherd-agent",
			"/usr/sbin/init-ltsp",
			"/usr/sbin/init",
			"/usr/sbin/sshd",
			"/usr/bin/containerd",
			"/usr/sbin/lvm",
			"/usr/sbin/nbd-client",
			"/usr/sbin/iptables",
			"/usr/sbin/conntrack",
			"/usr/sbin/ethtool",
			"/usr/bin/kubeadm",
			"/usr/share/zoneinfo/Europe/Berlin",
			"/usr/share/initramfs-tools/hooks/netherd",
		];
		expect(needed.filter((path) => !rootFiles.has(path))).toEqual([]);
	});

	test("has nothing that is of the build host, of this build, or the same secret on every node", () => {
		const unwanted =
			/^\/(etc\/(hostname|ssh\/ssh_host_.*|apt\/apt\.conf\.d\/99mmdebstrap)|var\/lib\/apt\/lists\/.+|var\/cache\/apt\/.*\.bin|var\/cache\/apt\/archives\/.*\.deb|var\/log\/.+|var\/lib\/dbus\/machine-id|usr\/sbin\/policy-rc\.d|(dev|proc|sys|run|tmp|var\/tmp)\/.+|usr\/share\/(man|info)\/(?!man8(?:\/netherd-agent\.8)?$).+|usr\/share\/doc\/(?!netherd\/)[^/]+\/(?!copyright).+)$/;
		expect([...rootFiles.keys()].filter((path) => unwanted.test(path))).toEqual([]);
	});

	test("a resolv.conf that names no server of the build host's", async () => {
		const lines = (await contentOf("etc/resolv.conf")).trim().split("\n");
		expect(lines.filter((line) => !line.startsWith("#"))).toEqual([]);
	});

	test("an empty machine id, so that the agent gives each node its own", async () => {
		expect(rootFiles.get("/etc/machine-id")).toMatch(/^-rw-r--r-- /);
		expect(await contentOf("etc/machine-id")).toBe("");
	});

	test("everything that we added belongs to root and is writable by root alone", () => {
		const ours = [...rootFiles].filter(([path]) => /netherd|kubeadm|init-ltsp/.test(path));
		expect(ours.length).toBeGreaterThan(10);
		expect(
			ours.filter(([, attributes]) => !/^(l|[-d]rw[x-]r-[x-]r-[x-]) ?\S* ?.*0\/0$/.test(attributes)),
		).toEqual([]);
	});

	test("no program asks for a password that is empty", async () => {
		const shadow = await contentOf("etc/shadow");
		expect(shadow).toMatch(/^root:[*!]/m);
		expect(shadow.split("\n").filter((line) => /^[^:]+::/.test(line))).toEqual([]);
	});
});

describe("the initramfs", () => {
	const has = (path: string) => built.initramfsFiles.includes(path);

	test("has the agent with its libraries: it runs in there", async () => {
		const { stdout, stderr, exitCode } = await execa(
			"chroot",
			[built.initramfsRoot, "/usr/lib/netherd/agent", "--version"],
			{ env: { PATH: "/usr/sbin:/usr/bin" }, extendEnv: false, reject: false },
		);
		expect([exitCode, stderr]).toEqual([0, ""]);
		expect(stdout).not.toBe("");
	});

	test("has every program that the agent runs there, and they find their libraries", async () => {
		const list = await contentOf("usr/share/netherd/initramfs-programs");
		const programs = list.trim().split("\n");
		expect(programs).toContain("modprobe");
		const { stdout } = await execa(
			"chroot",
			[
				built.initramfsRoot,
				"/bin/sh",
				"-c",
				// A program that cannot load its libraries ends with 127; usage errors end with others.
				`for program in ${programs.join(" ")}; do "$program" --help </dev/null >/dev/null 2>&1; [ $? != 127 ] || echo "$program"; done`,
			],
			{ env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }, extendEnv: false },
		);
		expect(stdout).toBe("");
	});

	test("has the modules for the image and for the network", () => {
		const modules = built.initramfsFiles
			.filter((path) => /\.ko(\.xz|\.zst)?$/.test(path))
			.map((path) => basename(path).replace(/\.ko.*$/, ""));
		expect(modules).toEqual(
			expect.arrayContaining([
				"overlay",
				"squashfs",
				"loop",
				"nbd",
				"virtio_net",
				"mlx5_core",
				"ena",
				"virtio-rng",
			]),
		);
	});

	test("has the boot script and its helpers, and they are in init's order", () => {
		for (const path of ["scripts/netherd", "scripts/init-top/netherd", "usr/share/netherd/udhcpc-script"]) {
			expect(has(path) ? path : `no ${path}`).toBe(path);
		}
		for (const folder of ["init-top", "init-bottom"]) {
			const order = readFileSync(join(built.initramfsRoot, "scripts", folder, "ORDER"), "utf8");
			expect(order).toContain(`/scripts/${folder}/netherd "$@"`);
		}
	});

	test("has no udev, LVM or fsck, which a diskless node needs only later", () => {
		expect(
			built.initramfsFiles.filter((path) => /udevadm|systemd-udevd|hwdb\.bin|sbin\/lvm|fsck/.test(path)),
		).toEqual([]);
	});

	test("knows who root is and where localhost is", () => {
		expect(readFileSync(join(built.initramfsRoot, "etc/passwd"), "utf8")).toMatch(/^root:x:0:0:/);
		expect(readFileSync(join(built.initramfsRoot, "etc/hosts"), "utf8")).toMatch(/^127\.0\.0\.1 localhost$/m);
		expect(statSync(join(built.initramfsRoot, "tmp")).isDirectory()).toBe(true);
	});

	test("is no larger than a boot can afford", () => {
		expect(built.manifest.initramfs.sizeBytes).toBeLessThanOrEqual(70_000_000);
	});
});

describe("a build that cannot succeed", () => {
	test("shows what mmdebstrap said, and publishes nothing", async () => {
		const folder = mkdtempSync(join(cacheFolder, "test-image-"));
		try {
			const recipe = { ...readRecipe("test"), suite: "nosuchsuite" };
			await expect(
				buildImage({ recipe, out: join(folder, "tree"), signingKeyFile: testSigningKeyFile }, () => {}),
			).rejects.toMatchObject({
				code: "image.mmdebstrap-failed",
				message: expect.stringMatching(/mmdebstrap ended with exit code \d+\n[\s\S]*nosuchsuite/),
			});
			expect(() => statSync(join(folder, "tree"))).toThrow();
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	test("notices an initramfs without the agent", async () => {
		const folder = mkdtempSync(join(cacheFolder, "test-image-"));
		try {
			const hooks = join(folder, "files/etc/initramfs-tools/hooks");
			mkdirSync(hooks, { recursive: true });
			writeFileSync(
				join(hooks, "zz-in-the-way"),
				'#!/bin/sh\n[ "${1:-}" = prereqs ] || rm -rf "$DESTDIR/usr/lib/netherd"\n',
				{ mode: 0o755 },
			);
			const recipe = { ...readRecipe("test"), files: [join(folder, "files")], squashfsLevel: 1 };
			await expect(
				buildImage({ recipe, out: join(folder, "tree"), signingKeyFile: testSigningKeyFile }, () => {}),
			).rejects.toMatchObject({
				code: "image.hook-missing",
			});
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
});
