import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDhcpAnswer } from "../../agent/facts/dhcp-answer.ts";
import { repository } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { type BuiltImage, builtTestImage } from "../image/support/built-image.ts";
import { temporaryFolder } from "../image/support/temporary-folder.ts";

// The boot scripts in the initramfs that machines boot, with its own busybox and klibc: that of initramfs-tools, and that of
// dracut, whose own initramfs has the same programs.
const hooks = join(repository, "initramfs-hooks");
const scripts = {
	"initramfs-tools": join(hooks, "initramfs-tools/scripts/netherd"),
	dracut: join(hooks, "dracut/90netherd/netherd-mount.sh"),
} as const;
type HookSystem = keyof typeof scripts;

let built: BuiltImage;
beforeAll(async () => {
	await ensureDebianPackages(["dnsmasq-base", "iproute2"], "lease an address in a test network");
	built = await builtTestImage();
	// As the kernel makes it for the real one.
	mkdirSync(join(built.initramfsRoot, "dev"), { recursive: true });
	await execa("mknod", ["-m", "666", join(built.initramfsRoot, "dev/null"), "c", "1", "3"]);
}, 600_000);
afterAll(() => built?.[Symbol.dispose]());

const isolated = "--net --uts --mount --pid --mount-proc --fork --kill-child".split(" ");

/** The sections that network.sh prints; the last interface is the one that has a DHCP server. */
async function network(
	hookSystem: HookSystem,
	variables: readonly string[],
	{ interfaces = 1, dnsmasq = "" }: { interfaces?: number; dnsmasq?: string } = {},
): Promise<Record<string, string>> {
	const work = temporaryFolder();
	writeFileSync(
		join(work, "dnsmasq.conf"),
		`no-ping\ndhcp-range=192.0.2.10,192.0.2.10,2m\nlog-dhcp\ndhcp-option=option:router,192.0.2.254\n${dnsmasq}\n`,
	);
	const { stdout } = await execa(
		"unshare",
		[
			...isolated,
			"sh",
			join(import.meta.dirname, "network.sh"),
			built.initramfsRoot,
			work,
			String(interfaces),
			scripts[hookSystem],
			...variables,
		],
		{ timeout: 150_000 },
	);
	return Object.fromEntries(
		stdout
			.split(/^== /m)
			.slice(1)
			.map((section) => [
				section.slice(0, section.indexOf("\n")),
				section.slice(section.indexOf("\n") + 1).trimEnd(),
			]),
	);
}

describe.each(["initramfs-tools", "dracut"] as const)("network with %s", (hookSystem) => {
	test("DHCP on the interface that BOOTIF= names; the answer is in ipconfig's form, for the agent", async () => {
		const seen = await network(hookSystem, ["IP=dhcp", "BOOTIF=01-52-54-00-00-00-01"], {
			interfaces: 2,
			dnsmasq: [
				"dhcp-option=option:dns-server,192.0.2.53,192.0.2.54",
				"dhcp-option=option:domain-name,farm.example",
				"dhcp-option=option:domain-search,farm.example,example",
				"dhcp-option=option:root-path,/opt/ltsp/amd64",
				"dhcp-boot=undionly.kpxe,companion,192.0.2.1",
				"dhcp-host=52:54:00:00:00:01,node7",
			].join("\n"),
		});
		expect(seen.variables).toBe("DEVICE=node1");
		expect(parseDhcpAnswer(seen.answer ?? "")).toEqual({
			device: "node1",
			ip: "192.0.2.10",
			netmask: "255.255.255.0",
			gateway: "192.0.2.254",
			hostname: "node7",
			domain: "farm.example",
			nextServer: "192.0.2.1",
			rootPath: "/opt/ltsp/amd64",
			bootFile: "undionly.kpxe",
			nameServers: ["192.0.2.53", "192.0.2.54"],
		});
		expect(seen.answer).toContain("DHCPLEASETIME='120'");
		expect(seen.addresses).toMatch(/^node1\S* +UP +192\.0\.2\.10\/24 *$/m);
		expect(seen.addresses).not.toMatch(/^node0\S* .*192/m);
		expect(seen.routes).toMatch(/^default via 192\.0\.2\.254 dev node1 *$/m);
		expect(seen.resolver).toBe("search farm.example example\nnameserver 192.0.2.53\nnameserver 192.0.2.54");
	});

	test.each([
		["BOOTIF=52-54-00-00-00-00"],
		["BOOTIF=01-52-54-00-00-00-00"],
		["BOOTIF=52:54:00:00:00:00"],
		["BOOTIF="],
	])("the only interface is found with %s", async (bootif) => {
		const seen = await network(hookSystem, ["IP=", bootif]);
		expect(parseDhcpAnswer(seen.answer ?? "")).toMatchObject({ device: "node0", ip: "192.0.2.10" });
	});

	test("several interfaces and no BOOTIF=: the one that is answered", async () => {
		const seen = await network(hookSystem, ["IP=dhcp"], { interfaces: 2 });
		expect(parseDhcpAnswer(seen.answer ?? "")).toMatchObject({ device: "node1", ip: "192.0.2.10" });
	});

	test("a static address needs no server", async () => {
		const seen = await network(hookSystem, ["IP=192.0.2.77::192.0.2.254:255.255.255.0:node7:node0:off"]);
		expect(parseDhcpAnswer(seen.answer ?? "")).toMatchObject({
			device: "node0",
			ip: "192.0.2.77",
			gateway: "192.0.2.254",
			hostname: "node7",
		});
		expect(seen.addresses).toMatch(/^node0\S* .*192\.0\.2\.77\/24/m);
	});

	test("what a DHCP server says is never run, though shells source it", async () => {
		const evil = "/x'; touch /run/owned; echo '$(touch /run/owned)`touch /run/owned`";
		const seen = await network(hookSystem, ["IP=dhcp"], {
			dnsmasq: `dhcp-option=option:root-path,"${evil}"`,
		});
		expect(parseDhcpAnswer(seen.answer ?? "").rootPath).toBe(evil);
		expect(seen.sourced).toBe(evil);
		expect(seen["files in /run"]).not.toContain("owned");
	});
});

