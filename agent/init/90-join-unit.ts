import type { InitFacts } from "../facts/facts.ts";
import { joinKey, requireJoinKeys } from "../join/join-keys.ts";
import { nodeObjectName } from "../join/node-registration.ts";
import { tokenSource } from "../join/token-source.ts";
import {
	agentProgram,
	joinUnitName,
	kubeadmUnitName,
	kubeadmVersionFile,
	nodePrograms,
	rootInInitramfs,
} from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { rcLocalUnit } from "./60-rc-local.ts";
import { because } from "./because.ts";
import { nodeName } from "./node-name.ts";

export const joinUnit: Step<Inputs<InitFacts>> = {
	name: "90-join-unit",
	summary: "installs the unit that joins the cluster after the boot",
	keys: [
		"KUBEADM_JOIN_ENDPOINT",
		"KUBEADM_JOIN_CONFIG",
		"KUBEADM_JOIN_TOKEN",
		"KUBEADM_JOIN_TOKEN_FILE",
		"KUBEADM_JOIN_CA_CERT_HASH",
		"NODE_NAME",
	],
	plan: (inputs) => {
		const { configuration } = inputs;
		const key = joinKey(configuration);
		if (key === undefined) return [];
		// Said now, on the console of a booting node, and not later in the journal of one that looks healthy.
		requireJoinKeys(configuration);
		// A JoinConfiguration in the image may have name and token.
		if (configuration.text("KUBEADM_JOIN_CONFIG") === undefined) {
			nodeObjectName(configuration, nodeName(inputs).name);
			tokenSource(inputs);
		}
		return [
			{
				kind: "installUnit",
				name: joinUnitName,
				content: unit(isKept(inputs)),
				wantedBy: "multi-user.target",
				because: because(configuration, key),
			},
			{
				kind: "installUnit",
				name: kubeadmUnitName,
				content: kubeadmUnit,
				wantedBy: joinUnitName,
				because: because(configuration, key),
			},
			...(isKept(inputs)
				? [
						{
							kind: "spawn",
							argv: [
								nodePrograms.mount,
								"--no-canonicalize",
								"--bind",
								`/proc/1/root${agentProgram}`,
								agentProgram,
							],
							timeoutMs: mountTimeoutMs,
							because: because(configuration, key),
						} as const,
					]
				: []),
		];
	},
};

const mountTimeoutMs = 60_000;
/** A node with a kubelet needs 288 MiB; the agent's 120 MiB are none of what is available now. */
const neededBytes = 512 * 1024 ** 2;

/**
 * The initramfs's agent, which has been read and unpacked already, stays in memory until the node has joined: what a start
 * needs of the executable would have to be read out of the compressed image, and that takes longer than the start. A root
 * that came in the initramfs is in memory as it is.
 */
function isKept({ facts: { root, memory }, commandLine }: Inputs<InitFacts>): boolean {
	if (root.mountedAt === "/" || commandLine.root === rootInInitramfs) return false;
	return memory !== undefined && memory.availableBytes >= neededBytes;
}

/**
 * After rc.local: its lines may load modules and set sysctls that kubeadm asks for. Oneshot: the unit is activating until
 * the node is Ready, and its status line (NotifyAccess) says what it waits for. The agent has its own time limits, and
 * ends well or for good; only an agent that something else has ended is started anew.
 */
const unit = (isAgentKept: boolean) => `[Unit]
Description=Join the Kubernetes cluster
Documentation=man:netherd-agent(8)
Wants=network-online.target
After=network-online.target containerd.service crio.service docker.service cri-docker.service
After=time-sync.target ${rcLocalUnit} ${kubeadmUnitName}

[Service]
Type=oneshot
RemainAfterExit=yes
NotifyAccess=all
ExecStart=${agentProgram} join
${isAgentKept ? freeTheAgent : ""}TimeoutStartSec=infinity
TimeoutStopSec=20s
Restart=on-abnormal
RestartSec=10s
StandardOutput=journal+console

[Install]
WantedBy=multi-user.target
`;

/** Lazily: it runs from there until it has ended. */
const freeTheAgent = ["ExecStartPost", "ExecStopPost"]
	.map((when) => `${when}=-/usr/bin/umount --quiet --lazy ${agentProgram}\n`)
	.join("");

/**
 * Which JoinConfiguration is written depends on kubeadm's version, and its first start reads and unpacks 40 MB of the
 * image: that is done by the time that the network is up. Without an answer the agent asks for itself.
 */
const kubeadmUnit = `[Unit]
Description=Look which kubeadm the image has
Documentation=man:netherd-agent(8)

[Service]
Type=oneshot
ExecStart=-${nodePrograms.sh} -c 'exec ${nodePrograms.kubeadm} version -o short >${kubeadmVersionFile}'

[Install]
WantedBy=${joinUnitName}
`;
