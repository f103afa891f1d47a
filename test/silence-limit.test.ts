import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { SilenceLimit } from "../agent/silence-limit.ts";

/** A limit of ten seconds on a clock of the test's own, and when it was over. */
function onFakeClock() {
	vi.useFakeTimers();
	onTestFinished(() => void vi.useRealTimers());
	const startedMs = Date.now();
	const over: number[] = [];
	return { over, limit: new SilenceLimit(10_000, () => over.push(Date.now() - startedMs)) };
}

test("is over when its time has passed, once for each start", () => {
	const { limit, over } = onFakeClock();
	vi.advanceTimersByTime(20_000);
	limit.start();
	vi.advanceTimersByTime(9_999);
	expect(over).toEqual([]);
	vi.advanceTimersByTime(50_000);
	expect(over).toEqual([30_000]);
	limit.start();
	vi.advanceTimersByTime(50_000);
	expect(over).toEqual([30_000, 89_999]);
});

test("begins anew with a refresh and with another start, and not after a stop", () => {
	const { limit, over } = onFakeClock();
	limit.start();
	vi.advanceTimersByTime(9_500);
	limit.refresh();
	vi.advanceTimersByTime(9_500);
	limit.start();
	vi.advanceTimersByTime(9_999);
	expect(over).toEqual([]);
	limit.stop();
	limit.refresh();
	vi.advanceTimersByTime(50_000);
	expect(over).toEqual([]);
});

test("what arrived while the process stood still is heard first", async () => {
	const server = createServer((socket) => socket.on("data", (bytes) => socket.write(bytes)));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
	onTestFinished(() => {
		client.destroy();
		server.close();
	});
	await once(client, "connect");
	const limit = new SilenceLimit(1_000, () => client.destroy(new Error("silence")));
	limit.start();
	// There and back takes the event loop a few turns after the standstill.
	client.write("word");
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
	const [bytes] = await once(client, "data");
	limit.stop();
	expect(String(bytes)).toBe("word");
});
