import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { agentVersion } from "../../agent/version.ts";
import { parseConfig } from "../../server/config/read-config.ts";
import { repository } from "../../tools/cache.ts";
import { deploymentOf, textOf } from "./support/deployment.ts";
import { schemaProblems } from "./support/kubernetes-schemas.ts";
import {
	buildRenderer,
	chartFolder,
	type KubernetesObject,
	readManifests,
	renderChart,
} from "./support/render-chart.ts";

const coldBuildMs = 900_000;
const manifestFiles = globSync("deploy/kubernetes/*.yaml", { cwd: repository })
	.sort()
	.map((file) => join(repository, file));
const network = { interface: "eth1", address: "10.20.0.1" };

beforeAll(async () => {
	await buildRenderer();
	await schemaProblems({ apiVersion: "v1", kind: "Namespace", metadata: { name: "x" } });
}, coldBuildMs);

const everything = {
	network,
	image: { repository: "registry.example:5000/boot/companion", tag: "20260109", pullPolicy: "Always" },
	imagePullSecrets: [{ name: "registry" }],
	nodeSelector: { "kubernetes.io/hostname": "boot1" },
	tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
	http: { port: 8080 },
	ltsConf:
		'[default]\nTIMEZONE = Europe/Prague\n\n[storage*]\nPREINIT_01 = "echo {{ braces }} \\$HOME: #x"\n',
	companionIni: "[dhcp]\nmode = proxy\n\n[pins]\n52:54:00:00:00:01 = node\n",
	joinToken: { existingSecret: "join" },
	imagesVolume: { persistentVolumeClaim: { claimName: "netherd-images", readOnly: true } },
	resources: { limits: { memory: "512Mi" } },
};

describe("the objects fit the schemas that Kubernetes publishes (1.20.2, from Debian's source)", () => {
	test("of the plain manifests", async () => {
		const objects = await readManifests(manifestFiles);
		expect(objects.map(({ kind }) => kind)).toEqual(["Namespace", "ConfigMap", "Deployment"]);
		expect((await Promise.all(objects.map(schemaProblems))).flat()).toEqual([]);
	});

	test.each([
		["the least", { network }, ["ConfigMap", "Deployment"]],
		["everything", everything, ["ConfigMap", "Deployment"]],
		["a key of one's own", { network, signingKey: { existingSecret: "keys" } }, ["ConfigMap", "Deployment"]],
		["a key in the values", { network, signingKey: { pem: "KEY\n" } }, ["ConfigMap", "Deployment", "Secret"]],
		["no selector", { network, nodeSelector: null, resources: null }, ["ConfigMap", "Deployment"]],
	])("of the chart with %s", async (_, values, kinds) => {
		const objects = await renderChart(values);
		expect(objects.map(({ kind }) => kind)).toEqual(kinds);
		expect((await Promise.all(objects.map(schemaProblems))).flat()).toEqual([]);
	});

	test("and a mistake would be found", async () => {
		const [deployment] = (await renderChart({ network })).filter(({ kind }) => kind === "Deployment");
		const text = JSON.stringify(deployment);
		const broken = async (from: string, to: string) => schemaProblems(JSON.parse(text.replace(from, to)));
		expect(await broken('"replicas":1', '"replicas":"1"')).toEqual([
			'Deployment netherd-netherd-companion.spec.replicas: "1" is not int32',
		]);
		expect(await broken('"hostNetwork"', '"hostNetwrok"')).toEqual([
			"Deployment netherd-netherd-companion.spec.template.spec.hostNetwrok: no such member",
		]);
		expect(await broken('"selector":{', '"selectors":{')).toEqual([
			"Deployment netherd-netherd-companion.spec.selector: missing",
			"Deployment netherd-netherd-companion.spec.selectors: no such member",
		]);
		expect(await broken('"apps/v1"', '"apps/v3"')).toEqual(["apps/v3 Deployment: no such kind"]);
	});
});

