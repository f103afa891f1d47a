import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Patience } from "../../../agent/cluster/backoff.ts";
import type { JoinEvent } from "../../../agent/cluster/join-event.ts";
import type { Host } from "../../../agent/host/host.ts";
import { linuxHost } from "../../../agent/host/linux-host.ts";
import type { JoinCluster } from "../../../agent/plan/action.ts";
import { makeTestRoot } from "../../lib/plan-step.ts";
import type { Pair } from "./certificates.ts";
import { joinedText } from "./kubeadm-texts.ts";

export const nodeName = "node7";
export const bootId = "11111111-2222-4333-8444-555555555555";
export const token = "abcdef.k7q2m9x4w8z1p5tv";
const tokenSecret = "k7q2m9x4w8z1p5tv";
export const socket = "/run/containerd/containerd.sock";

/** Tests don't wait long, and every pause is there all the same. Limits are for what never comes. */
const impatient: Patience = {
	pollMs: 20,
	longestPollMs: 50,
	firstPauseMs: 20,
	longestPauseMs: { soon: 40, growing: 60 },
	probeTimeoutMs: 30_000,
	graceMs: 200,
	readyTimeoutMs: 120_000,
	resetTimeoutMs: 60_000,
};

const programs = ["sh", "cat", "mkdir", "cp", "mv", "rm", "sleep"];

/** What one call of the scripted `kubeadm join` does, in shell; see {@link step}. The last one is for all that follow. */
export type Step = string;

/** A machine in a folder, with a kubeadm that does what a test says, and the real host over it. */
export class NodeUnderTest {
	readonly #root = makeTestRoot(programs.map((program) => pathOf(program)));
	readonly events: JoinEvent[] = [];
	/** What programs printed, as the log gets it. */
	readonly log: string[] = [];
	readonly controller = new AbortController();
	renewed: string | undefined;

	get path(): string {
		return this.#root.path;
	}

	constructor(steps: readonly Step[]) {
		this.write("/proc/sys/kernel/random/boot_id", `${bootId}\n`);
		this.write("/dev/null", "");
		this.write("/usr/bin/kubeadm", scriptedKubeadm, 0o755);
		this.write("/script/joined.txt", joinedText);
		for (const [index, step] of steps.entries()) this.write(`/script/join-${index + 1}`, step);
		mkdirSync(join(this.path, dirname(socket)), { recursive: true });
	}

	write(path: string, text: string, mode = 0o644): void {
		mkdirSync(dirname(join(this.path, path)), { recursive: true });
		writeFileSync(join(this.path, path), text, { mode });
	}

	has(path: string): boolean {
		return existsSync(join(this.path, path));
	}

	read(path: string): string {
		return readFileSync(join(this.path, path), "utf8");
	}

	/** Where the runtime of this node is to listen. */
	get runtimeSocket(): string {
		return join(this.path, socket);
	}

	/** What the kubelet leaves when it has its certificate: put in place by `become_node` of a step. */
	prepareCredentials(server: string, authority: string, { certificate, key }: Pair): void {
		this.write(
			"/script/kubelet.conf",
			`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from(authority).toString("base64")}
    server: https://${server}
  name: default-cluster
contexts:
- context:
    cluster: default-cluster
    namespace: default
    user: default-auth
  name: default-context
current-context: default-context
kind: Config
preferences: {}
users:
- name: default-auth
  user:
    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem
    client-key: /var/lib/kubelet/pki/kubelet-client-current.pem
`,
		);
		this.write("/script/kubelet-client.pem", `${certificate}${key}`);
	}

	/** The same, in place before the join starts. */
	becomeNode(): void {
		mkdirSync(join(this.path, "etc/kubernetes"), { recursive: true });
		mkdirSync(join(this.path, "var/lib/kubelet/pki"), { recursive: true });
		copyFileSync(join(this.path, "script/kubelet.conf"), join(this.path, "etc/kubernetes/kubelet.conf"));
		copyFileSync(
			join(this.path, "script/kubelet-client.pem"),
			join(this.path, "var/lib/kubelet/pki/kubelet-client-current.pem"),
		);
	}

