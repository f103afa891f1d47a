import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { CompanionEvent } from "../../server/events.ts";
import { listen } from "../../server/service.ts";

function tcpServer() {
	const server = createServer();
	onTestFinished(() => void server.close());
	return server;
}

test("an address that this machine does not have is named, with what to look at", async () => {
	// Of a network for documentation (RFC 5737).
	const listener = { protocol: "tcp", address: "192.0.2.77", port: 8099, purpose: "HTTP" } as const;
	await expect(listen(tcpServer(), listener, () => {})).rejects.toMatchObject({
		code: "server.cannot-listen",
		message: "cannot listen on 192.0.2.77:8099 (HTTP)",
		hint: expect.stringContaining("[network] address"),
	});
});

test("what fails while it listens is told as what should not happen, and ends nothing", async () => {
	const server = tcpServer();
	const events: CompanionEvent[] = [];
	const listener = { protocol: "tcp", address: "127.0.0.1", port: 0, purpose: "HTTP" } as const;
	await listen(server, listener, (event) => events.push(event));
	server.emit("error", new Error("accept EMFILE"));
	expect(events).toMatchObject([
		{ event: "companion.warning", code: "server.unexpected", message: "accept EMFILE" },
	]);
	expect(server.listening).toBe(true);
});
