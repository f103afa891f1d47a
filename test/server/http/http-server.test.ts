import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { makeSignature, serializeSignatures } from "../../../agent/trust/signature-file.ts";
import { findProgram } from "../../../server/programs.ts";
import { lockAlone } from "../../../server/releases/folder-lock.ts";
import { newKey } from "../../trust/support/keys.ts";
import { writeVersion } from "../support/boot-tree.ts";
import { start } from "../support/http-site.ts";

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
	["no JSON", "{", 400, "server.report-not-an-object"],
	["a list", "[]", 400, "server.report-not-an-object"],
	["null", "null", 400, "server.report-not-an-object"],
	["too large", JSON.stringify({ text: "x".repeat(70_000) }), 413, "server.report-too-large"],
])("%s is no report", async (_, body, status, code) => {
	const { url, events } = await start();
	const answer = await fetch(`${url}/events`, { method: "POST", body });
	expect(answer.status).toBe(status);
	expect(await answer.text()).toContain(`[${code}]`);
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
