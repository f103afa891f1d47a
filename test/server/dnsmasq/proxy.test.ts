import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeBootTree } from "../support/boot-tree.ts";
import { CompanionProcess } from "../support/companion-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { clientMac, serverAddress, TwoHosts } from "../support/two-hosts.ts";

async function start(mode: string) {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	const hosts = await TwoHosts.create();
	const companion = new CompanionProcess(
		hosts,
		folder,
		`[network]\ninterface = lan\n[dhcp]\nmode = ${mode}\n`,
	);
	await companion.event("companion.ready");
	return { hosts, companion };
}

test("beside another DHCP server, each kind of client learns its boot file and no address", async () => {
	const { hosts, companion } = await start("proxy");
	await using _ = hosts;
	const ask = async (architecture: string, kind: string, port: string) => {
		const script = join(import.meta.dirname, "../support/pxe-request.ts");
		const outcome = await hosts.run("client", [process.execPath, script, architecture, kind, port]);
		return JSON.parse(outcome.stdout);
	};
	const url = `http://${serverAddress}:80/boot.ipxe`;
	// Without the next server iPXE would not take the file.
	const vendorClass = "PXEClient";
	const script = { bootFile: url, nextServer: serverAddress, vendorClass };
	expect(await ask("0", "ipxe", "67")).toEqual(script);
	expect(await ask("7", "ipxe", "67")).toEqual(script);
	// Firmware is told to ask port 4011.
	expect(await ask("0", "firmware", "67")).toMatchObject({ bootFile: "" });
	expect(await ask("0", "firmware", "4011")).toEqual({
		bootFile: "undionly.kpxe",
		nextServer: serverAddress,
		vendorClass,
	});
	for (const architecture of ["7", "9"]) {
		expect(await ask(architecture, "firmware", "4011")).toEqual({
			bootFile: "snponly.efi",
			nextServer: serverAddress,
			vendorClass,
		});
	}
	// UEFI that boots over HTTP asks nobody twice.
	expect(await ask("16", "http", "67")).toEqual({
		bootFile: `http://${serverAddress}:80/loader/snponly.efi`,
		nextServer: serverAddress,
		vendorClass: "HTTPClient",
	});
	expect(await companion.event("dhcp.proxy", ({ bootFile }) => bootFile === "snponly.efi")).toMatchObject({
		mac: clientMac,
	});

	const lease = await hosts.run("client", [
		"busybox",
		"udhcpc",
		"-i",
		"lan",
		"-f",
		"-q",
		"-n",
		"-t",
		"2",
		"-T",
		"1",
	]);
	expect(lease.exitCode).not.toBe(0);
});

test("with DHCP off there is TFTP, and nothing that answers DHCP", async () => {
	const { hosts } = await start("off");
	await using _ = hosts;
	const loader = await hosts.run("client", ["curl", "-sS", `tftp://${serverAddress}/undionly.kpxe`]);
	expect(loader.stdout).toBe("loader for BIOS");
	const sockets = await hosts.run("server", ["ss", "-H", "-l", "-n", "-u"]);
	expect(sockets.stdout).not.toMatch(/:(67|4011|547)\s/);
});
