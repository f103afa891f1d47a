import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { JoinFacts } from "../../agent/facts/facts.ts";
import { gatherOwnConfiguration, readOwnConfiguration } from "../../agent/facts/own-configuration.ts";
import { makeInitFacts } from "../lib/plan-step.ts";

const token = "abcdef.0123456789abcdef";
const root = mkdtempSync(join(tmpdir(), "netherd-own-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, "etc"));

function factsOf(ltsConf: string): JoinFacts {
	const { version, agentVersion, commandLine, network, configuration } = makeInitFacts(
		`[default]\n${ltsConf}\n`,
	);
	const common = { version, agentVersion, commandLine, network, configuration };
	return { ...common, stage: "join", hostname: "node7", joined: false };
}

const yaml = `kind: JoinConfiguration
discovery:
  bootstrapToken: &token { token: ${token} }
  tlsBootstrapToken: ${token}
controlPlane: { certificateKey: 0123456789 }
x: [ *token, "kubeadm --token ${token}", 7, true, null, 2026-01-02 ]
`;

test("read from the image, secrets kept apart", async () => {
	writeFileSync(join(root, "etc/join.yaml"), yaml);
	const facts = factsOf("KUBEADM_JOIN_CONFIG = /etc/join.yaml");
	const gathered = await gatherOwnConfiguration({ facts, secrets: { a: "b" } }, root);
	expect(gathered.facts.ownConfiguration).toEqual({
		path: "/etc/join.yaml",
		content: {
			kind: "JoinConfiguration",
			discovery: {
				bootstrapToken: { token: "{secret:own-configuration-token}" },
				tlsBootstrapToken: "{secret:own-configuration-token}",
			},
			controlPlane: { certificateKey: "{secret:own-configuration-certificate-key}" },
			x: [
				{ token: "{secret:own-configuration-token}" },
				"kubeadm --token {secret:own-configuration-token}",
				7,
				true,
				null,
				"2026-01-02",
			],
		},
	});
	expect(gathered.secrets).toEqual({
		a: "b",
		"own-configuration-token": token,
		"own-configuration-certificate-key": "123456789",
	});
});

test("a node that names none", async () => {
	const facts = factsOf("TIMEZONE = UTC");
	expect(await gatherOwnConfiguration({ facts, secrets: {} }, root)).toEqual({ facts, secrets: {} });
});

test("a file that is not there", async () => {
	const facts = factsOf("KUBEADM_JOIN_CONFIG = /etc/none.yaml");
	await expect(gatherOwnConfiguration({ facts, secrets: {} }, root)).rejects.toMatchObject({
		code: "join.bad-configuration",
		message: "/etc/none.yaml (KUBEADM_JOIN_CONFIG): there is no such file in the image",
	});
});

describe("what is no JoinConfiguration is refused without being shown", () => {
	const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
		.split("")
		.map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(",")}]`)
		.join("\n")}\nkind: JoinConfiguration\n`;
	test.each([
		["nothing", "", "no document with kind"],
		["another kind", "kind: InitConfiguration\n", "no document with kind"],
		["a text", "kubeadm join", "no document with kind"],
		["a list", "- kind: JoinConfiguration", "no document with kind"],
		["two of them", "kind: JoinConfiguration\n---\nkind: JoinConfiguration\n", "more than one"],
		["a mistake", `kind: JoinConfiguration\nx: [ ${token}\n`, "not YAML"],
		[
			"a field twice",
			`kind: JoinConfiguration\nkind: JoinConfiguration\n`,
			"line 2, column 1: not YAML (DUPLICATE_KEY)",
		],
		["a tab", `kind: JoinConfiguration\nx:\n\ty: 1\n`, "line 3, column 1"],
		["aliases without end", bomb, "refers to itself too often"],
		["a large file", "x".repeat(2 ** 20 + 1), "larger than"],
	])("%s", async (_, text, message) => {
		const error = await readOwnConfiguration("/f", text).catch((one) => one);
		expect(error).toMatchObject({
			code: "join.bad-configuration",
			message: expect.stringContaining(message),
		});
		expect(error.message).not.toContain(token);
	});
});
