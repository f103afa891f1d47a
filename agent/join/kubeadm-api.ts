import { NetherdError } from "../errors.ts";

/** A version of kubeadm's configuration API, as far as a JoinConfiguration goes. */
export interface KubeadmApi {
	readonly apiVersion: string;
	/** First and last minor version of kubeadm 1.x that reads it; no last: it is read still. */
	readonly firstMinor: number;
	readonly lastMinor?: number;
	/** kubeletExtraArgs is a list of name and value, else a map. */
	readonly hasArgumentList: boolean;
	readonly hasPatches: boolean;
	/** Where the time limit of the discovery is. */
	readonly discoveryTimeoutIn: "timeouts" | "discovery";
}

/**
 * Newest first. From the published API: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ (of 1.31
 * and later; Discovery lost its timeout to Timeouts), …/kubeadm-config.v1beta3/ (1.22 and later), and the package
 * documentation of v1beta2 (1.15 to 1.26).
 */
export const kubeadmApis: readonly KubeadmApi[] = [
	{
		apiVersion: "kubeadm.k8s.io/v1beta4",
		firstMinor: 31,
		hasArgumentList: true,
		hasPatches: true,
		discoveryTimeoutIn: "timeouts",
	},
	{
		apiVersion: "kubeadm.k8s.io/v1beta3",
		firstMinor: 22,
		hasArgumentList: false,
		hasPatches: true,
		discoveryTimeoutIn: "discovery",
	},
	{
		apiVersion: "kubeadm.k8s.io/v1beta2",
		firstMinor: 15,
		lastMinor: 26,
		hasArgumentList: false,
		hasPatches: false,
		discoveryTimeoutIn: "discovery",
	},
];

/**
 * The minor version of the kubeadm that is installed.
 *
 * @param kubeadmVersion As `kubeadm version -o short` prints it; undefined: there is none.
 * @throws {NetherdError} `join.no-kubeadm`, `join.kubeadm-unsupported`.
 */
export function kubeadmMinor(kubeadmVersion: string | undefined): number {
	if (kubeadmVersion === undefined) {
		throw new NetherdError(
			"join.no-kubeadm",
			"this node is to join a cluster, but its image has no kubeadm",
			{
				hint: "install kubeadm in the image and build it again",
			},
		);
	}
	const minor = Number(/^v1\.(\d+)\./.exec(kubeadmVersion)?.[1] ?? Number.NaN);
	if (kubeadmApis.some(({ firstMinor }) => minor >= firstMinor)) return minor;
	throw new NetherdError(
		"join.kubeadm-unsupported",
		`kubeadm says that it is version ${JSON.stringify(kubeadmVersion)}`,
		{
			hint: "netherd writes JoinConfigurations for kubeadm 1.15 and later: install one of these in the image",
		},
	);
}

/** The newest API version that a kubeadm reads. */
export function newestApi(minor: number): KubeadmApi {
	const api = kubeadmApis.find(({ firstMinor }) => minor >= firstMinor);
	if (api === undefined) throw new RangeError(`kubeadm 1.${minor}`);
	return api;
}