describe("which boots it takes", () => {
	/** Runs init-top/netherd and dracut's cmdline hook with this command line; what is in /conf/param.conf, and root's state. */
	async function parameters(commandLine: string): Promise<string> {
		const work = temporaryFolder();
		writeFileSync(join(work, "cmdline"), `${commandLine}\n`);
		const { stdout } = await execa("unshare", [
			...isolated,
			"sh",
			"-ec",
			`mount --make-rprivate /
			mount -t tmpfs tmpfs "$1/conf"
			mkdir -p "$1/proc"
			mount -t proc proc "$1/proc"
			mount --bind "$2/cmdline" "$1/proc/cmdline"
			cp "$3" "$1/conf/hook"
			chroot "$1" /bin/sh -c "/scripts/init-top/netherd; cat /conf/param.conf 2>/dev/null || echo nothing"
			chroot "$1" /bin/sh -c '. /conf/hook; echo "\${rootok:-0}"'`,
			"sh",
			built.initramfsRoot,
			work,
			join(hooks, "dracut/90netherd/netherd-cmdline.sh"),
		]);
		return stdout;
	}

	test.each([
		["root=/dev/nbd0 ip=dhcp", "BOOT=netherd", "1"],
		[
			"BOOT_IMAGE=/vmlinuz init=/sbin/init-ltsp root=/dev/nbd0 nbdroot=192.0.2.1:10809/node",
			"BOOT=netherd",
			"1",
		],
		// The init of initramfs-tools reads boot= itself.
		["boot=netherd root=/dev/nbd0", "nothing", "1"],
		["root=initramfs boot=netherd", "nothing", "1"],
		["root=/dev/nbd0 boot=local", "nothing", "0"],
		["root=UUID=0a1f9ad1-b001-4d3c-9d0e-8a4bbf0e5bc2 ro quiet", "nothing", "0"],
		["root=/dev/sda1", "nothing", "0"],
		["root=/dev/nbd0 root=/dev/sda1", "nothing", "0"],
		["root=/dev/nbd0p1", "nothing", "0"],
	])("%s → initramfs-tools %s, dracut %s", async (commandLine, parameterFile, rootOk) => {
		expect(await parameters(commandLine)).toBe(`${parameterFile}\n${rootOk}`);
	});

	test("the script that moves /dev leaves other boots alone", async () => {
		const { stdout } = await execa(
			"chroot",
			[built.initramfsRoot, "/bin/sh", "-c", "/scripts/init-bottom/netherd; echo $?; ls -d /dev"],
			{ env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", BOOT: "local", rootmnt: "/root" }, extendEnv: false },
		);
		expect(stdout).toBe("0\n/dev");
	});

	test("the agent starts with an environment of its own, not with the kernel's parameters", () => {
		const script = readFileSync(join(built.initramfsRoot, "usr/share/netherd/boot.sh"), "utf8");
		expect(script).toMatch(/env -i PATH=\S+ HOME=\/ [^\n]*\\\n\s*\/usr\/lib\/netherd\/agent boot/);
	});
});
