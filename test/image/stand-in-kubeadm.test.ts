import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const program = join(repository, "image/stand-in/kubeadm");
const token = "abcdef.0123456789abcdef";
const hash = `sha256:${"0123456789abcdef".repeat(4)}`;

const configuration = {
	apiVersion: "kubeadm.k8s.io/v1beta4",
	kind: "JoinConfiguration",
	discovery: { bootstrapToken: { apiServerEndpoint: "api.example:6443", token, caCertHashes: [hash] } },
	nodeRegistration: { name: "node7", kubeletExtraArgs: [{ name: "node-labels", value: "rack=r12" }] },
};

async function kubeadm(root: string, ...args: string[]) {
	return await execa("sh", [program, ...args], { env: { NETHERD_STAND_IN_ROOT: root }, reject: false });
}

function records(root: string): Record<string, unknown>[] {
	const file = join(root, "run/netherd-stand-in/kubeadm.jsonl");
	if (!existsSync(file)) return [];
	return readFileSync(file, "utf8")
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function writeConfiguration(root: string, content: unknown, mode = 0o600): string {
	const file = join(root, "join.json");
	writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content, null, 2));
	chmodSync(file, mode);
	return file;
}

test("prints a version that the agent understands", async () => {
	const { stdout } = await kubeadm(temporaryFolder(), "version", "-o", "short");
	expect(stdout).toMatch(/^v1\.\d+\.\d+$/);
});

describe("join --config", () => {
	test("accepts what the agent writes, records it without its token, and marks the node as joined", async () => {
		const root = temporaryFolder();
		const file = writeConfiguration(root, configuration);
		const { exitCode, stdout } = await kubeadm(root, "join", "--config", file);
		expect(exitCode).toBe(0);
		expect(stdout).toContain("stand-in");
		expect(records(root)).toEqual([
			{
				standIn: "kubeadm",
				arguments: ["join", "--config", file],
				exitCode: 0,
				problems: [],
				mode: "0600",
				owner: "root",
				configuration: {
					...configuration,
					discovery: { bootstrapToken: { ...configuration.discovery.bootstrapToken, token: "(redacted)" } },
				},
			},
		]);
		expect(existsSync(join(root, "etc/kubernetes/kubelet.conf"))).toBe(true);
	});

	test.each([
		["a readable file", configuration, 0o644, /mode is 0644/],
		["no JSON", "apiVersion: kubeadm.k8s.io/v1beta4", 0o600, /not a JSON object/],
		["another kind", { ...configuration, kind: "InitConfiguration" }, 0o600, /kind is not JoinConfiguration/],
		["an unknown apiVersion", { ...configuration, apiVersion: "kubeadm.k8s.io/v1" }, 0o600, /apiVersion/],
		["no token", { ...configuration, discovery: {} }, 0o600, /token is not of the form/],
		["no node name", { ...configuration, nodeRegistration: {} }, 0o600, /nodeRegistration.name/],
	])("refuses %s, says why and records it", async (_, content, mode, problem) => {
		const root = temporaryFolder();
		const { exitCode, stderr } = await kubeadm(
			root,
			"join",
			"--config",
			writeConfiguration(root, content, mode),
		);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(problem);
		expect(records(root)).toEqual([
			expect.objectContaining({
				exitCode: 1,
				problems: expect.arrayContaining([expect.stringMatching(problem)]),
			}),
		]);
		expect(existsSync(join(root, "etc/kubernetes/kubelet.conf"))).toBe(false);
	});

	test("refuses a file of another user", async () => {
		const root = temporaryFolder();
		const file = writeConfiguration(root, configuration);
		chownSync(file, 65534, 65534);
		const { exitCode, stderr } = await kubeadm(root, "join", "--config", file);
		expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/owner is nobody/)]);
	});

	test("refuses a file that is not there", async () => {
		const root = temporaryFolder();
		const { exitCode, stderr } = await kubeadm(root, "join", `--config=${root}/missing.json`);
		expect([exitCode, stderr]).toEqual([1, expect.stringContaining("no such file")]);
	});

	test("a token in a refused file is not recorded either", async () => {
		const root = temporaryFolder();
		await kubeadm(root, "join", "--config", writeConfiguration(root, configuration, 0o640));
		expect(readFileSync(join(root, "run/netherd-stand-in/kubeadm.jsonl"), "utf8")).not.toContain(token);
	});
});

describe("join with arguments, as an RCFILE line does it", () => {
	test.each([
		[["10.0.0.1:6443", "--token", token, "--discovery-token-ca-cert-hash", hash]],
		[["--discovery-token-ca-cert-hash", hash, "--token", token, "10.0.0.1:6443"]],
		[["api.example:6443", `--token=${token}`, "--discovery-token-unsafe-skip-ca-verification"]],
		[["api.example:6443", "--token", token, "--discovery-token-ca-cert-hash", hash, "--node-name", "node7"]],
	])("accepts %j", async (words) => {
		const root = temporaryFolder();
		const { exitCode, stderr } = await kubeadm(root, "join", ...words);
		expect([exitCode, stderr]).toEqual([0, ""]);
		const [record] = records(root);
		expect(record).toMatchObject({ exitCode: 0, problems: [] });
		expect(JSON.stringify(record)).toContain("(redacted)");
		expect(JSON.stringify(record)).not.toContain(token);
	});

	test.each([
		[["10.0.0.1", "--token", token, "--discovery-token-ca-cert-hash", hash], /not HOST:PORT/],
		[["10.0.0.1:6443", "--discovery-token-ca-cert-hash", hash], /--token is missing/],
		[
			["10.0.0.1:6443", "--token", "wrong", "--discovery-token-ca-cert-hash", hash],
			/--token is missing or not/,
		],
		[["10.0.0.1:6443", "--token", token], /ca-cert-hash/],
	])("refuses %j", async (words, problem) => {
		const root = temporaryFolder();
		const { exitCode, stderr } = await kubeadm(root, "join", ...words);
		expect([exitCode, stderr]).toEqual([1, expect.stringMatching(problem)]);
		expect(JSON.stringify(records(root))).not.toContain('wrong"');
	});
});

test("reset takes back what join left, and every call has its line", async () => {
	const root = temporaryFolder();
	await kubeadm(root, "join", "--config", writeConfiguration(root, configuration));
	const { exitCode } = await kubeadm(root, "reset", "-f");
	expect(exitCode).toBe(0);
	expect(existsSync(join(root, "etc/kubernetes/kubelet.conf"))).toBe(false);
	expect(records(root).map((record) => record.arguments)).toEqual([
		expect.arrayContaining(["join"]),
		["reset", "-f"],
	]);
});

test("arguments with quotes and line ends are recorded as they were, but for the ends", async () => {
	const root = temporaryFolder();
	await kubeadm(root, "reset", 'say "hi" \\ there\nnow');
	expect(records(root)[0]).toMatchObject({ arguments: ["reset", 'say "hi" \\ there now'] });
});

test("anything else is refused with 2", async () => {
	const { exitCode, stderr } = await kubeadm(temporaryFolder(), "init");
	expect([exitCode, stderr]).toEqual([
		2,
		expect.stringContaining('stand-in for kubeadm knows version, join and reset, not "init"'),
	]);
});
