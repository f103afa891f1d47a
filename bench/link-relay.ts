import { dlopen } from "node:ffi";
import { constants, openSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

/**
 * A slow link between two TUN devices, for kernels without netem: each packet leaves as late as a link of this rate and
 * delay would let it, some are lost, and those that a queue of 1,000 packets (netem's own limit) cannot hold, too. Run by
 * bench/link.ts:
 *
 *     node bench/link-relay.ts '{"names": ["tun0", "tun1"], …}'
 */
export interface LinkOptions {
	/** Of the two devices to make; the first is the server's. */
	readonly names: readonly [string, string];
	/** Of IP packets, in each direction. */
	readonly bitsPerSecond: number;
	/** In each direction. */
	readonly delayMs: number;
	/** Of the packets that come from the first device, from 0 to 1. */
	readonly lostShare: number;
}

/** One direction. */
interface Direction {
	readonly from: number;
	readonly to: number;
	readonly bitsPerSecond: number;
	readonly delayMs: number;
	readonly lostShare: number;
}

const queueLimitPackets = 1000;
const largestPacketBytes = 1500;
/** What the kernel hands over at once with its offloads on: many packets with one header. */
const memoryPerSlot = 66_000;
/** More than the queue and what is on its way, also when nothing is put together. */
const slots = 2048;

const libc = dlopen(null, {
	ioctl: { arguments: ["i32", "u64", "buffer"], return: "i32" },
	read: { arguments: ["i32", "buffer", "u64"], return: "i64" },
	write: { arguments: ["i32", "buffer", "u64"], return: "i64" },
	ppoll: { arguments: ["buffer", "u64", "buffer", "pointer"], return: "i32" },
}).functions;

const pollIn = 1;

/**
 * linux/if_tun.h: TUNSETIFF with IFF_TUN, IFF_NO_PI and IFF_VNET_HDR. With TUNSETOFFLOAD the kernel hands over trains of
 * packets as one, which costs a tenth; where single packets are to be lost they must come one by one.
 */
function openTun(name: string, areTrainsAllowed: boolean): number {
	const tun = openSync("/dev/net/tun", constants.O_RDWR | constants.O_NONBLOCK);
	const request = Buffer.alloc(40);
	request.write(name, "latin1");
	request.writeUInt16LE(0x5001, 16);
	if (libc.ioctl(tun, 0x400454can, request) !== 0) throw new Error(`cannot make the TUN device ${name}`);
	if (areTrainsAllowed) setOffload(tun);
	return tun;
}

/** TUN_F_CSUM and TUN_F_TSO4; the argument is the number itself, not memory that holds it. */
function setOffload(tun: number): void {
	const { functions } = dlopen(null, { ioctl: { arguments: ["i32", "u64", "u64"], return: "i32" } });
	if (functions.ioctl(tun, 0x400454d0n, 3n) !== 0) throw new Error("the TUN device has no offloads");
}

/** Never returns. */
function relay({ from, to, bitsPerSecond, delayMs, lostShare }: Direction): never {
	const packets = Array.from({ length: slots }, () => Buffer.alloc(memoryPerSlot));
	const lengths = new Uint32Array(slots);
	const dueMs = new Float64Array(slots);
	const poll = Buffer.alloc(8);
	poll.writeInt32LE(from, 0);
	poll.writeInt16LE(pollIn, 4);
	const timeout = new BigInt64Array(2);
	const random = randomNumbers();
	const msPerByte = (8 * 1000) / bitsPerSecond;
	let first = 0;
	let behindLast = 0;
	/** When the wire is free again. */
	let freeMs = 0;
	for (;;) {
		const nowMs = performance.now();
		while (first !== behindLast && (dueMs[first % slots] ?? 0) <= nowMs) {
			const slot = first++ % slots;
			libc.write(to, packets[slot] ?? poll, BigInt(lengths[slot] ?? 0));
		}
		const memory = packets[behindLast % slots] ?? poll;
		const length = Number(libc.read(from, memory, BigInt(memoryPerSlot)));
		if (length > 0) {
			const isQueueFull =
				freeMs - nowMs > queueLimitPackets * largestPacketBytes * msPerByte ||
				behindLast - first >= slots - 1;
			if (isQueueFull || (lostShare > 0 && random() < lostShare)) continue;
			freeMs = Math.max(freeMs, nowMs) + wireBytes(memory, length) * msPerByte;
			lengths[behindLast % slots] = length;
			dueMs[behindLast % slots] = freeMs + delayMs;
			behindLast += 1;
			continue;
		}
		const waitMs = first === behindLast ? 1000 : Math.max(0, (dueMs[first % slots] ?? 0) - performance.now());
		timeout[0] = BigInt(Math.floor(waitMs / 1000));
		timeout[1] = BigInt(Math.floor((waitMs % 1000) * 1e6));
		libc.ppoll(poll, 1n, timeout, 0n);
	}
}

/** linux/virtio_net.h: before each packet, or train of packets, 10 bytes that say how to cut it up. */
function wireBytes(memory: Buffer, length: number): number {
	const ipBytes = length - 10;
	const headerBytes = memory.readUInt16LE(2);
	const segmentBytes = memory.readUInt16LE(4);
	if (memory[1] === 0 || segmentBytes === 0) return ipBytes;
	const segments = Math.ceil((ipBytes - headerBytes) / segmentBytes);
	return ipBytes + (segments - 1) * headerBytes;
}

/** Marsaglia's xorshift32: the same losses in every run. */
function randomNumbers(): () => number {
	let state = 2463534242;
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) / 2 ** 32;
	};
}

if (isMainThread) {
	const { names, bitsPerSecond, delayMs, lostShare } = JSON.parse(process.argv[2] ?? "") as LinkOptions;
	const server = openTun(names[0], lostShare === 0);
	const client = openTun(names[1], lostShare === 0);
	const directions: readonly Direction[] = [
		{ from: server, to: client, bitsPerSecond, delayMs, lostShare },
		{ from: client, to: server, bitsPerSecond, delayMs, lostShare: 0 },
	];
	for (const direction of directions) new Worker(new URL(import.meta.url), { workerData: direction });
	console.log("ready");
} else {
	relay(workerData as Direction);
}
