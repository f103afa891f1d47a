import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openHttpSource } from "../../../agent/download/http-source.ts";
import { writeVersion } from "../support/boot-tree.ts";
import { start, statusOf } from "../support/http-site.ts";

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
