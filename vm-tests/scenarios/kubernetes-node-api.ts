import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { repository } from "../../tools/cache.ts";
import { ControlPlane } from "../kubernetes/control-plane.ts";
import { kubernetesPrograms } from "../kubernetes/programs.ts";
import { Farm } from "../lib/farm.ts";
import { scenario } from "../lib/scenario.ts";

const nodeName = "node7";

/** Set by the node itself; the second is what NodeRestriction refuses. */
const labels = { "netherd.test/rack": "r2", "node-role.kubernetes.io/worker": "" };

export default scenario(
	"kubernetes-node-api",
	"real Kubernetes, no machine: what a node may read and change of itself, with its token and with its certificate",
	{
		async run(stage) {
			const programs = await kubernetesPrograms((line) => stage.say(line));
			using farm = new Farm();
			const controlPlane = await ControlPlane.create(farm, programs, stage.folder);
			await controlPlane.start();
			const pki = join(farm.folder, "kubernetes/pki");
			const credentials = await signNodeCertificate(pki, stage.folder);
			const manifest = join(farm.folder, "kubernetes/node.json");
			writeFileSync(manifest, JSON.stringify(oldNode));
			await controlPlane.kubectl("apply", "--filename=/etc/kubernetes/node.json");
			await controlPlane.kubectl(
				"replace",
				`--raw=/api/v1/nodes/${nodeName}/status`,
				"--filename=/etc/kubernetes/node.json",
			);

			const [file, ...args] = farm.argv(
				[
					process.execPath,
					join(repository, "vm-tests/kubernetes/node-view.ts"),
					...[controlPlane.endpoint, join(pki, "ca.crt"), credentials, nodeName, controlPlane.caCertHash],
					JSON.stringify(labels),
				],
				"KILL",
			);
			const { stdout } = await execa(file, args, { input: controlPlane.token });
			const view = JSON.parse(stdout) as NodeView;
			await stage.check("an API server that is ready is taken for one", () => {
				assert.deepEqual(view.endpoint, { answers: true, what: controlPlane.endpoint });
			});
			await stage.check("cluster-info is signed with the token, and its CA is the pinned one", () => {
				assert.deepEqual(
					{ isSigned: view.isSigned, isPinned: view.isPinned },
					{ isSigned: true, isPinned: true },
				);
				assert.deepEqual(view.otherPin, { isSigned: true });
				assert.deepEqual(view.otherSecret, { isSigned: false });
			});
			await stage.check("with the token it sees whether a Node of its name is Ready", () => {
				assert.deepEqual([view.isReadyByToken, view.otherNodeByToken], [true, false]);
			});
			await stage.check(
				"with its certificate it reads its Node, and one that is not there is told apart",
				() => {
					assert.deepEqual(
						{ state: view.node.state, isReady: view.node.isReady, bootId: view.node.bootId },
						{ state: "there", isReady: true, bootId: "an earlier boot" },
					);
					assert.equal(view.missingNode.state, "unknown");
				},
			);
			await stage.check("it may set a label of its own, and none that NodeRestriction keeps from it", () => {
				assert.equal(view.refused["netherd.test/rack"], undefined);
				assert.match(view.refused["node-role.kubernetes.io/worker"] ?? "", /not allowed to modify labels/);
				assert.equal(view.node.labels?.["netherd.test/rack"], "r2");
			});
		},
	},
);

interface NodeView {
	readonly endpoint: object;
	readonly isSigned?: boolean;
	readonly isPinned: boolean;
	readonly otherPin?: object;
	readonly otherSecret?: object;
	readonly isReadyByToken?: boolean;
	readonly otherNodeByToken?: boolean;
	/** By label; absent: it was set. */
	readonly refused: Readonly<Record<string, string>>;
	readonly node: {
		readonly state: string;
		readonly isReady?: boolean;
		readonly bootId?: string;
		readonly labels?: Readonly<Record<string, string>>;
	};
	readonly missingNode: { readonly state: string };
}

/** What a machine left in the cluster when it lost its power. */
const oldNode = {
	apiVersion: "v1",
	kind: "Node",
	metadata: { name: nodeName, labels: { "kubernetes.io/hostname": nodeName, "netherd.test/rack": "r1" } },
	status: {
		conditions: [{ type: "Ready", status: "True", message: "kubelet is posting ready status" }],
		nodeInfo: {
			...{ architecture: "amd64", bootID: "an earlier boot", containerRuntimeVersion: "containerd://1.7.24" },
			...{ kernelVersion: "6.12", kubeProxyVersion: "v1.20.2", kubeletVersion: "v1.20.2", machineID: "m" },
			...{ operatingSystem: "linux", osImage: "Debian", systemUUID: "u" },
		},
	},
};

/** What the kubelet gets by its bootstrap: certificate and key in one file. */
async function signNodeCertificate(pki: string, folder: string): Promise<string> {
	const [key, request, certificate] = ["node.key", "node.csr", "node.crt"].map((name) => join(folder, name));
	const subject = `/O=system:nodes/CN=system:node:${nodeName}`;
	await execa("openssl", [
		...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject],
		...["-keyout", key ?? "", "-out", request ?? ""],
	]);
	await execa("openssl", [
		...["x509", "-req", "-in", request ?? "", "-CA", join(pki, "ca.crt"), "-CAkey", join(pki, "ca.key")],
		...["-set_serial", "4711", "-days", "1", "-out", certificate ?? ""],
	]);
	const both = join(folder, "node.pem");
	const { stdout } = await execa("cat", [certificate ?? "", key ?? ""]);
	writeFileSync(both, `${stdout}\n`, { mode: 0o600 });
	return both;
}
