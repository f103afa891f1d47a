/*
 * A PXE client that already has an address and asks for a boot file, run as a program in a namespace:
 *
 *     node pxe-request.ts ARCHITECTURE ipxe|firmware|http 67|4011
 *
 * Prints the boot file, the next server and the vendor class of the first answer as JSON. Packets: RFC 2131, PXE
 * specification 2.1.
 */
import { createSocket } from "node:dgram";

const [architecture = "0", kind = "firmware", port = "67"] = process.argv.slice(2);
const isDiscovery = port === "67";
const serverAddress = "10.77.0.1";

const header = Buffer.alloc(240);
header.set([1, 1, 6], 0); // BOOTREQUEST, Ethernet
header.writeUInt32BE(0x12345678, 4);
header.writeUInt16BE(0x8000, 10); // answer by broadcast
if (!isDiscovery) header.set([10, 77, 0, 50], 12); // our address
header.set([0x52, 0x54, 0, 0, 0, 1], 28);
header.writeUInt32BE(0x63825363, 236);
const vendorClass = `${kind === "http" ? "HTTP" : "PXE"}Client:Arch:${architecture.padStart(5, "0")}:UNDI:003016`;
const options = [
	option(53, [isDiscovery ? 1 : 3]),
	option(55, [1, 3, 43, 60, 66, 67]),
	option(60, [...Buffer.from(vendorClass)]),
	option(93, [0, Number(architecture)]),
	option(94, [1, 3, 16]),
	option(97, [0, ...Buffer.alloc(16, 7)]),
	// BIOS chooses the first item of the boot menu that it got.
	...(isDiscovery || architecture !== "0" ? [] : [option(43, [71, 4, 0x80, 0, 0, 0, 255])]),
	...(kind === "ipxe" ? [option(175, [0xb1, 1, 5])] : []),
];
const packet = Buffer.concat([header, ...options, Buffer.from([255]), Buffer.alloc(60)]);

const socket = createSocket("udp4");
socket.on("message", (answer) => {
	const text = (from: number, to: number) => answer.toString("latin1", from, to).replace(/\0.*$/s, "");
	const vendorClass = optionText(answer, 60);
	console.log(
		JSON.stringify({ bootFile: text(108, 236), nextServer: answer.subarray(20, 24).join("."), vendorClass }),
	);
	clearInterval(asking);
	socket.close();
});
const ask = () => socket.send(packet, Number(port), isDiscovery ? "10.77.0.255" : serverAddress);
// Again and again, as every client does.
const asking = setInterval(ask, 2000);
socket.bind(68, () => {
	socket.setBroadcast(true);
	ask();
});

/** RFC 2132, section 2: code, length, value; 0 is padding, 255 the end. */
function optionText(packet: Buffer, wanted: number): string | undefined {
	for (let at = 240; at < packet.length && packet[at] !== 255; ) {
		const [code = 0, length = 0] = packet.subarray(at, at + 2);
		if (code === wanted) return packet.toString("latin1", at + 2, at + 2 + length);
		at += code === 0 ? 1 : 2 + length;
	}
	return undefined;
}

function option(code: number, value: readonly number[]): Buffer {
	return Buffer.from([code, value.length, ...value]);
}
