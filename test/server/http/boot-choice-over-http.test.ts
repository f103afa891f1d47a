import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { release, writeVersion } from "../support/boot-tree.ts";
import { start } from "../support/http-site.ts";

test("the boot script names the version that is current, and tells why when there is none", async () => {
	const { folder, url, events } = await start();
	const script = async () => (await fetch(`${url}/boot.ipxe`)).text();
	expect(await script()).toContain("http://10.0.0.1:80/images/node/1/vmlinuz");
	await writeVersion(folder, { name: "node", version: "2" });
	release(folder, { name: "node", version: "2" });
	expect(await script()).toContain(
		"netherd.image=node/2 ip=dhcp BOOTIF=01-${netX/mac:hexhyp} panic=10 printk.devkmsg=on quiet",
	);
	rmSync(join(folder, "images/node/2/vmlinuz"));
	expect(await script()).toMatch(/^echo cannot read .*images\/node\/2\/vmlinuz \[server\.file-missing\]$/m);
	expect(events).toContainEqual(
		expect.objectContaining({ event: "companion.warning", code: "server.file-missing" }),
	);
});

describe("with a pin", () => {
	const mac = "52:54:00:00:00:01";
	const host = { macs: ["52:54:00:00:00:02"], address: "10.0.0.12", hostname: "named" } as const;

	async function startWithPin(pin: { image: string; version?: string }) {
		const site = await start();
		await writeVersion(site.folder, { name: "node", version: "2" });
		await writeVersion(site.folder, { name: "storage", version: "7" });
		release(site.folder, { name: "storage", version: "7" });
		site.settings.current = {
			...site.settings.current,
			pins: [{ node: mac, kind: "mac", version: undefined, ...pin }],
		};
		const script = async (query = "") => (await fetch(`${site.url}/boot.ipxe${query}`)).text();
		return { ...site, script };
	}

	test("machines are asked for their MAC address first", async () => {
		const { script } = await startWithPin({ image: "node", version: "2" });
		expect(await script()).toMatch(
			/^chain --replace http:\/\/10\.0\.0\.1:80\/boot\.ipxe\?mac=\$\{netX\/mac\} \|\| goto failed$/m,
		);
	});

	test("a node that is not pinned gets exactly what it gets without pins", async () => {
		const { script, settings, events } = await startWithPin({ image: "node", version: "2" });
		const pinned = settings.current;
		settings.current = { ...pinned, pins: [] };
		const without = await script();
		settings.current = pinned;
		expect(await script("?mac=52:54:00:00:00:02")).toBe(without);
		// What iPXE sends when it has no card, or somebody by hand.
		for (const query of ["?mac=", "?mac=x", "?mac=${netX/mac}"]) expect(await script(query)).toBe(without);
		expect(events.filter(({ event }) => event === "boot.chosen")).toEqual([
			expect.objectContaining({ mac: "52:54:00:00:00:02", image: "node", version: "1" }),
		]);
	});

	test("the pinned node gets its version, and the log says why", async () => {
		const { script, events } = await startWithPin({ image: "node", version: "2" });
		expect(await script("?mac=52-54-00-00-00-01")).toContain(" netherd.image=node/2 ");
		expect(events).toContainEqual({
			event: "boot.chosen",
			client: "127.0.0.1",
			mac,
			image: "node",
			version: "2",
			because: "[pins] 52:54:00:00:00:01 = node/2",
		});
	});

	test("lts.conf adds kernel parameters for the node that asks, after those of the configuration", async () => {
		const { script, settings, folder, events, url } = await startWithPin({ image: "node", version: "2" });
		settings.current = { ...settings.current, pins: [], hosts: [host] };
		const write = (text: string) => writeFileSync(join(folder, "lts.conf"), text);
		write(`[default]
KERNEL_PARAMETERS = nosmt
[named]
KERNEL_PARAMETERS = "dyndbg=\\"file x.c +p\\" ip_of=$IPV4ADDR"
[127.0.0.*]
KERNEL_PARAMETERS = by-address
`);
		// One script no longer fits all.
		expect(await script()).toContain("chain --replace http://10.0.0.1:80/boot.ipxe?mac=");
		const line = async (query: string) =>
			/^kernel .* printk.devkmsg=on (.*) \|\|/m.exec(await script(query))?.[1];
		expect(await line("?mac=52:54:00:00:00:02")).toBe('quiet dyndbg="file x.c +p" ip_of=10.0.0.12');
		expect(await line("?mac=52:54:00:00:00:09")).toBe("quiet by-address");
		const grub = await (await fetch(`${url}/boot.grub?mac=52:54:00:00:00:02`)).text();
		expect(grub.match(/ quiet 'dyndbg=file x.c \+p' ip_of=10.0.0.12; then/g)).toHaveLength(2);
		expect(events.filter(({ event }) => event === "boot.chosen")).toMatchObject([
			{ kernelParameters: 'dyndbg="file x.c +p" ip_of=10.0.0.12' },
			{ kernelParameters: "by-address" },
			{ mac: "52:54:00:00:00:02" },
		]);

		write('[named]\nKERNEL_PARAMETERS = "root=/dev/sda1"\n');
		expect(await line("?mac=52:54:00:00:00:09")).toBe("quiet");
		expect(await line("?mac=52:54:00:00:00:02")).toBe("quiet");
		expect(events.filter(({ event }) => event === "companion.warning")).toMatchObject([
			{
				code: "server.kernel-parameters-wrong",
				message: expect.stringMatching(
					/^named boots without KERNEL_PARAMETERS: lts\.conf:2:22: .*root is netherd's own/,
				),
			},
		]);

		// Nothing in it concerns the boot script: no warning for each machine that asks.
		write("[default]\nHOSTNAME = 'unquoted\n");
		expect(await script()).toContain(" printk.devkmsg=on quiet ||");
		expect(await line("?mac=52:54:00:00:00:02")).toBe("quiet");
		expect(events.filter(({ event }) => event === "companion.warning")).toHaveLength(1);
	});

	test("a pin without a version follows the image's current", async () => {
		const { script, folder } = await startWithPin({ image: "storage" });
		expect(await script(`?mac=${mac}`)).toContain(" netherd.image=storage/7 ");
		await writeVersion(folder, { name: "storage", version: "8" });
		release(folder, { name: "storage", version: "8" });
		expect(await script(`?mac=${mac}`)).toContain(" netherd.image=storage/8 ");
	});

	test("a pinned version that is gone is an error on that node's console, not another image", async () => {
		const { script, folder, events } = await startWithPin({ image: "node", version: "2" });
		rmSync(join(folder, "images/node/2"), { recursive: true });
		const text = await script(`?mac=${mac}`);
		expect(text).toMatch(/^echo cannot read .*images\/node\/2 \[server\.file-missing\]$/m);
		expect(text).toContain("chain --replace http://10.0.0.1:80/boot.ipxe?mac=52:54:00:00:00:01 || goto try");
		expect(text).not.toContain("netherd.image=");
		expect(events).toContainEqual(expect.objectContaining({ code: "server.file-missing" }));
	});
});
