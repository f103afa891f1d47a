import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { testSigningKeyFile } from "../../tools/cache.ts";
import { type Companion, startCompanion } from "../lib/companion.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { Farm, farmNetwork } from "../lib/farm.ts";
import { type PoweredMachine, powerOn } from "../lib/machine.ts";
import type { ScenarioStage } from "../lib/scenario.ts";
import { ControlPlane } from "./control-plane.ts";
import type { ClusterOptions } from "./kubeadm-configuration.ts";
import { prepareKubernetes } from "./prepare.ts";

/** Enough for kernel, initramfs, an image with kubelet and containerd in RAM, and no workload. */
const memoryMiB = 2048;

/** A node is Ready 90 s after power-on on an idle host without KVM; this is a guard against hanging, on a busy one. */
export const readyLimit = { timeoutMs: 600_000 } as const;

/** What a farm needs of its scenario. */
export type ClusterStage = Pick<ScenarioStage, "folder" | "setup" | "say">;

/** A server that brings its own boot tree; by default this repository's companion serves the one of `prepareKubernetes`. */
export interface BootServer {
	/**
	 * Its argument list.
	 *
	 * @param farmFolder Has lts.conf.
	 * @param tokenFile The bootstrap token that nodes may ask for.
	 */
	argv(farmFolder: string, configFile: string, tokenFile: string): readonly string[];
	/** Where it sees the private key and the token. */
	readonly signingKeyFile: string;
	readonly tokenFile: string;
}

/** A machine of the farm. */
export interface ClusterNode {
	readonly name: string;
	readonly machine: PoweredMachine;
	/** Where its console is. */
	readonly folder: string;
}

/** A farm whose nodes join a real cluster, all in one network namespace. */
export class ClusterFarm implements AsyncDisposable {
	readonly farm: Farm;
	readonly controlPlane: ControlPlane;
	readonly nodes: ClusterNode[] = [];
	readonly #companion: Companion;
	readonly #stage: ClusterStage;
	readonly #tree: string;

	private constructor(parts: {
		farm: Farm;
		controlPlane: ControlPlane;
		companion: Companion;
		stage: ClusterStage;
		tree: string;
	}) {
		this.farm = parts.farm;
		this.controlPlane = parts.controlPlane;
		this.#companion = parts.companion;
		this.#stage = parts.stage;
		this.#tree = parts.tree;
	}

	/**
	 * Makes the farm, the cluster's keys and the server with its lts.conf. Nothing of the cluster runs yet, and no machine:
	 * both take their time, so that a scenario starts them together.
	 */
	static async create(
		stage: ClusterStage,
		ltsConf: (cluster: ControlPlane) => string,
		options: ClusterOptions = {},
		server?: BootServer,
	): Promise<ClusterFarm> {
		const { programs, bootTree } = await prepareKubernetes((line) => stage.say(line));
		const { folder } = stage;
		mkdirSync(folder, { recursive: true });
		const tree = join(folder, "tree");
		if (server === undefined) await execa("cp", ["--archive", "--link", bootTree, tree]);
		else mkdirSync(tree);
		const farm = new Farm();
		try {
			const controlPlane = await ControlPlane.create(farm, programs, folder, options);
			writeFileSync(join(tree, "lts.conf"), ltsConf(controlPlane));
			const tokenFile = join(folder, "join-token");
			writeFileSync(tokenFile, `${controlPlane.token}\n`, { mode: 0o600 });
			const hosts = [1, 2].map(identity);
			const companion = await startCompanion(
				farm,
				{
					tree,
					kernelParameters: "console=ttyS0",
					signingKeyFile: server?.signingKeyFile ?? testSigningKeyFile,
					router: farmNetwork.address,
					tokenFile: server?.tokenFile ?? tokenFile,
					hosts,
					...(server === undefined
						? {}
						: { argv: (farmFolder, configFile) => server.argv(farmFolder, configFile, tokenFile) }),
				},
				folder,
			);
			return new ClusterFarm({ farm, controlPlane, companion, stage, tree });
		} catch (error) {
			farm[Symbol.dispose]();
			throw error;
		}
	}

