import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { classify } from "../../agent/cluster/classify.ts";
import { failureTable } from "../../agent/cluster/failure-table.ts";
import { failureTexts, textOf } from "./support/kubeadm-texts.ts";

const linesOf = (text: string) => text.split("\n");

describe("what kubeadm prints, and what it means", () => {
	test.each(failureTexts)("$what: $code", ({ text, exitCode, code, isPermanent }) => {
		const failure = classify({ exitCode, output: linesOf(text) });
		expect({ code: failure.code, isPermanent: failure.isPermanent }).toEqual({ code, isPermanent });
		expect(failure.message).not.toMatch(/[{}]|undefined| {2}/);
		expect(failure.hint).not.toBe("");
	});

	test("every row of the table has a text", () => {
		const tested = new Set(failureTexts.map(({ code }) => code));
		const rows = failureTable.map(({ code }) => code).filter((code) => code !== "join.several-runtimes");
		expect(rows.filter((code) => !tested.has(code))).toEqual([]);
	});
});

describe("what is said about it", () => {
	const said = (code: string) => {
		const { text, exitCode } = textOf(code);
		const { message, evidence } = classify({ exitCode, output: linesOf(text) });
		return { message, evidence };
	};

	test("names what kubeadm names", () => {
		expect(said("join.name-ready").message).toContain('the node "node7"');
		expect(said("join.ca-mismatch").message).toContain(`sha256:${"ab".repeat(32)}`);
		expect(said("join.api-refused").message).toBe("no API server listens at 192.0.2.5:6443");
		expect(said("join.clock-behind").message).toContain("2021-01-01T00:00:09Z");
		expect(said("join.certificate-name").message).toContain("10.96.0.1, 10.0.2.15");
		expect(said("join.configuration-unsupported").message).toContain("kubeadm.k8s.io/v1beta4");
		expect(said("join.name-unresolved").message).toBe("the name api.example has no address");
	});

	test("brings kubeadm's own line along", () => {
		expect(said("join.token-unknown").evidence).toMatch(
			/^error execution phase preflight: .* token ID "abcdef"$/,
		);
	});

	test("names each of several failed checks, and mends each that can't mend itself", () => {
		const { message, hint, evidence } = classify({
			exitCode: 2,
			output: linesOf(textOf("join.preflight-failed").text),
		});
		expect(message).toBe(
			"kubeadm's checks of this node failed: FileContent--proc-sys-net-bridge-bridge-nf-call-iptables, FileExisting-conntrack, Swap",
		);
		expect(hint).toMatch(/MODULE_BRIDGE = br_netfilter.*package of that program.*USE_LOCAL_SWAP = false/);
		expect(evidence).toContain("Port-10250: Port 10250 is in use");
		expect(evidence).not.toContain("socat");
	});
});

describe("words that are not the error", () => {
	test("a warning that holds the words of a failure is none", () => {
		const output = [
			"W1121 05:00:00.000000    1 join.go:1] connect: connection refused",
			"	[WARNING Hostname]: lookup node7 on 192.0.2.53:53: no such host",
			"error execution phase preflight: the moon is in the way",
		];
		expect(classify({ exitCode: 1, output }).code).toBe("join.kubeadm-failed");
	});

	test("of two errors the last one counts", () => {
		const output = [...linesOf(textOf("join.api-refused").text), ...linesOf(textOf("join.token-wrong").text)];
		expect(classify({ exitCode: 1, output }).code).toBe("join.token-wrong");
	});
});

describe("ends without words", () => {
	test("ended by a signal", () => {
		const failure = classify({ signal: "SIGKILL", output: ["[preflight] Running pre-flight checks"] });
		expect(failure).toMatchObject({ code: "join.interrupted", isPermanent: false });
		expect(failure.message).toContain("SIGKILL");
		expect(failure.evidence).toBe("[preflight] Running pre-flight checks");
	});

	test("ended because it took too long", () => {
		const failure = classify({
			signal: "SIGTERM",
			timedOutAfterMs: 420_000,
			output: ["[kubelet-start] Waiting"],
		});
		expect(failure).toMatchObject({ code: "join.attempt-timeout", isPermanent: false });
		expect(failure.message).toContain("420 s");
	});

	test("there is no kubeadm", () => {
		expect(classify({ isMissing: true, output: [] })).toMatchObject({
			code: "join.no-kubeadm",
			isPermanent: true,
		});
	});
});

test("a long line is cut", () => {
	const line = `error execution phase preflight: ${"x".repeat(10_000)}`;
	expect(classify({ exitCode: 1, output: [line] }).evidence?.length).toBeLessThan(500);
});

describe("whatever a program prints", () => {
	const known = new Set(failureTexts.flatMap(({ text }) => text.split(/\s+/)));
	const line = fc.oneof(
		fc.string(),
		fc.array(fc.constantFrom(...known), { maxLength: 12 }).map((all) => all.join(" ")),
	);

	test("there is an answer, with everything that is shown of it filled in", () => {
		fc.assert(
			fc.property(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 255 }), (output, exitCode) => {
				const failure = classify({ exitCode, output });
				expect(failure.code).toMatch(/^join\.[a-z-]+$/);
				expect(failure.message).not.toMatch(/\{\d|undefined/);
				expect(failure.hint).not.toBe("");
			}),
			{ numRuns: 2_000 },
		);
	});
});
