import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { runTool } from "../../image/run-tool.ts";
import { cachedBuild } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { buildKubernetes, builtVersion } from "./build-programs.ts";
import { downloadPackages } from "./debian-archive.ts";

/** Kubernetes as programs of this machine's architecture, statically linked. */
export interface KubernetesPrograms {
	/** Path of each program. */
	readonly kubeadm: string;
	readonly kubelet: string;
	readonly kubectl: string;
	readonly kubeApiserver: string;
	readonly kubeControllerManager: string;
	readonly etcd: string;
	/** As kubeadm says it, such as `v1.20.2`. */
	readonly version: string;
	/** Changes when a program of a node changes: for the inputs of a build that takes them in. */
	readonly key: string;
}

export const programNames = [
	"kubeadm",
	"kubelet",
	"kubectl",
	"kube-apiserver",
	"kube-controller-manager",
] as const;

/** The environment variable that names a folder with all of `programNames`: these are used instead of building them. */
export const programsVariable = "KUBERNETES_BIN_DIR";

type Say = (line: string) => void;

/**
 * The programs in KUBERNETES_BIN_DIR, or those built from Debian's source, from the cache if they are there: the first
 * time takes ten minutes of two cores.
 *
 * @throws {NetherdError} `kubernetes.program-missing`, and what `downloadPackages` and `buildKubernetes` throw.
 */
export async function kubernetesPrograms(say: Say): Promise<KubernetesPrograms> {
	await ensureDebianPackages(["debian-archive-keyring"], "check Debian's signatures");
	const given = process.env[programsVariable];
	if (given !== undefined && given !== "") return await givenPrograms(resolve(given), say);

	const built = await cachedBuild(
		"kubernetes",
		// What is downloaded is what Debian has signed, however it comes.
		{ files: ["vm-tests/kubernetes/build-programs.ts"], values: [process.arch] },
		async (folder) => await buildKubernetes(folder, say),
	);
	const etcd = await etcdProgram(say);
	return { ...pathsIn(built.folder), etcd, version: builtVersion, key: built.key };
}

async function givenPrograms(folder: string, say: Say): Promise<KubernetesPrograms> {
	const missing = programNames.filter((name) => !existsSync(join(folder, name)));
	if (missing.length > 0) {
		throw new NetherdError(
			"kubernetes.program-missing",
			`${programsVariable} is ${folder}, which has no ${missing.join(", ")}`,
			{
				hint: `put all of ${programNames.join(", ")} there, or unset ${programsVariable}: they are built then`,
			},
		);
	}
	const paths = pathsIn(folder);
	const { stdout: version } = await execa(paths.kubeadm, ["version", "-o", "short"]);
	const key = await hashOf([paths.kubeadm, paths.kubelet]);
	return { ...paths, etcd: await etcdProgram(say), version, key };
}

function pathsIn(folder: string) {
	return {
		kubeadm: join(folder, "kubeadm"),
		kubelet: join(folder, "kubelet"),
		kubectl: join(folder, "kubectl"),
		kubeApiserver: join(folder, "kube-apiserver"),
		kubeControllerManager: join(folder, "kube-controller-manager"),
	};
}

/** Unpacked and not installed: the Debian package would start an etcd of its own on this machine. */
async function etcdProgram(say: Say): Promise<string> {
	const { folder } = await cachedBuild(
		"etcd",
		{ files: [], values: ["bookworm", process.arch] },
		async (folder) => {
			say("kubernetes: downloading etcd");
			await downloadPackages([{ kind: "binary", name: "etcd-server", suite: "bookworm" }], folder);
			await runTool(
				["sh", "-c", 'dpkg-deb --extract "$1"/etcd-server_*.deb "$1" && rm "$1"/*.deb', "sh", folder],
				{
					code: "kubernetes.download-failed",
					hint: "see the last lines",
				},
			);
		},
	);
	return join(folder, "usr/bin/etcd");
}

async function hashOf(files: readonly string[]): Promise<string> {
	const hash = createHash("sha256");
	for (const file of files) await pipeline(createReadStream(file), hash, { end: false });
	return hash.digest("hex").slice(0, 16);
}
