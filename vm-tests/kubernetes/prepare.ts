import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildImage } from "../../image/build.ts";
import { readRecipe } from "../../image/recipe.ts";
import { cachedBuild, testSigningKeyFile } from "../../tools/cache.ts";
import { vmFolder } from "../lib/prepare.ts";
import { findQemu } from "../lib/qemu-program.ts";
import { containerImageFile, writeContainerImage } from "./container-image.ts";
import { type KubernetesPrograms, kubernetesPrograms } from "./programs.ts";

/** What nodes of a real cluster boot, and what makes that cluster. */
export interface KubernetesSetup {
	readonly programs: KubernetesPrograms;
	/** A boot tree with the image of recipe kubernetes-test, kubeadm and kubelet in it. */
	readonly bootTree: string;
}

let prepared: Promise<KubernetesSetup> | undefined;

/**
 * Gets ready what a scenario with a real cluster needs besides `prepareBoots`; once for all of them.
 *
 * @throws {NetherdError} what `kubernetesPrograms` and the image build throw.
 */
export async function prepareKubernetes(say: (line: string) => void): Promise<KubernetesSetup> {
	prepared ??= prepare(say);
	return await prepared;
}

async function prepare(say: (line: string) => void): Promise<KubernetesSetup> {
	const programs = await kubernetesPrograms(say);
	const { busybox } = await findQemu();
	const { folder: files } = await cachedBuild(
		"kubernetes-node-files",
		{
			files: ["vm-tests/kubernetes/prepare.ts", "vm-tests/kubernetes/container-image.ts"],
			values: [programs.key, busybox],
		},
		async (folder) => {
			const target = join(folder, "usr/bin");
			mkdirSync(target, { recursive: true });
			for (const name of ["kubeadm", "kubelet"] as const) {
				copyFileSync(programs[name], join(target, name));
				chmodSync(join(target, name), 0o755);
			}
			mkdirSync(join(folder, dirname(containerImageFile)), { recursive: true });
			await writeContainerImage(busybox, join(folder, containerImageFile));
		},
	);
	const recipe = readRecipe("kubernetes-test");
	const bootTree = join(vmFolder, "kubernetes-boot-tree");
	await buildImage(
		{
			recipe: { ...recipe, files: [...recipe.files, files] },
			out: bootTree,
			keepVersions: 1,
			signingKeyFile: testSigningKeyFile,
		},
		say,
	);
	return { programs, bootTree };
}
