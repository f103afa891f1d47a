import { parseCommandLine } from "../config/cmdline.ts";
import { rootInInitramfs } from "../paths.ts";
import { agentVersion } from "../version.ts";
import type {
	ConfigurationText,
	ImageFacts,
	InitFacts,
	InitramfsFacts,
	JoinFacts,
	NetworkFacts,
} from "./facts.ts";
import { assumed } from "./image-location.ts";

/** What a person says about a node that is not there. */
export interface NodeDescription {
	/** Secrets replaced. */
	readonly commandLine: string;
	readonly configuration: ConfigurationText;
	readonly mac?: string | undefined;
	readonly ip?: string | undefined;
	readonly hostname?: string | undefined;
	/** The image, where a server was asked about it. */
	readonly image?: ImageFacts | undefined;
}

/** What is taken for granted about a described node; `--dry-run` says so. */
export const assumptions = {
	commandLine: "root=/dev/nbd0 boot=netherd nbdroot=192.0.2.1:10809/node ip=dhcp",
	mac: "52:54:00:12:34:56",
	ip: "192.0.2.10",
	memoryBytes: 16 * 1024 ** 3,
	imageBytes: 512 * 1024 ** 2,
	/** Of a root that is whole in the initramfs. */
	movingBytes: 192 * 1024 ** 2,
	kubeadmVersion: "v1.31.0",
	/** Those of the lists of 65-services that a Debian image with ssh and containerd has. */
	units: [
		"apt-daily.timer",
		"ssh.service",
		"ssh.socket",
		"systemd-logind.service",
		"systemd-timesyncd.service",
	],
} as const;

type CommonFacts = Pick<InitFacts, "version" | "agentVersion" | "commandLine" | "network" | "configuration">;

export function assumedInitramfsFacts(node: NodeDescription, imageIntoMemory: boolean): InitramfsFacts {
	const image = node.image ?? {
		name: "node",
		sizeBytes: assumptions.imageBytes,
		chunkSizeBytes: 4 * 1024 ** 2,
		chunks: [],
		from: assumed,
	};
	const facts = {
		...common(node),
		stage: "initramfs",
		newRoot: "/root",
		memory: { totalBytes: assumptions.memoryBytes, availableBytes: assumptions.memoryBytes },
	} as const;
	if (parseCommandLine(node.commandLine).root !== rootInInitramfs) {
		return { ...facts, ...(imageIntoMemory ? { image } : {}) };
	}
	const { name, sizeBytes } = image;
	const wholeRoot = { name, kernelRelease: "6.12", sizeBytes, movingBytes: assumptions.movingBytes };
	return { ...facts, wholeRoot };
}

export function assumedInitFacts(node: NodeDescription): InitFacts {
	return {
		...common(node),
		stage: "init",
		root: { mountedAt: "/root", units: assumptions.units },
		memory: { totalBytes: assumptions.memoryBytes, availableBytes: assumptions.memoryBytes },
	};
}

export function assumedJoinFacts(node: NodeDescription, hostname: string): JoinFacts {
	return {
		...common(node),
		stage: "join",
		kubeadmVersion: assumptions.kubeadmVersion,
		hostname,
		joined: false,
	};
}

function common({ commandLine, configuration, mac, ip, hostname }: NodeDescription): CommonFacts {
	const network: NetworkFacts = {
		mac: mac?.toLowerCase() ?? assumptions.mac,
		ip: ip ?? assumptions.ip,
		...(hostname === undefined ? {} : { hostname }),
		nameServers: [],
	};
	return { version: 1, agentVersion, commandLine, network, configuration };
}
