import type { InitFacts } from "../facts/facts.ts";
import { wantsToJoin } from "../join/join-keys.ts";
import { containerdStorage, crioStorage, dockerStorage, kubeletStorage } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import { because } from "./because.ts";
import { fstabEntries } from "./fstab-entries.ts";

/** A file system in RAM for what the root's overlay cannot hold. */
export interface StorageEntry {
	readonly mountPoint: string;
	/** Line of fstab(5). */
	readonly line: string;
	readonly because: string;
}

/** What keeps its data where; the modes are those that the programs give their folders. */
const runtimes = [
	{ unit: "containerd.service", folder: containerdStorage, mode: "0711" },
	{ unit: "crio.service", folder: crioStorage, mode: "0755" },
	{ unit: "docker.service", folder: dockerStorage, mode: "0710" },
] as const;
const kubelet = { folder: kubeletStorage, mode: "0750" } as const;

/**
 * The tmpfs that a node that joins gets for the kubelet and for each container runtime of its image: the layers of
 * containers are overlays, and the kernel takes none whose writable layer is on an overlay. Where lts.conf or a unit of
 * the image mounts something, or the image has files, there is none.
 */
export function storageEntries(inputs: Inputs<InitFacts>): readonly StorageEntry[] {
	const { configuration, facts } = inputs;
	if (!wantsToJoin(configuration) || isRoot(configuration.text("KUBERNETES_STORAGE"))) return [];
	if (!configuration.boolean("CONFIGURE_FSTAB")) return [];
	const { units, filledFolders = [] } = facts.root;
	const mounted = fstabEntries(configuration).flatMap(({ mountPoint }) => mountPoint ?? []);
	const found = runtimes.filter(({ unit }) => units.includes(unit));
	return [kubelet, ...(found.length > 0 ? found : runtimes.slice(0, 1))]
		.filter(({ folder }) => !mounted.some((point) => point !== "/" && isWithin(folder, point)))
		.filter(({ folder }) => !units.includes(mountUnit(folder)) && !filledFolders.includes(folder))
		.map(({ folder, mode }) => ({
			mountPoint: folder,
			line: `tmpfs ${folder} tmpfs mode=${mode} 0 0`,
			because: because(configuration, "KUBERNETES_STORAGE"),
		}));
}

function isRoot(word: string | undefined): boolean {
	return word?.trim().toLowerCase() === "root";
}

/** The name that systemd gives to a mount (systemd.mount(5)); these paths have nothing to escape. */
function mountUnit(folder: string): string {
	return `${folder.slice(1).replaceAll("/", "-")}.mount`;
}

function isWithin(path: string, folder: string): boolean {
	return path === folder || path.startsWith(`${folder}/`);
}