test("the chart and the plain manifests run the same", async () => {
	const plain = await readManifests(manifestFiles);
	const [plainMap] = plain.filter(({ kind }) => kind === "ConfigMap");
	const data = plainMap?.data as Record<string, string>;
	const chart = await renderChart(
		{
			network,
			signingKey: { existingSecret: "netherd-signing-key" },
			joinToken: { existingSecret: "netherd-join-token" },
			ltsConf: data["lts.conf"],
			companionIni: /^\[dhcp\][\s\S]*/m.exec(data["companion.ini"] ?? "")?.[0],
		},
		{ release: "netherd-companion" },
	);
	const withoutLabels = (object: unknown) =>
		JSON.parse(
			JSON.stringify(object, (key, value) =>
				/^(labels|matchLabels|optional)$/.test(key) ? undefined : value,
			),
		);
	expect(withoutLabels(deploymentOf(chart))).toEqual(withoutLabels(deploymentOf(plain)));
	expect(textOf(chart, "lts.conf")).toBe(textOf(plain, "lts.conf"));
});

describe("what the ConfigMaps hold is right", () => {
	const check = (objects: readonly KubernetesObject[]) => {
		expect(checkLtsConf(textOf(objects, "lts.conf") ?? "", "lts.conf")).toEqual([]);
		return parseConfig(textOf(objects, "companion.ini") ?? "", "companion.ini");
	};

	test("in the plain manifests", async () => {
		expect(check(await readManifests(manifestFiles))).toMatchObject({ interfaceName: "eth1", httpPort: 80 });
	});

	test("in the chart, with everything: texts arrive as they were given", async () => {
		const objects = await renderChart(everything);
		const config = check(objects);
		expect(config).toMatchObject({ address: "10.20.0.1", httpPort: 8080, dhcp: { mode: "proxy" } });
		expect(config.pins).toHaveLength(1);
		expect(textOf(objects, "lts.conf")).toBe(everything.ltsConf);
		const { containers, volumes } = deploymentOf(objects).spec.template.spec;
		expect(containers[0]?.image).toBe("registry.example:5000/boot/companion:20260109");
		expect(containers[0]?.readinessProbe.httpGet).toEqual({ host: "10.20.0.1", path: "/health", port: 8080 });
		expect(volumes).toContainEqual({ name: "images", ...everything.imagesVolume });
	});

	test("in the chart with the least: nodes use the lts.conf of their image", async () => {
		const objects = await renderChart({ network });
		expect(textOf(objects, "lts.conf")).toBeUndefined();
		expect(check(objects).dhcp).toEqual({ mode: "off" });
	});
});

test.each([
	["no card", { network: { address: "10.20.0.1" } }, "network.interface is missing"],
	["no address", { network: { interface: "eth1" } }, "network.address is missing"],
	[
		"a section that the chart makes",
		{ network, companionIni: "[dhcp]\nmode = off\n[http]\nport = 81\n" },
		"companionIni has a section",
	],
	[
		"two keys",
		{ network, signingKey: { pem: "x", existingSecret: "y" } },
		"signingKey.existingSecret or signingKey.pem, not both",
	],
])("the chart with %s says so", async (_, values, message) => {
	await expect(renderChart(values)).rejects.toThrow(message);
});

test("every pod has the name of its release, and nothing changes with the ConfigMap", async () => {
	const deployments = await Promise.all(
		[{ ltsConf: "[default]\n" }, { ltsConf: "[default]\nTIMEZONE = Etc/UTC\n" }].map(async (values) =>
			deploymentOf(await renderChart({ network, ...values }, { release: "rack7", namespace: "boot" })),
		),
	);
	// Otherwise each change of lts.conf would restart the companion.
	expect(deployments[0]).toEqual(deployments[1]);
	expect(deployments[0]?.metadata).toMatchObject({ name: "rack7-netherd-companion", namespace: "boot" });
});

test("versions agree: chart, program, plain manifests", async () => {
	const chart = readFileSync(join(chartFolder, "Chart.yaml"), "utf8");
	expect(chart).toContain(`\nversion: ${agentVersion}\n`);
	expect(chart).toContain(`\nappVersion: "${agentVersion}"\n`);
	const { containers } = deploymentOf(await readManifests(manifestFiles)).spec.template.spec;
	expect(containers[0]?.image).toMatch(new RegExp(`:${agentVersion.replaceAll(".", "\\.")}$`));
});
