import type { Verification } from "./verification.ts";

/**
 * What a stage knows about the machine before it plans: read once, stored in facts.json, enough to plan again anywhere
 * with the same result. No secret is in here (the configuration's are replaced by their names), no clock, no randomness
 * but what is stored as a fact.
 */
export type Facts = InitramfsFacts | InitFacts | JoinFacts;

export const stageNames = ["initramfs", "init", "join"] as const;
export type StageName = (typeof stageNames)[number];

interface CommonFacts {
	/** Version of this form. */
	readonly version: 1;
	readonly agentVersion: string;
	/** The kernel command line (/proc/cmdline), secrets replaced. */
	readonly commandLine: string;
	readonly network: NetworkFacts;
	readonly configuration: ConfigurationText;
}

/** Known in the initramfs, before the image is. */
export interface InitramfsFacts extends CommonFacts {
	readonly stage: "initramfs";
	/** Where the new root is to be assembled, e.g. `/root` (initramfs-tools(7) calls it rootmnt). */
	readonly newRoot: string;
	readonly memory: MemoryFacts;
	/** Of the running kernel, as `uname -r` prints it; absent where nothing runs yet. */
	readonly kernelRelease?: string;
	/** Of this initramfs, as its build named itself; absent where it did not. */
	readonly buildId?: string;
	/** What an attempt before this one has left in the image's tmpfs; absent where nothing is mounted there. */
	readonly leftImageBytes?: number;
	/** The image that will be fetched into RAM; absent when it stays on the server, or with `wholeRoot`. */
	readonly image?: ImageFacts;
	/** The root that this initramfs holds; absent where one is fetched. */
	readonly wholeRoot?: WholeRootFacts;
}

/** Known once the new root is assembled. */
export interface InitFacts extends CommonFacts {
	readonly stage: "init";
	/** SMBIOS UUID of the machine, lower case; absent where the firmware has none. */
	readonly machineUuid?: string;
	readonly root: RootFacts;
	/** With the image in it; absent in facts of an agent that did not look. */
	readonly memory?: MemoryFacts;
	/** Only where `agent facts` asked for it; no plan depends on it. */
	readonly hardware?: HardwareFacts;
}

/** Known once systemd, network and container runtime are up. */
export interface JoinFacts extends CommonFacts {
	readonly stage: "join";
	/** As `kubeadm version -o short` prints it, e.g. `v1.31.2`; absent when there is no kubeadm. */
	readonly kubeadmVersion?: string;
	/** The node's host name as the kernel has it now. */
	readonly hostname: string;
	/** Whether /etc/kubernetes/kubelet.conf names a certificate that has not ended: the node has joined already. */
	readonly joined: boolean;
	/** What KUBEADM_JOIN_CONFIG names. */
	readonly ownConfiguration?: OwnConfiguration;
}

/** A JoinConfiguration that an operator wrote. */
export interface OwnConfiguration {
	readonly path: string;
	/** The document, as the objects that YAML or JSON stand for; each secret replaced by `{secret:NAME}`. */
	readonly content: Readonly<Record<string, unknown>>;
}

/** The boot interface and what DHCP said about it. */
export interface NetworkFacts {
	/** Interface name, e.g. `enp1s0`. */
	readonly device?: string;
	/** Lower case, colons. */
	readonly mac?: string;
	/** IPv4 address. */
	readonly ip?: string;
	/** Dotted, e.g. `255.255.255.0`. */
	readonly netmask?: string;
	readonly gateway?: string;
	readonly nameServers: readonly string[];
	readonly hostname?: string;
	readonly domain?: string;
	/** DHCP `next-server`: where the boot file came from. */
	readonly nextServer?: string;
	/** DHCP option 17. */
	readonly rootPath?: string;
	/** DHCP boot file name. */
	readonly bootFile?: string;
}

export interface ConfigurationText {
	/** Its name in messages, e.g. `lts.conf`. */
	readonly file: string;
	/** URL or path that it was read from; `nowhere` when there was none. */
	readonly from: string;
	/** Whole text, each secret replaced by `{secret:NAME}`. */
	readonly text: string;
	/** Of a text from a server; absent for one that is part of the image or the initramfs, or that a person named. */
	readonly verification?: Verification;
}

export interface MemoryFacts {
	readonly totalBytes: number;
	/** MemAvailable of /proc/meminfo (Documentation/filesystems/proc.rst). */
	readonly availableBytes: number;
}

export interface ImageFacts {
	readonly name: string;
	/** Absent when the server has no manifest. */
	readonly version?: string;
	/** Of the kernel whose modules the image holds, as `uname -r` prints it; absent when the server has no manifest. */
	readonly kernelRelease?: string;
	/** Of the build that made the image; absent without a manifest, or in an old one. */
	readonly buildId?: string;
	readonly sizeBytes: number;
	readonly chunkSizeBytes: number;
	/** SHA-256 of every chunk, hexadecimal; empty when the server has no manifest. */
	readonly chunks: readonly string[];
	/** Where size and hashes come from: the manifest's URL, or the NBD export's own answer. */
	readonly from: string;
	/** Of the manifest; absent for an image that is assumed. */
	readonly verification?: Verification;
}

/** As the image build found it (`root.json` of the initramfs). */
export interface WholeRootFacts {
	/** The image's. */
	readonly name: string;
	/** Of the kernel whose modules it holds, as `uname -r` prints it. */
	readonly kernelRelease: string;
	/** What it takes in a tmpfs. */
	readonly sizeBytes: number;
	/** What is needed besides, while it is moved: files that the initramfs has, too, and one of the others at a time. */
	readonly movingBytes: number;
}

/** What a machine is made of, for reports. */
export interface HardwareFacts {
	readonly manufacturer: string;
	readonly model: string;
	readonly firmware: string;
	readonly processor: string;
	/** Logical processors. */
	readonly threads: number;
	readonly disks: readonly { readonly device: string; readonly model: string; readonly sizeBytes: number }[];
	readonly interfaces: readonly {
		readonly device: string;
		readonly mac: string;
		readonly megabitsPerSecond?: number;
	}[];
}

export interface RootFacts {
	/** Where the new root is mounted: `/root` in an initramfs, `/` when something else mounted it. */
	readonly mountedAt: string;
	/** Names of all systemd units and SysV scripts (`NAME.service`) that the image holds, sorted. */
	readonly units: readonly string[];
	/** Of the folders that a Kubernetes node keeps its containers in, those that have files in the image. */
	readonly filledFolders?: readonly string[];
	/** Text of /etc/rc.local; absent when there is none. */
	readonly rcLocal?: string;
}