	/** The join of the plan, on the real host; its configuration files are there with the token, or with its marker. */
	async join(
		endpoints: readonly string[],
		given: Partial<JoinCluster> = {},
		patience: Partial<Patience> = {},
	): Promise<void> {
		const holdsToken = given.token === undefined || given.token.from === "configuration";
		const attempts = endpoints.map((endpoint, index) => ({
			endpoint,
			configuration: `/run/netherd/join/${index + 1}.json`,
		}));
		for (const { endpoint, configuration } of attempts) {
			const bootstrapToken = {
				apiServerEndpoint: endpoint,
				token: holdsToken ? token : "{secret:join-token}",
			};
			this.write(
				configuration,
				JSON.stringify({ kind: "JoinConfiguration", discovery: { bootstrapToken } }),
				0o600,
			);
		}
		await this.#host({ ...impatient, ...patience }).joinCluster({
			kind: "joinCluster",
			attempts,
			caCertHashes: [],
			token: { from: "configuration" },
			nodeName,
			criSockets: [socket],
			labels: {},
			taints: [],
			attemptTimeoutMs: 60_000,
			...given,
		});
	}

	#host(patience: Patience): Host {
		return linuxHost({
			root: this.path,
			secrets: {},
			progress: () => undefined,
			output: (program, line) => this.log.push(`${program}: ${line}`),
			join: {
				tell: (event) => this.events.push(event),
				renewedToken: async () => this.renewed,
				signal: this.controller.signal,
				patience,
			},
		});
	}

	/** The calls of kubeadm, `join --config …` and `reset …`. */
	get calls(): readonly string[] {
		return this.has("/calls") ? this.read("/calls").trimEnd().split("\n") : [];
	}

	/** What happened, in short: events by name, without looks that waited. */
	get story(): readonly string[] {
		return this.events
			.filter(({ event }) => event !== "join-waiting" && event !== "join-found")
			.map((event) => (event.event === "join-failed" ? `join-failed ${event.failure.code}` : event.event));
	}

	/** Reasons to wait, each once, in order. */
	get reasons(): readonly string[] {
		const all = this.events.flatMap((event) =>
			event.event === "join-waiting" ? [`${event.for}: ${event.reason}`] : [],
		);
		return all.filter((reason, index) => all.indexOf(reason) === index);
	}

	/** Where the secret half of the token shows: files that others than root can read, or that are not the configuration. */
	tokenSightings(secret = tokenSecret): readonly string[] {
		const files = filesBelow(this.path).filter((file) => readFileSync(file, "latin1").includes(secret));
		const relative = files
			.filter((file) => !/\/run\/netherd\/join\/\d+\.json$/.test(file) || (statSync(file).mode & 0o077) !== 0)
			.map((file) => file.slice(this.path.length));
		return [
			...relative,
			...this.log.filter((line) => line.includes(secret)),
			...this.events.map((event) => JSON.stringify(event)).filter((text) => text.includes(secret)),
		];
	}

	/** Waits for what another part of the test sees; the test's own time limit is the end. */
	async until(isTrue: () => boolean): Promise<void> {
		while (!isTrue()) await sleep(10);
	}

	removeFile(path: string): void {
		rmSync(join(this.path, path));
	}

	remove(): void {
		this.#root.remove();
	}
}

/** Builds steps: what kubeadm prints, leaves and ends with. Functions of {@link scriptedKubeadm}. */
export const step = {
	/** Ends well, with the node's credentials in place. */
	joins: "become_node; cat /script/joined.txt; exit 0",
	/** Fails as discovery does: nothing is left. */
	fails: (text: string, exitCode = 1) => `cat <<'END' >&2\n${text}\nEND\nexit ${exitCode}\n`,
	/** Fails as the phase kubelet-start does: the CA certificate stays. */
	failsLate: (text: string, exitCode = 1) =>
		`leave_authority\ncat <<'END' >&2\n${text}\nEND\nexit ${exitCode}\n`,
	/** Ended from outside before kubeadm could remove the token's file. */
	isKilled: "leave_authority; leave_bootstrap; kill -9 $$",
	/** Ended from outside after the kubelet has begun: that finishes alone, somewhat later. */
	isKilledLate: "leave_authority; leave_bootstrap; (sleep 0.1; become_node) >/dev/null 2>&1 & kill -9 $$",
};

/**
 * Notes how it is called and with which environment; prints its configuration's token as a careless program would; then
 * does what the step of this call says, as the real one does before it ends.
 */
const scriptedKubeadm = `#!/bin/sh
echo "$*" >>/calls
export -p >>/environment
configuration=$3
become_node() {
	mkdir -p /etc/kubernetes/pki /var/lib/kubelet/pki
	cp /script/kubelet-client.pem /var/lib/kubelet/pki/kubelet-client-current.pem
	# In this order, and whole: the engine looks at any moment.
	cp /script/kubelet.conf /etc/kubernetes/kubelet.conf.new
	mv /etc/kubernetes/kubelet.conf.new /etc/kubernetes/kubelet.conf
	rm -f /etc/kubernetes/bootstrap-kubelet.conf
	echo certificate >/etc/kubernetes/pki/ca.crt
}
leave_authority() {
	mkdir -p /etc/kubernetes/pki
	echo certificate >/etc/kubernetes/pki/ca.crt
}
leave_bootstrap() {
	cp "$configuration" /etc/kubernetes/bootstrap-kubelet.conf
}
case $1 in
reset)
	echo "[reset] Stopping the kubelet service"
	rm -f /etc/kubernetes/*.conf /etc/kubernetes/pki/ca.crt
	rm -rf /var/lib/kubelet/pki
	exit 0
	;;
join)
	number=$(($(cat /script/number 2>/dev/null || echo 0) + 1))
	echo $number >/script/number
	cat "$configuration" && echo
	if [ -f /etc/kubernetes/pki/ca.crt ]; then
		echo "error execution phase preflight: [preflight] Some fatal errors occurred:" >&2
		echo "	[ERROR FileAvailable--etc-kubernetes-pki-ca.crt]: /etc/kubernetes/pki/ca.crt already exists" >&2
		exit 1
	fi
	while [ ! -e /script/join-$number ] && [ $number -gt 1 ]; do number=$((number - 1)); done
	. /script/join-$number
	;;
esac
`;

function pathOf(program: string): string {
	const folders = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];
	const folder = folders.find((each) => existsSync(join(each, program)));
	if (folder === undefined) throw new Error(`there is no ${program} on this machine`);
	return join(folder, program);
}

function filesBelow(folder: string): readonly string[] {
	return readdirSync(folder, { withFileTypes: true, recursive: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name));
}
