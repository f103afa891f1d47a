import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../tools/cache.ts";
import { stageDone } from "../lib/after-join.ts";
import { momentLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { type GuestCheck, scenario } from "../lib/scenario.ts";
import { memoryMiB } from "../lib/states.ts";

/** The secret half of the token in the example: it stands in rc.local, which runs it, and nowhere else. */
const tokenSecret = "0b7d52e8c64f1a93";

const joinArguments = [
	...["join", "10.9.0.20:6443", "--token", "(redacted)"],
	"--discovery-token-ca-cert-hash",
	"sha256:6b1f0e5d9c3a8724f1e0d7c6b5a4938271605f4e3d2c1b0a99887766554433aa",
];

const after: readonly GuestCheck[] = [
	{
		what: "PREINIT: the time zone",
		run: "readlink -f /etc/localtime",
		prints: "/usr/share/zoneinfo/Europe/Prague",
	},
	{
		what: "PREINIT: no line for 127.0.0.2 in /etc/hosts",
		run: "grep -c '^127.0.0.2' /etc/hosts || true",
		prints: "0",
	},
	{
		what: "PREINIT: the edited unit is what containerd runs with",
		run: "tr '\\0' ' ' </proc/$(systemctl show --property MainPID --value containerd)/cmdline",
		prints: "/usr/bin/containerd --log-level warn ",
	},
	{
		what: "FSTAB: three volumes, and a mount point for each",
		run: "grep -c ^/dev/data/ /etc/fstab; ls -d /etc/ssh /var/log/journal /var/lib/containerd",
		prints: "3\n/etc/ssh\n/var/lib/containerd\n/var/log/journal",
	},
	{
		what: "KEEP_SYSTEM_SERVICES: logins work",
		run: "for unit in ssh systemd-logind; do until systemctl is-active --quiet $unit; do sleep 0.3; done; done; systemctl is-active ssh systemd-logind",
		prints: "active\nactive",
	},
	{
		what: "RCFILE: ssh key and host keys",
		run: "grep -c operator@example.org /root/.ssh/authorized_keys; ls /etc/ssh/ssh_host_ed25519_key",
		prints: "1\n/etc/ssh/ssh_host_ed25519_key",
	},
	{
		what: "RCFILE: sysctls",
		run: "sysctl --values kernel.panic kernel.panic_on_oops fs.file-max net.ipv4.neigh.default.gc_thresh3 net.ipv4.ip_forward",
		prints: "10\n1\n20000000\n65536\n1",
	},
	{ what: "RCFILE: modprobe", run: "test -d /sys/module/br_netfilter", prints: "" },
	{ what: "no unit has failed", run: "systemctl --failed --no-legend", prints: "" },
	{
		what: "the token is in no log, plan or journal, nor in the system's journal",
		run: `cd /run/netherd && ! grep -l ${tokenSecret} */*.json */*.jsonl agent.log && ! journalctl --quiet | grep ${tokenSecret}`,
		prints: "",
	},
];

export default scenario(
	"bios-boot-to-join",
	"SeaBIOS, iPXE, image into RAM; examples/lts.conf, whose rc.local lines join the cluster",
	{
		before: {
			firmware: "bios",
			memoryMiB,
			ltsConf: readFileSync(join(repository, "examples/lts.conf"), "utf8"),
		},
		sharesBoot: true,
		async run(stage) {
			const node = await stage.boot();
			stage.say("until kubeadm join was called");
			const record = await node.joined();
			await stage.check("kubeadm got the arguments of lts.conf", () => {
				assert.deepEqual(record.arguments, joinArguments);
				assert.deepEqual(record.problems, []);
				assert.equal(record.exitCode, 0);
			});
			await stage.check("lts.conf and image were verified, and the console says by whose key", async () => {
				await node.machine.console.waitFor(consoleTexts.configurationSigned, momentLimit);
				await node.machine.console.waitFor(/netherd: image test .*, signed by [0-9a-f]{16}/, momentLimit);
			});
			await stage.check("the server heard of both stages", async () => {
				await stageDone(node, "initramfs");
				await stageDone(node, "init");
			});
			await stage.checkGuest(node, after);
		},
	},
);
