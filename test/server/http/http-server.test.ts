import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { openHttpSource } from "../../../agent/download/http-source.ts";
import type { SigningKey } from "../../../agent/trust/keys.ts";
import { makeSignature, serializeSignatures } from "../../../agent/trust/signature-file.ts";
import type { BootSettings } from "../../../server/boot-choice.ts";
import type { CompanionEvent } from "../../../server/events.ts";
import { createHttpServer } from "../../../server/http/http-server.ts";
import { findProgram } from "../../../server/programs.ts";
import { lockAlone } from "../../../server/releases/folder-lock.ts";
import { VersionUses } from "../../../server/releases/version-uses.ts";
import { newKey } from "../../trust/support/keys.ts";
import { release, writeBootTree, writeVersion } from "../support/boot-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function start(signingKeys: readonly SigningKey[] = []) {
	const top = temporaryFolder();
	const folder = join(top, "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	writeFileSync(join(top, "secret"), "secret");
	const events: CompanionEvent[] = [];
	const children = { nbdkit: { state: "running" as "running" | "restarting", restarts: 0 } };
	const uses = new VersionUses(folder, findProgram("flock"), (event) => events.push(event));
	onTestFinished(() => uses.stop());
	const settings: { current: BootSettings } = {
		current: { defaultImage: "node", kernelParameters: "quiet", hosts: [], groups: [], pins: [] },
	};
	const server = createHttpServer({
		folder,
		settings,
		uses,
		address: "10.0.0.1",
		httpPort: 80,
		nbdPort: 10809,
		token: { file: join(top, "token"), network: { networkAddress: "127.0.0.0", netmask: "255.255.255.0" } },
		signingKeys,
		emit: (event) => events.push(event),
		health: () => children,
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const { port } = server.address() as AddressInfo;
	return { top, folder, events, children, settings, port, url: `http://127.0.0.1:${port}` };
}

/** Sends exactly this request line; fetch would tidy the path. */
async function statusOf(port: number, path: string): Promise<{ status: number; text: string }> {
	const socket = connect({ host: "127.0.0.1", port });
	socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
	let text = "";
	for await (const chunk of socket) text += chunk;
	return { status: Number(text.split(" ")[1]), text };
}

test("an image is downloaded from it, over several connections, in parts", async () => {
	const { folder, url } = await start();
	const image = readFileSync(join(folder, "images/node/1/image.squashfs"));
	const limits = { connectTimeoutMs: 10_000, stallTimeoutMs: 10_000, connections: 4 };
	const { signal } = new AbortController();
	const address = { kind: "http", url: `${url}/images/node/1/image.squashfs` } as const;
	const source = await openHttpSource(address, limits, signal);
	onTestFinished(() => source.close());
	expect(source.sizeBytes).toBe(image.length);
	expect(source.identity).toMatch(/^"/);
	const parts = await Promise.all(
		Array.from({ length: 30 }, async (_, index) => {
			const target = Buffer.alloc(10_000);
			await source.read(index * 10_000, target);
			return target;
		}),
	);
	expect(Buffer.concat(parts).equals(image)).toBe(true);
});

test("files, with their sizes and types", async () => {
	const { folder, url } = await start();
	const answer = await fetch(`${url}/images/node/1/image.squashfs`);
	expect(answer.status).toBe(200);
	expect(answer.headers.get("content-length")).toBe("300000");
	expect(answer.headers.get("content-type")).toBe("application/octet-stream");
	expect(Buffer.from(await answer.arrayBuffer())).toEqual(
		readFileSync(join(folder, "images/node/1/image.squashfs")),
	);
	const manifest = await fetch(`${url}/images/node/current/image.json`);
	expect(manifest.headers.get("content-type")).toBe("application/json");
	expect(await manifest.json()).toMatchObject({ name: "node", version: "1" });
	expect(await (await fetch(`${url}/loader/snponly.efi`)).text()).toBe("loader for UEFI");
});

test("a file larger than any buffer arrives whole", async () => {
	const { folder, url } = await start();
	const content = await writeVersion(folder, { name: "large", version: "1", sizeBytes: 20_000_000 });
	const answer = await fetch(`${url}/images/large/1/image.squashfs`);
	const received = Buffer.from(await answer.arrayBuffer());
	const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
	expect(hash(received)).toBe(hash(content));
});

test("what shim and GRUB ask for when they came over HTTP themselves", async () => {
	const { port } = await start();
	expect(await statusOf(port, "/loader//snponly.efi")).toMatchObject({
		status: 200,
		text: expect.stringMatching(/loader for UEFI$/),
	});
	expect((await statusOf(port, "/loader//..//lts.conf")).status).toBe(400);
	expect((await statusOf(port, "/images//node/1/vmlinuz")).status).toBe(400);
	expect((await statusOf(port, "/grub/grub.cfg")).text).toContain(
		"configfile (http,10.0.0.1:80)/boot.grub?mac=$net_default_mac",
	);
});

test("HEAD tells what GET would", async () => {
	const { url, events } = await start();
	const answer = await fetch(`${url}/images/node/1/vmlinuz`, { method: "HEAD" });
	expect(answer.status).toBe(200);
	expect(answer.headers.get("content-length")).toBe("8");
	expect(await answer.text()).toBe("");
	expect(events).toMatchObject([{ event: "http.request", method: "HEAD", status: 200, bytes: 0 }]);
});

test("ranges", async () => {
	const { folder, url } = await start();
	const content = readFileSync(join(folder, "images/node/1/image.squashfs"));
	const address = `${url}/images/node/1/image.squashfs`;
	const part = await fetch(address, { headers: { range: "bytes=1000-1999" } });
	expect(part.status).toBe(206);
	expect(part.headers.get("content-range")).toBe("bytes 1000-1999/300000");
	expect(Buffer.from(await part.arrayBuffer())).toEqual(content.subarray(1000, 2000));
	const beyond = await fetch(address, { headers: { range: "bytes=300000-" } });
	expect(beyond.status).toBe(416);
	expect(beyond.headers.get("content-range")).toBe("bytes */300000");
	const tag = part.headers.get("etag") ?? "";
	const same = await fetch(address, { headers: { range: "bytes=0-9", "if-range": tag } });
	expect(same.status).toBe(206);
	const other = await fetch(address, { headers: { range: "bytes=0-9", "if-range": '"other"' } });
	expect(other.status).toBe(200);
	await other.body?.cancel();
	await same.body?.cancel();
});

test("an unchanged file is not sent again, a replaced one is", async () => {
	const { folder, url } = await start();
	const first = await fetch(`${url}/lts.conf`);
	const tag = first.headers.get("etag") ?? "";
	expect(first.headers.get("cache-control")).toBe("no-store");
	const again = await fetch(`${url}/lts.conf`, { headers: { "if-none-match": `"x", W/${tag}` } });
	expect(again.status).toBe(304);
	writeFileSync(join(folder, "new.conf"), "[changed]");
	renameSync(join(folder, "new.conf"), join(folder, "lts.conf"));
	const changed = await fetch(`${url}/lts.conf`, { headers: { "if-none-match": tag } });
	expect(await changed.text()).toBe("[changed]");
});

test("lts.conf may come from a ConfigMap, and may be missing", async () => {
	const { folder, url, events } = await start();
	rmSync(join(folder, "lts.conf"));
	const missing = await fetch(`${url}/lts.conf`);
	expect(missing.status).toBe(404);
	expect(await missing.text()).toContain("[server.file-missing]");
	expect(events).toMatchObject([{ path: "/lts.conf", status: 404 }]);
	mkdirSync(join(folder, "farm/..2026"), { recursive: true });
	writeFileSync(join(folder, "farm/..2026/lts.conf"), "[default]\nA = 1\n");
	symlinkSync("..2026", join(folder, "farm/..data"));
	symlinkSync("..data/lts.conf", join(folder, "farm/lts.conf"));
	symlinkSync("farm/lts.conf", join(folder, "lts.conf"));
	expect(await (await fetch(`${url}/lts.conf`)).text()).toBe("[default]\nA = 1\n");
});

test.each([
	["/images/../../secret", 400],
	["/images/%2e%2e/%2e%2e/secret", 400],
	["/images/..%2f..%2fsecret", 400],
	["/images/node/1/%00", 400],
	["/images//node/1/vmlinuz", 400],
	["/loader/link-out", 403],
	["/loader/folder-out/secret", 403],
	["/loader", 404],
	["/secret", 404],
	["/lts.conf/..", 400],
	["/", 400],
	["/images/node/current", 404],
])("GET %s is answered with %i and no secret", async (path, expected) => {
	const { top, folder, port } = await start();
	symlinkSync("../../secret", join(folder, "loader/link-out"));
	symlinkSync(top, join(folder, "loader/folder-out"));
	const { status, text } = await statusOf(port, path);
	expect(status).toBe(expected);
	expect(text.split("\r\n\r\n")[1]).not.toBe("secret");
});

test("a link that leads out is also told to the operator", async () => {
	const { folder, url, events } = await start();
	symlinkSync("../../secret", join(folder, "loader/out"));
	await (await fetch(`${url}/loader/out`)).text();
	expect(events).toMatchObject([
		{ event: "companion.warning", code: "server.path-leads-out" },
		{ event: "http.request", status: 403 },
	]);
});

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

test("a version that a machine was told to boot, or reads, cannot be taken away", async () => {
	const { folder, url } = await start();
	await writeVersion(folder, { name: "node", version: "2" });
	await writeVersion(folder, { name: "node", version: "3" });
	const isFree = (version: string) => {
		const lock = lockAlone(findProgram("flock"), join(folder, "images/node", version), 0);
		lock?.close();
		return lock !== undefined;
	};
	expect([isFree("1"), isFree("2"), isFree("3")]).toEqual([true, true, true]);
	await (await fetch(`${url}/boot.ipxe`)).text();
	expect([isFree("1"), isFree("2"), isFree("3")]).toEqual([false, true, true]);
	await (await fetch(`${url}/images/node/2/vmlinuz`)).text();
	await (await fetch(`${url}/images/node/3/nothing`)).text();
	while (isFree("2")) await sleep(10);
	expect(isFree("3")).toBe(true);
});

test("a node's event becomes one event of ours", async () => {
	const { url, events } = await start();
	const report = { stage: "join", state: "failed", code: "join.timeout", text: "a\nb" };
	const answer = await fetch(`${url}/events`, { method: "POST", body: JSON.stringify(report) });
	expect(answer.status).toBe(204);
	expect(events).toMatchObject([
		{ event: "node.report", client: "127.0.0.1", report },
		{ event: "http.request", method: "POST", path: "/events", status: 204, bytes: 0 },
	]);
});

test.each([
	["no JSON", "{", 400],
	["a list", "[]", 400],
	["null", "null", 400],
	["too large", JSON.stringify({ text: "x".repeat(70_000) }), 413],
])("%s is no report", async (_, body, status) => {
	const { url, events } = await start();
	const answer = await fetch(`${url}/events`, { method: "POST", body });
	expect(answer.status).toBe(status);
	await answer.text();
	expect(events).toMatchObject([{ event: "http.request", status }]);
});

test("other methods are refused with those that are taken", async () => {
	const { url } = await start();
	const answer = await fetch(`${url}/lts.conf`, { method: "DELETE" });
	expect(answer.status).toBe(405);
	expect(answer.headers.get("allow")).toBe("GET, HEAD");
	expect((await fetch(`${url}/events`)).status).toBe(405);
});

test("health is that of the children", async () => {
	const { url, children } = await start();
	expect((await fetch(`${url}/health`)).status).toBe(200);
	children.nbdkit = { state: "restarting", restarts: 3 };
	const answer = await fetch(`${url}/health`);
	expect(answer.status).toBe(503);
	expect(await answer.json()).toEqual({
		status: "degraded",
		services: { nbdkit: { state: "restarting", restarts: 3 } },
	});
});

test("a client that goes away in the middle is logged as cut off", async () => {
	const { folder, events, port } = await start();
	await writeVersion(folder, { name: "large", version: "1", sizeBytes: 50_000_000 });
	const socket = connect({ host: "127.0.0.1", port });
	socket.write("GET /images/large/1/image.squashfs HTTP/1.1\r\nHost: x\r\n\r\n");
	await once(socket, "data");
	socket.destroy();
	while (events.length === 0) await sleep(5);
	expect(events).toMatchObject([{ event: "http.request", status: 200, complete: false }]);
	const [event] = events;
	expect(event?.event === "http.request" && event.bytes < 50_000_000).toBe(true);
});

test("a client that goes away while it reports is no problem of ours", async () => {
	const { events, port } = await start();
	const socket = connect({ host: "127.0.0.1", port });
	socket.write('POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"a":');
	await sleep(50);
	socket.destroy();
	while (events.length === 0) await sleep(5);
	expect(events).toMatchObject([{ event: "http.request", path: "/events", complete: false }]);
});

test("the token of the nodes' cluster: by GET alone, kept by nobody, not logged", async () => {
	const { top, url, events } = await start();
	const answer = await fetch(`${url}/token`);
	expect([answer.status, (await answer.text()).includes("server.token-unreadable")]).toEqual([500, true]);
	writeFileSync(join(top, "token"), "abcdef.0123456789abcdef\n");
	const second = await fetch(`${url}/token`);
	expect(second.headers.get("cache-control")).toBe("no-store");
	expect(await second.text()).toBe("abcdef.0123456789abcdef\n");
	expect((await fetch(`${url}/token`, { method: "POST" })).status).toBe(405);
	expect(JSON.stringify(events)).not.toContain("abcdef");
	expect(events).toContainEqual(expect.objectContaining({ code: "server.token-unreadable" }));
});

test("with keys: lts.conf's signature is made for the file as it is now", async () => {
	const keys = [newKey().key, newKey().key];
	const { folder, url } = await start(keys);
	// What lies there is of before.
	writeFileSync(join(folder, "lts.conf.sig"), "old");
	for (const text of ["[default]\nHOSTNAME = a\n", "[default]\nHOSTNAME = b\n"]) {
		writeFileSync(join(folder, "lts.conf"), text);
		const content = Buffer.from(await (await fetch(`${url}/lts.conf`)).arrayBuffer());
		const answer = await fetch(`${url}/lts.conf.sig`);
		expect(answer.headers.get("cache-control")).toBe("no-store");
		expect(await answer.text()).toBe(
			serializeSignatures(keys.map((key) => makeSignature(content, "lts.conf", key))),
		);
	}
	rmSync(join(folder, "lts.conf"));
	expect((await fetch(`${url}/lts.conf.sig`)).status).toBe(404);
});

test("without keys: the signatures that are there are served as they are", async () => {
	const { folder, url } = await start();
	expect((await fetch(`${url}/lts.conf.sig`)).status).toBe(404);
	writeFileSync(join(folder, "lts.conf.sig"), "signed\n");
	writeFileSync(join(folder, "images/node/1/image.json.sig"), "signed, too\n");
	const answer = await fetch(`${url}/lts.conf.sig`);
	expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
	expect(await answer.text()).toBe("signed\n");
	expect(await (await fetch(`${url}/images/node/current/image.json.sig`)).text()).toBe("signed, too\n");
});
