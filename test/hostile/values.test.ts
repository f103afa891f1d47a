import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { isSecretKey } from "../../agent/config/find-key.ts";
import { hasErrors } from "../../agent/config/findings.ts";
import { revealSecrets } from "../../agent/config/secrets.ts";
import { describeError, NetherdError } from "../../agent/errors.ts";
import {
	assumedInitFacts,
	assumedInitramfsFacts,
	assumedJoinFacts,
} from "../../agent/facts/assumed-facts.ts";
import { withoutSecrets } from "../../agent/facts/configuration-text.ts";
import type { Facts, NetworkFacts } from "../../agent/facts/facts.ts";
import type { Action, JoinCluster } from "../../agent/plan/action.ts";
import { type GeneratedNode, oddFarms } from "../lib/generated-farm.ts";
import { oddValues } from "../lib/generated-values.ts";
import { planOf } from "../lib/plan-text.ts";

const commandLines = fc.constantFrom(
	"nbdroot=192.0.2.1:10809/node netherd.server=http://192.0.2.1:8080 netherd.image=node/1",
	"nbdroot=dhcp root=/dev/nbd0",
	"nbdroot=192.0.2.1:/../../x",
);

/** What a DHCP server may put into the texts of its answer. */
const answers: fc.Arbitrary<Partial<NetworkFacts>> = fc.record(
	{ hostname: oddValues, domain: oddValues, rootPath: oddValues, bootFile: oddValues },
	{ requiredKeys: [] },
);

function factsOf(
	text: string,
	{ mac, ip, hostname }: GeneratedNode,
	commandLine: string,
	answer: Partial<NetworkFacts>,
): readonly Facts[] {
	const { configuration } = withoutSecrets(text, "http://192.0.2.1/lts.conf");
	const node = { commandLine, configuration, mac, ip, hostname };
	const network = { device: "enp0s1", gateway: "192.0.2.254", nextServer: "192.0.2.1", ...answer };
	return [
		assumedInitramfsFacts(node, true),
		assumedInitramfsFacts(node, false),
		assumedInitFacts(node),
		assumedJoinFacts(node, "node1"),
	].map((facts) => ({ ...facts, network: { ...facts.network, ...network } }));
}

/** What planning says about facts: actions, or the error for the person at the console. */
function plan(facts: Facts): readonly Action[] | NetherdError {
	try {
		return planOf(facts).steps.flatMap(({ actions }) => actions);
	} catch (error) {
		if (error instanceof NetherdError) return error;
		throw error;
	}
}

const name = "[A-Za-z0-9_.:-]+";

