import fc from "fast-check";
import { expect, test } from "vitest";
import { type Exports, Negotiation, type Step } from "../../../server/nbd/negotiation.ts";
import {
	encodeOption,
	encodeReply,
	encodeText,
	optionType,
	replyType,
} from "../../../server/nbd/option-codec.ts";

const exports: Exports = {
	begin: () => () => {},
	names: () => ["node", "storage"],
	find: (exportName) =>
		exportName === "/node"
			? { exportName, image: "node", version: "7", target: "node@7" }
			: { refusal: "there is no such export" },
};
const found = { exportName: "/node", image: "node", version: "7", target: "node@7" };

const flags = Buffer.from([0, 0, 0, 3]);
/** A read of 512 bytes, as the first request after negotiation. */
const request = Buffer.concat([Buffer.from("25609513", "hex"), Buffer.alloc(22), Buffer.from([2, 0])]);
const noInformation = Buffer.from([0, 0]);

function go(name: string, type: number = optionType.go): Buffer {
	return encodeOption({ type, data: Buffer.concat([encodeText(name), noInformation]) });
}

function take(...bytes: readonly Buffer[]): Step[] {
	return new Negotiation(exports).take(Buffer.concat(bytes));
}

test("the name is replaced, everything else passes, and requests begin the transmission", () => {
	const structured = encodeOption({ type: 8, data: Buffer.alloc(0) });
	expect(take(flags, structured, go("/node"), request)).toEqual([
		{ do: "forward", bytes: flags },
		{ do: "forward", bytes: structured },
		{ do: "forward", bytes: go("node@7") },
		{ do: "begin-transmission", chosen: found, bytes: request },
	]);
});

test("the old option for a name begins the transmission at once", () => {
	const old = (name: string) => encodeOption({ type: optionType.exportName, data: Buffer.from(name) });
	expect(take(flags, old("/node"))).toEqual([
		{ do: "forward", bytes: flags },
		{ do: "forward", bytes: old("node@7") },
		{ do: "begin-transmission", chosen: found, bytes: Buffer.alloc(0) },
	]);
	expect(take(flags, old("other")).slice(1)).toEqual([
		{ do: "note-refusal", exportName: "other", reason: "there is no such export" },
		{ do: "close", reason: "there is no such export" },
	]);
});

test.each([optionType.go, optionType.info, optionType.listMetaContext, optionType.setMetaContext])(
	"option %i for an unknown export is answered, and the client may try another",
	(type) => {
		const reason = Buffer.from("there is no such export");
		expect(take(flags, go("other", type), go("/node", type)).slice(1)).toEqual([
			{ do: "note-refusal", exportName: "other", reason: "there is no such export" },
			{ do: "answer", bytes: encodeReply(type, replyType.unknownExport, reason) },
			{ do: "forward", bytes: go("node@7", type) },
		]);
	},
);

test("contexts that follow a name are kept", () => {
	const contexts = Buffer.concat([Buffer.from([0, 0, 0, 1]), encodeText("base:allocation")]);
	const option = (name: string) =>
		encodeOption({ type: optionType.setMetaContext, data: Buffer.concat([encodeText(name), contexts]) });
	expect(take(flags, option("/node"))[1]).toEqual({ do: "forward", bytes: option("node@7") });
});

test("a list is answered here", () => {
	const list = encodeOption({ type: optionType.list, data: Buffer.alloc(0) });
	const server = (name: string) => encodeReply(optionType.list, replyType.server, encodeText(name));
	const bytes = Buffer.concat([
		server("node"),
		server("storage"),
		encodeReply(optionType.list, replyType.acknowledged),
	]);
	expect(take(flags, list).slice(1)).toEqual([{ do: "answer", bytes }]);
});

test("a client that asks for information only has chosen nothing", () => {
	expect(take(flags, go("/node", optionType.info), request).at(-1)).toEqual({
		do: "close",
		reason: "does not speak NBD",
	});
});

test("what is no NBD is closed", () => {
	expect(take(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).at(-1)).toEqual({
		do: "close",
		reason: "does not speak NBD",
	});
});

test.each([
	["shorter than its length field", Buffer.from([0, 0])],
	["shorter than the name that it announces", Buffer.from([0, 0, 0, 9, 65])],
	[
		"with a name longer than the protocol allows",
		Buffer.concat([Buffer.from([0, 0, 0x10, 1]), Buffer.alloc(4097)]),
	],
])("an option %s is answered as invalid", (_, data) => {
	expect(take(flags, encodeOption({ type: optionType.go, data })).slice(1)).toEqual([
		{ do: "answer", bytes: encodeReply(optionType.go, replyType.invalid) },
	]);
});

test("an option without end is not waited for", () => {
	const option = encodeOption({ type: optionType.go, data: Buffer.alloc(0) });
	option.writeUInt32BE(0x7fff_ffff, 12);
	expect(take(flags, option).at(-1)).toEqual({ do: "close", reason: "sent an option of 2147483647 bytes" });
});

test("it does not matter how the network cuts the bytes", () => {
	const conversation = Buffer.concat([flags, go("other"), go("/node"), request]);
	const whole = take(conversation);
	fc.assert(
		fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
			const negotiation = new Negotiation(exports);
			const steps: Step[] = [];
			let position = 0;
			for (let turn = 0; position < conversation.length; turn++) {
				const end = position + (sizes[turn % sizes.length] ?? 1);
				steps.push(...negotiation.take(conversation.subarray(position, end)));
				position = end;
				if (steps.at(-1)?.do === "begin-transmission") break;
			}
			const rest = conversation.subarray(position);
			const last = steps.at(-1);
			expect(steps.slice(0, -1)).toEqual(whole.slice(0, -1));
			expect(last?.do === "begin-transmission" && Buffer.concat([last.bytes, rest])).toEqual(request);
		}),
	);
});