	/** Powers the next machine on: node1, then node2. Returns at once; it is among `nodes`. */
	async powerOn(): Promise<ClusterNode> {
		const { hostname: name, mac } = identity(this.nodes.length + 1);
		const folder = join(this.#stage.folder, name);
		mkdirSync(folder, { recursive: true });
		const machine = await powerOn(
			{ firmware: "bios", memoryMiB, cpus: 2, mac },
			{ farm: this.farm, hypervisor: this.#stage.setup.hypervisor, folder },
		);
		const node = { name, machine, folder };
		this.nodes.push(node);
		return node;
	}

	/** Replaces the server's lts.conf: the next boot reads it. */
	changeConfiguration(ltsConf: string): void {
		writeFileSync(join(this.#tree, "lts.conf"), ltsConf);
	}

	/**
	 * Waits until the cluster says that the node is Ready, in another boot than the given one, and fails when the node says that its boot failed.
	 *
	 * @throws {NetherdError} `kubernetes.not-ready`.
	 */
	async ready({ name, machine, folder }: ClusterNode, { otherThanBoot = "" } = {}): Promise<void> {
		const fromLine = machine.console.lines.length;
		const deadlineMs = performance.now() + readyLimit.timeoutMs;
		const isReady = async () =>
			(await this.isReady(name)) && (await this.bootId(name).catch(() => otherThanBoot)) !== otherThanBoot;
		while (!(await isReady())) {
			const failed = machine.console.lines
				.slice(fromLine)
				.some(({ text }) => text.includes(consoleTexts.bootFailed));
			if (!failed && performance.now() < deadlineMs) {
				await sleep(1000);
				continue;
			}
			throw new NetherdError(
				"kubernetes.not-ready",
				`${name} is not Ready ${failed ? "because its boot failed" : `after ${readyLimit.timeoutMs / 1000} s`}; its console's last lines:\n${machine.console.tail()}`,
				{ hint: `consoles are in ${folder}, the logs of control plane and companion beside it` },
			);
		}
	}

	/** Which boot of the machine the cluster knows (a UUID of the kernel's); empty without such a node. */
	async bootId(name: string): Promise<string> {
		const path = "--output=jsonpath={.status.nodeInfo.bootID}";
		return await this.controlPlane.kubectl("get", "node", name, "--ignore-not-found", path);
	}

	/** Whether the cluster has a Ready node of this name now; no while the API server is down. */
	async isReady(name: string): Promise<boolean> {
		const path = '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
		const status = await this.controlPlane
			.kubectl("get", "node", name, "--ignore-not-found", path)
			.catch(() => "");
		return status === "True";
	}

	/** Keeps what the node's units said: journal.txt in its folder. */
	async saveJournal({ machine, folder }: ClusterNode): Promise<void> {
		const units = ["netherd-join", "kubelet", "containerd"].map((unit) => `--unit=${unit}`).join(" ");
		const { stdout } = await machine.guest.run(
			`journalctl --quiet --no-pager --output=short-monotonic ${units}`,
		);
		writeFileSync(join(folder, "journal.txt"), stdout);
	}

	/** What an operator sees: said, and kept in the scenario's folder as nodes.txt. */
	async showNodes(): Promise<string> {
		const list = await this.controlPlane.nodeList();
		writeFileSync(join(this.#stage.folder, "nodes.txt"), `${list}\n`, { flag: "a" });
		const lines = list === "" ? ["(the cluster has no node)"] : list.split("\n");
		for (const line of ["kubectl get node -o wide --show-labels", ...lines]) this.#stage.say(line);
		return list;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (const { machine } of this.nodes) await machine.powerOff();
		await this.#companion.stop();
		this.farm[Symbol.dispose]();
		await execa("rm", ["--recursive", "--force", this.#tree]);
	}
}

function identity(number: number) {
	return {
		mac: `52:54:00:00:00:0${number}`,
		address: `192.168.67.1${number}`,
		hostname: `node${number}`,
	} as const;
}