/** Every command that a plan may hold, with what may stand in its variable parts. */
const knownCommands: readonly RegExp[] = [
	/^modprobe (loop|squashfs|overlay|nbd nbds_max=1 max_part=0)$/,
	/^mount -t tmpfs -o size=[\d.]+%?,mode=07[05][05](,huge=within_size)? tmpfs \/run\/netherd\/(image|cow)$/,
	/^mount -t squashfs -o ro(,loop)? \/(dev\/nbd0|run\/netherd\/image\/image\.squashfs) \/run\/netherd\/rofs$/,
	/^mount -t overlay -o lowerdir=\/run\/netherd\/rofs,upperdir=\/run\/netherd\/cow\/upper,workdir=\S+ overlay \/root$/,
	/^mount -o bind (\/\w+)+ \/root\/(rofs|cow|dev|proc|sys|run)$/,
	new RegExp(`^nbd-client ${name} \\d+ /dev/nbd0 -name .* -readonly -systemd-mark$`),
	new RegExp(`^/bin/sh -c printf %s "\\$1" >/proc/sys/kernel/hostname sh ${name}$`),
	/^\/bin\/sh \/run\/netherd\/init\/(init-command|preinit|root-password)\.sh$/,
	/^umount \/(dev|run|sys|proc)$/,
	/^ExecStart=$/,
	/^ExecStart=\/usr\/lib\/systemd\/systemd-networkd-wait-online --any --timeout=30$/,
	/^ExecStart=\/etc\/rc\.local start$/,
	/^ExecStart=\/usr\/lib\/netherd\/agent join$/,
	/^ExecStart=-\/bin\/sh -c 'exec kubeadm version -o short >\/run\/netherd\/kubeadm-version'$/,
	/^mount --no-canonicalize --bind \/proc\/1\/root\/usr\/lib\/netherd\/agent \/usr\/lib\/netherd\/agent$/,
	/^Exec(Start|Stop)Post=-\/usr\/bin\/umount --quiet --lazy \/usr\/lib\/netherd\/agent$/,
	/^ExecStart=\/usr\/sbin\/swapon \/dev\/%i$/,
	/^ExecStart=-\/bin\/systemctl --no-block try-restart kubelet\.service$/,
	/^setsid --fork nice -n 19 \/bin\/sh -c [^']* sh containerd crio kubeadm kubelet$/,
	/^\/bin\/sh -c ip -4 route replace default via "\$1" dev "\$2" [\w ]+ && ip -4 route flush [\w ]+ "\$2" proto boot sh [\d.]+ \w+$/,
	new RegExp(
		`^ExecStart=/bin/sh -c '/usr/bin/journalctl [a-z= -]+ \\| /usr/bin/logger --server ${name} --port 514 --udp --rfc3164 --tag journal'$`,
	),
];

/** What is run: by the agent, or by units that it writes, where the host puts secrets in. */
function commandsOf(action: Action, secrets: Readonly<Record<string, string>>): readonly string[] {
	if (action.kind === "spawn") return [action.argv.join(" ")];
	if (action.kind !== "putFile" || !action.path.startsWith("/etc/systemd/")) return [];
	return revealSecrets(action.content, secrets)
		.split("\n")
		.filter((line) => /^\s*Exec/i.test(line));
}

const knownPlaces =
	/^\/etc\/[\w./-]+$|^\/etc\/systemd\/system\/[\w.@-]+$|^\/run\/netherd(\/|$)|^\/root(\/|$)|^\/var\/lib\/(dbus\/machine-id|kubelet|containerd)$/;

function expectSafe(actions: readonly Action[], text: string): void {
	const { secrets } = withoutSecrets(text, "lts.conf");
	for (const action of actions) {
		for (const command of commandsOf(action, secrets)) {
			expect(
				knownCommands.some((known) => known.test(command)),
				command,
			).toBe(true);
		}
		if (action.kind === "joinCluster") expectSafeJoin(action);
		if (!("path" in action)) continue;
		expect(posix.normalize(action.path)).toBe(action.path);
		// Only a mount point of FSTAB_* may be anywhere, as a folder.
		const isMountPoint = action.kind === "makeDirectory" && action.because?.startsWith("FSTAB_");
		if (!isMountPoint) expect(action.path, text).toMatch(knownPlaces);
	}
}

/** What programs get to see of a join, beside what is in its files. */
function expectSafeJoin({ attempts, nodeName, criSockets, labels, taints, token }: JoinCluster): void {
	for (const { endpoint = "a:1", configuration } of attempts) {
		expect(endpoint).toMatch(/^(\[[0-9a-f:.]+\]|[\w.-]+):\d+$/i);
		expect(configuration).toMatch(/^\/run\/netherd\/join\/\d+\.json$/);
	}
	expect(nodeName).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
	for (const path of [...criSockets, ...(token.from === "file" ? [token.path] : [])]) {
		expect(posix.normalize(path)).toBe(path);
		expect(path).toMatch(/^\//);
	}
	for (const [key, value] of Object.entries(labels)) expect(`${key}=${value}`).toMatch(/^[\w./-]+=[\w.-]*$/);
	for (const { key, value = "" } of taints) expect(`${key}=${value}`).toMatch(/^[\w./-]+=[\w.-]*$/);
}

/** Errors that check can't know of: they come from the image, the machine, or the kernel command line. */
const onlyOnTheNode =
	/^(join\.(incomplete|bad-node-name|no-server)|image\.tmpfs-too-small|image\.no-server|image\.unknown-version|plan\.impossible)$/;

test("a farm with odd values: check finds an error, or every node's plan is safe", () => {
	const seen = { refused: 0, planned: 0 };
	fc.assert(
		fc.property(oddFarms, commandLines, answers, ({ text, nodes }, commandLine, answer) => {
			const isRefused = hasErrors(checkLtsConf(text, "lts.conf"));
			for (const facts of nodes.flatMap((node) => factsOf(text, node, commandLine, answer))) {
				const planned = plan(facts);
				if (planned instanceof NetherdError) {
					if (!isRefused) expect(planned.code, `${planned.message}\n${text}`).toMatch(onlyOnTheNode);
					expect(describeError(planned)).toMatch(/lts\.conf:\d+|command line:\d+|next-server/);
				} else expectSafe(planned, text);
			}
			seen[isRefused ? "refused" : "planned"]++;
		}),
		{ numRuns: 1000 },
	);
	expect(Math.min(seen.refused, seen.planned)).toBeGreaterThan(100);
});

describe("a root password hash is data to the shell that sets it", () => {
	let folder: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "netherd-hash-"));
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	test.each(["$(touch x)", "`touch x`", "END", "$6$salt$hash", "a'b", "a\\b", "; touch x", "-e", "*"])(
		"%s",
		(hash) => {
			expect(isSecretKey("ROOT_PASSWORD_HASH")).toBe(true);
			const written = hash.replace(/["\\$`]/g, (sign) => `\\${sign}`);
			const text = `[default]\nROOT_PASSWORD_HASH = "${written}"\n`;
			const { configuration, secrets } = withoutSecrets(text, "lts.conf");
			const facts = assumedInitFacts({ commandLine: "", configuration, mac: "52:54:00:00:00:01" });
			const planned = plan(facts);
			if (planned instanceof NetherdError) {
				expect(planned.message).toMatch(/lts\.conf:2:/);
				return;
			}
			const script = planned.find(
				(action) => action.kind === "putFile" && action.path.endsWith("root-password.sh"),
			);
			if (script?.kind !== "putFile") throw new Error("no script");
			writeFileSync(join(folder, "script"), revealSecrets(script.content, secrets));
			writeFileSync(join(folder, "chpasswd"), `#!/bin/sh\ncat > ${folder}/input\n`, { mode: 0o755 });
			execFileSync("/bin/sh", [join(folder, "script")], { env: { PATH: `${folder}:/bin` }, cwd: folder });
			expect(readFileSync(join(folder, "input"), "utf8")).toBe(`root:${hash}\n`);
			expect(() => readFileSync(join(folder, "x"))).toThrow();
		},
	);
});
