import { generateKeyPairSync } from "node:crypto";
import { globSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";
import { writeBootTree, writeVersion } from "../server/support/boot-tree.ts";
import { temporaryFolder } from "../server/support/temporary-folder.ts";
import { clientMac, serverAddress, TwoHosts } from "../server/support/two-hosts.ts";
import { AtomicVolume, Container } from "./support/container.ts";
import { deploymentOf, textOf } from "./support/deployment.ts";
import { buildRenderer, type KubernetesObject, readManifests, renderChart } from "./support/render-chart.ts";

beforeAll(() => buildRenderer(), 900_000);

/** The plain manifests, with the addresses of the test's network. */
async function plainObjects(): Promise<KubernetesObject[]> {
	const files = globSync("deploy/kubernetes/*.yaml", { cwd: repository }).map((file) =>
		join(repository, file),
	);
	const text = JSON.stringify(await readManifests(files));
	return JSON.parse(text.replaceAll("10.20.0.", "10.77.0.").replaceAll("eth1", "lan"));
}

const network = { interface: "lan", address: serverAddress };

/** Starts the container with the ConfigMap of these objects, and waits until it serves. */
async function start(
	hosts: TwoHosts,
	objects: readonly KubernetesObject[],
	secrets: Readonly<Record<string, string>> = {},
) {
	const top = temporaryFolder();
	const tree = join(top, "tree");
	mkdirSync(join(tree, "farm"), { recursive: true });
	await writeBootTree(tree);
	await writeVersion(tree, { name: "node", version: "2" });
	// As the container image has it.
	rmSync(join(tree, "lts.conf"));
	symlinkSync("farm/lts.conf", join(tree, "lts.conf"));
	const data = objects.find(({ kind }) => kind === "ConfigMap")?.data as Record<string, string>;
	const farm = new AtomicVolume(join(top, "farm"), data);
	const folder = join(top, "container");
	mkdirSync(folder);
	const deployment = deploymentOf(objects);
	const container = new Container(hosts, deployment, {
		folder,
		tree,
		volumes: { farm: farm.folder, ...secrets },
	});
	await container.event("companion.ready");
	const get = async (path: string, port = 80) => {
		const url = `http://${serverAddress}:${port}${path}`;
		return (await hosts.run("client", ["curl", "-sS", "-w", "\n%{http_code}", url])).stdout;
	};
	return { top, farm, data, deployment, container, get };
}

test.each([
	["the plain manifests", plainObjects],
	["the chart", () => renderChart({ network, ltsConf: "[default]\nTIMEZONE = Etc/UTC\n" })],
])("the command of %s serves; a changed ConfigMap counts without a restart", async (_, objectsOf) => {
	await using hosts = await TwoHosts.create();
	const objects = await objectsOf();
	const { farm, data, deployment, container, get } = await start(hosts, objects);
	const [{ startupProbe, readinessProbe, livenessProbe }] = deployment.spec.template.spec.containers as [
		(typeof deployment.spec.template.spec.containers)[number],
	];
	for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) {
		expect(httpGet.host).toBe(serverAddress);
		expect(await get(httpGet.path, httpGet.port)).toMatch(/^\{"status":"ok".*\}\n\n200$/);
	}
	expect(await get("/lts.conf")).toBe(`${textOf(objects, "lts.conf")}\n200`);
	expect(await get("/boot.ipxe")).toContain("netherd.image=node/1 ");

	farm.write({ ...data, "lts.conf": "[default]\nTIMEZONE = Europe/Prague\n" });
	expect(await get("/lts.conf")).toBe("[default]\nTIMEZONE = Europe/Prague\n\n200");
	farm.write({ ...data, "companion.ini": `${data["companion.ini"]}\n[pins]\n${clientMac} = node/2\n` });
	expect(await get(`/boot.ipxe?mac=${clientMac}`)).toContain("netherd.image=node/2 ");
	expect(await container.event("companion.reloaded")).toMatchObject({ needsRestart: [] });
	// The configuration is in the boot tree, and nobody is given it.
	for (const path of ["/farm/companion.ini", "/companion.ini", "/images/../farm/companion.ini"]) {
		expect(await get(path)).toMatch(/\n40[04]$/);
	}
	const status = readFileSync(`/proc/${container.child.pid}/status`, "utf8");
	// KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_ADMIN, NET_RAW
	const mask = [5, 6, 7, 8, 10, 12, 13].reduce((sum, bit) => sum + 2 ** bit, 0);
	expect(status).toContain(`CapBnd:\t${mask.toString(16).padStart(16, "0")}`);
	expect(status).toMatch(/^NoNewPrivs:\s1$/m);
});

test("without lts.conf in the ConfigMap there is none: nodes use that of their image", async () => {
	await using hosts = await TwoHosts.create();
	const { get } = await start(hosts, await renderChart({ network }));
	expect(await get("/lts.conf")).toMatch(/\n404$/);
	expect(await get("/health")).toMatch(/200$/);
});

test("lts.conf is signed with the key in its Secret", async () => {
	await using hosts = await TwoHosts.create();
	const { privateKey } = generateKeyPairSync("ed25519");
	const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
	const secret = new AtomicVolume(join(temporaryFolder(), "secret"), { "signing-key.pem": pem }, 0o400);
	const objects = await renderChart({
		network,
		signingKey: { existingSecret: "keys" },
		ltsConf: "[default]\nTIMEZONE = Etc/UTC\n",
	});
	const { get } = await start(hosts, objects, { "signing-key": secret.folder });
	expect(await get("/lts.conf.sig")).toMatch(/^netherd-signature\/1 ed25519 [0-9a-f]{16} \S+\n\n200$/);
});

test("the join token comes out of its Secret", async () => {
	await using hosts = await TwoHosts.create();
	const token = "abcdef.0123456789abcdef";
	const secret = new AtomicVolume(join(temporaryFolder(), "secret"), { token }, 0o400);
	const objects = await renderChart({ network, joinToken: { existingSecret: "join" } });
	const { get } = await start(hosts, objects, { "join-token": secret.folder });
	expect(await get("/token")).toContain(token);
});
