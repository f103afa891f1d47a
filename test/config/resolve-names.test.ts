import { describe, expect, test } from "vitest";
import { codes, resolve, values } from "./support/resolved.ts";

describe("$NAME", () => {
	test("is a key that is set before it, in LTSP 5's order: lower sections first", () => {
		const resolved = resolve(`[default]
RACK = 1
NAME = "rack $RACK, row \${ROW}"
LATE = $NEXT
NEXT = x
SELF = "$SELF:more"
[node1]
RACK = 7
ROW = 3
UP = "$NAME!"
`);
		expect(values(resolved)).toEqual({
			RACK: "7",
			NAME: "rack 7, row ${ROW}",
			LATE: "$NEXT",
			NEXT: "x",
			SELF: "$SELF:more",
			ROW: "3",
			UP: "rack 7, row ${ROW}!",
		});
		expect(codes(resolved)).toEqual([
			"/srv/lts.conf:3:9 warning lts-conf.not-expanded",
			"/srv/lts.conf:4:8 warning lts-conf.not-expanded",
			"/srv/lts.conf:6:9 warning lts-conf.not-expanded",
		]);
	});

	test("is a fact of the node, or a key of the command line", () => {
		const resolved = resolve('[default]\nA = "$SERVER $IPV4ADDR $RACK"\nSERVER = 10.9.0.2\nB = $SERVER\n', {
			facts: { SERVER: "10.9.0.1", IPV4ADDR: "10.9.0.11" },
			commandLine: "ltsp.rack=7",
		});
		expect(values(resolved)).toMatchObject({ A: "10.9.0.1 10.9.0.11 7", B: "10.9.0.2" });
		expect(codes(resolved)).toEqual([]);
	});

	test("is not looked at again: nothing is executed, nothing recurs", () => {
		const resolved = resolve('[default]\nA = "\\$B $(id)"\nB = x\nC = "$A"\n');
		expect(values(resolved)).toMatchObject({ A: "$B $(id)", C: "$B $(id)" });
	});

	test("is left alone in secrets, which are full of $, unless they are nothing else", () => {
		const resolved = resolve(
			`[default]
y = x
HASH = "\\$6\\$y\\$abc"
[node1]
ROOT_PASSWORD_HASH = "$6$Y$abc"
KUBEADM_JOIN_TOKEN = "\${TOKEN}"
`,
			{ facts: { TOKEN: "abcdef.0123456789abcdef" } },
		);
		expect(values(resolved)).toMatchObject({
			HASH: "$6$y$abc",
			ROOT_PASSWORD_HASH: "$6$Y$abc",
			KUBEADM_JOIN_TOKEN: "abcdef.0123456789abcdef",
		});
		expect(codes(resolved)).toEqual([]);
	});

	test("is unset by NONE", () => {
		expect(values(resolve("[default]\nA = 1\nB = $A.\n[node1]\nA = NONE\n"))).toEqual({ B: "$A." });
	});

	test("is checked by type after it is replaced", () => {
		const text = "[default]\nSIZE = lots\nOVERLAY_TMPFS_SIZE = $SIZE\n[node2]\nSIZE = 1G\n";
		expect(codes(resolve(text))).toEqual(["/srv/lts.conf:3:22 error lts-conf.bad-value"]);
		expect(codes(resolve(text.replace("node2", "node1")))).toEqual([]);
	});

	test("that grows without end is an error at the line where it is too much", () => {
		const lines = Array.from({ length: 100 }, (_, i) => `L${i + 1} = "$L${i}$L${i}$L${i}$L${i}"`);
		const resolved = resolve(`[default]\nL0 = lol\n${lines.join("\n")}\n`);
		expect(codes(resolved)).toContain("/srv/lts.conf:10:7 error lts-conf.value-too-long");
		expect(resolved.findings.length).toBeLessThan(250);
	});

	test("values that are too much together are an error", () => {
		const long = "x".repeat(100_000);
		const lines = Array.from({ length: 30 }, (_, i) => `K${i} = ${i === 0 ? long : "$K0"}`);
		expect(codes(resolve(`[default]\n${lines.join("\n")}\n`))).toEqual([
			"/srv/lts.conf:21:7 error lts-conf.values-too-large",
		]);
	});
});
