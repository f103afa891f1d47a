import { createHash, randomInt, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { kubeadmMinor } from "../../agent/join/kubeadm-api.ts";
import { type Farm, type FarmProgram, farmNetwork } from "../lib/farm.ts";
import {
	type ClusterOptions,
	commandOf,
	controlPlaneNode,
	kubeadmConfiguration,
} from "./kubeadm-configuration.ts";
import type { KubernetesPrograms } from "./programs.ts";

const port = 6443;

/** An API server with an empty database needs 8 s; this is a guard against hanging, on a busy host. */
const startLimitMs = 180_000;

/**
 * kubeadm's files are in /etc/kubernetes, so each program gets an /etc of its own that has nothing else. The home is there
 * too: kubectl keeps what it learns of a cluster under its address, and all of these have the same.
 */
const withOwnEtc = `mount -t tmpfs -o mode=0755 etc /etc &&
mkdir /etc/kubernetes && mount --bind "$1" /etc/kubernetes && echo "127.0.0.1 localhost" >/etc/hosts &&
if [ ! -d /var/lib/etcd ]; then mount -t tmpfs -o mode=0755 lib /var/lib && mkdir /var/lib/etcd; fi &&
mount --bind "$1/etcd" /var/lib/etcd && shift && export HOME=/etc/kubernetes && exec "$@"`;

/**
 * The control plane of a real cluster in a farm's network: etcd, API server and controller manager as processes, with
 * the keys, arguments and objects that kubeadm makes. No scheduler: nothing runs in this cluster. It ends with the
 * farm's network namespace; its state is below the farm's folder.
 */
export class ControlPlane {
	/** HOST:PORT of the API server. */
	readonly endpoint = `${farmNetwork.address}:${port}`;
	/** A bootstrap token that is good for a day. */
	readonly token: string;
	/** `sha256:` and the hash of the CA's public key, as `kubeadm join` takes it. */
	readonly caCertHash: string;
	readonly #farm: Farm;
	readonly #programs: KubernetesPrograms;
	readonly #state: string;
	readonly #logs: string;
	/** By the name of its manifest. */
	readonly #running = new Map<string, FarmProgram>();
	#starts = 0;

	private constructor(parts: {
		farm: Farm;
		programs: KubernetesPrograms;
		state: string;
		logs: string;
		token: string;
	}) {
		this.#farm = parts.farm;
		this.#programs = parts.programs;
		this.#state = parts.state;
		this.#logs = parts.logs;
		this.token = parts.token;
		this.caCertHash = publicKeyHash(readFileSync(join(parts.state, "pki/ca.crt"), "utf8"));
	}

	/** Of Kubernetes 1.x. */
	get minor(): number {
		return kubeadmMinor(this.#programs.version);
	}

	/**
	 * Makes keys, certificates and kubeconfigs, and starts nothing: what a node needs to know of the cluster is known.
	 *
	 * @param logs Folder for the programs' output.
	 * @throws {NetherdError} `kubernetes.program-failed`.
	 */
	static async create(
		farm: Farm,
		programs: KubernetesPrograms,
		logs: string,
		options: ClusterOptions = {},
	): Promise<ControlPlane> {
		const state = join(farm.folder, "kubernetes");
		mkdirSync(join(state, "etcd"), { recursive: true, mode: 0o700 });
		mkdirSync(logs, { recursive: true });
		const token = newToken();
		const place = { version: programs.version, address: farmNetwork.address, port, token, ...options };
		writeFileSync(join(state, "kubeadm.yaml"), kubeadmConfiguration(place), { mode: 0o600 });
		for (const phase of [
			["certs", "all"],
			["kubeconfig", "all"],
			["etcd", "local"],
			["control-plane", "all"],
		]) {
			await run(farm, state, [programs.kubeadm, "init", "phase", ...phase, "--config", configurationFile]);
		}
		return new ControlPlane({ farm, programs, state, logs, token });
	}

	/**
	 * Starts everything and gives the cluster what `kubeadm init` gives it; a node can join when this returns.
	 *
	 * @throws {NetherdError} `kubernetes.not-healthy`, `kubernetes.program-failed`.
	 */
	async start(): Promise<void> {
		this.#startProgram("etcd", this.#programs.etcd);
		await this.startApiServer();
		this.startControllerManager();
		// kubeadm waits for the Node of the machine that it runs on, and there is no kubelet here.
		await this.apply({
			apiVersion: "v1",
			kind: "Node",
			metadata: { name: controlPlaneNode, labels: { "kubernetes.io/hostname": controlPlaneNode } },
		});
		for (const phase of [["upload-config", "all"], ["bootstrap-token"], ["addon", "all"]]) {
			await this.#kubeadm("init", "phase", ...phase, "--config", configurationFile);
		}
		await this.kubectl("delete", "node", controlPlaneNode);
		// Their images are on registries, which nobody in this network reaches.
		await this.kubectl("--namespace=kube-system", "delete", "daemonset/kube-proxy", "deployment/coredns");
		await this.#waitUntil("the token is signed", async () => await this.isSigned(this.token));
	}

	/** @throws {NetherdError} `kubernetes.not-healthy` with the API server's last words. */
	async startApiServer(): Promise<void> {
		this.#startProgram("kube-apiserver", this.#programs.kubeApiserver);
		await this.#waitUntil("the API server is ready", async () => await this.isHealthy());
	}

	/** Connections are refused from here on. */
	async stopApiServer(): Promise<void> {
		await this.#stopProgram("kube-apiserver");
	}

	/** From here on the cluster sees it when a node falls silent, signs certificates and public information. */
	startControllerManager(): void {
		this.#startProgram("kube-controller-manager", this.#programs.kubeControllerManager);
	}

	/** Nobody looks after nodes from here on: one that was Ready stays Ready. */
	async stopControllerManager(): Promise<void> {
		await this.#stopProgram("kube-controller-manager");
	}

	/** Whether the API server says that it is ready. */
	async isHealthy(): Promise<boolean> {
		const { failed, stdout } = await this.#run([
			this.#programs.kubectl,
			...asAdministrator,
			"get",
			"--raw=/readyz",
		]);
		return !failed && stdout === "ok";
	}

	/** Creates a bootstrap token, or renews one that has expired, and waits until nodes can use it. */
	async createToken(token: string, { timeToLiveSeconds }: { timeToLiveSeconds: number }): Promise<void> {
		await this.#kubeadm("token", "create", token, "--ttl", `${timeToLiveSeconds}s`);
		await this.#waitUntil("the token is signed", async () => await this.isSigned(token));
	}

	/** A new token that has expired: no node can use it until `createToken` renews it. */
	async createExpiredToken(): Promise<string> {
		const token = newToken();
		await this.#kubeadm("token", "create", token, "--ttl", "1s");
		await this.#waitUntil("the token has expired", async () => {
			const { stdout } = await this.#run([this.#programs.kubectl, ...asAdministrator, ...secretOf(token)]);
			return stdout === "" && !(await this.isSigned(token));
		});
		return token;
	}

	/** Whether the cluster's public information is signed with this token: that is what a joining node looks for first. */
	async isSigned(token: string): Promise<boolean> {
		const { data } = JSON.parse(
			await this.kubectl("--namespace=kube-public", "get", "configmap", "cluster-info", "--output=json"),
		) as { data: Readonly<Record<string, string>> };
		return `jws-kubeconfig-${token.split(".")[0]}` in data;
	}

	/**
	 * Runs kubectl as the cluster's administrator and returns what it prints.
	 *
	 * @throws {NetherdError} `kubernetes.program-failed`.
	 */
	async kubectl(...args: string[]): Promise<string> {
		return await run(this.#farm, this.#state, [this.#programs.kubectl, ...asAdministrator, ...args]);
	}

	/** What an operator would look at. */
	async nodeList(): Promise<string> {
		return await this.kubectl("get", "node", "--output=wide", "--show-labels");
	}

	async #kubeadm(...args: string[]): Promise<string> {
		const kubeconfig = args[0] === "token" ? asAdministrator : [];
		return await run(this.#farm, this.#state, [this.#programs.kubeadm, ...args, ...kubeconfig]);
	}

	/** Creates or changes an object of the API; it stands for what kubectl reads from a file. */
	async apply(object: object): Promise<void> {
		const argv = [this.#programs.kubectl, ...asAdministrator, "apply", "--filename=-"];
		await run(this.#farm, this.#state, argv, JSON.stringify(object));
	}

	async #run(argv: readonly string[]) {
		const [file, ...args] = ownEtcArgv(this.#farm, this.#state, argv);
		return await execa(file, args, { reject: false });
	}

	/** With the arguments of the static pod that kubeadm has written for it. */
	#startProgram(manifest: string, program: string): void {
		const [, ...args] = commandOf(readFileSync(join(this.#state, "manifests", `${manifest}.yaml`), "utf8"));
		const argv = ["unshare", "--mount", "sh", "-c", withOwnEtc, "sh", this.#state, program, ...args];
		this.#running.set(
			manifest,
			this.#farm.start(argv, join(this.#logs, `${manifest}-${++this.#starts}.log`)),
		);
	}

	async #stopProgram(manifest: string): Promise<void> {
		await this.#running.get(manifest)?.stop();
		this.#running.delete(manifest);
	}

	async #waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
		const deadlineMs = performance.now() + startLimitMs;
		while (!(await holds())) {
			const ended = [...this.#running].find(([, { process }]) => process.exitCode !== null);
			if (ended === undefined && performance.now() < deadlineMs) {
				await sleep(250);
				continue;
			}
			const [name, program] = ended ?? ["kube-apiserver", this.#running.get("kube-apiserver")];
			const lastLines = program?.lines.slice(-10).map(({ text }) => `    ${text}`) ?? [];
			throw new NetherdError(
				"kubernetes.not-healthy",
				`${ended === undefined ? `${startLimitMs / 1000} s passed` : `${name} ended`} before ${what}; the last lines of ${name}:\n${lastLines.join("\n")}`,
				{ hint: `the logs of etcd, API server and controller manager are in ${this.#logs}` },
			);
		}
	}
}

/** As the programs see it. */
const configurationFile = "/etc/kubernetes/kubeadm.yaml";
const asAdministrator = ["--kubeconfig=/etc/kubernetes/admin.conf"];

function secretOf(token: string): string[] {
	const name = `bootstrap-token-${token.split(".")[0]}`;
	return ["--namespace=kube-system", "get", "secret", name, "--ignore-not-found", "--output=name"];
}

async function run(farm: Farm, state: string, argv: readonly string[], input = ""): Promise<string> {
	const [file, ...args] = ownEtcArgv(farm, state, argv);
	const result = await execa(file, args, { reject: false, input });
	if (!result.failed) return result.stdout;
	throw new NetherdError(
		"kubernetes.program-failed",
		`${argv.join(" ").replace(/^\S*\//, "")} ended with exit code ${result.exitCode}\n${result.stdout}${result.stderr}`,
		{ hint: "the lines above are its own; kubeadm init phase --help explains the phases" },
	);
}

function ownEtcArgv(farm: Farm, state: string, argv: readonly string[]): [string, ...string[]] {
	return farm.argv(["unshare", "--mount", "sh", "-c", withOwnEtc, "sh", state, ...argv], "KILL");
}

/** https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format */
function newToken(): string {
	const characters = (count: number) =>
		Array.from({ length: count }, () => randomInt(36).toString(36)).join("");
	return `${characters(6)}.${characters(16)}`;
}

function publicKeyHash(certificate: string): string {
	const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
	return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
