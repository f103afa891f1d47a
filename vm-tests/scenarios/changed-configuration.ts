import { bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { type GuestCheck, scenario } from "../lib/scenario.ts";
import { joiningNode, memoryMiB } from "../lib/states.ts";

const first = `
[default]
TIMEZONE = Europe/Berlin
HOSTNAME = first
KERNEL_PARAMETERS = "netherd_test=\\"of all\\" nokaslr"
SYSCTL_SWAPPINESS = "vm.swappiness = 11"
PREINIT_01 = "echo first >/etc/written-by-preinit-of-the-first"
[52:54:00:00:00:01]
KERNEL_PARAMETERS = "netherd_test=\\"of the first\\" nokaslr"
`;

const second = `
[default]
TIMEZONE = Asia/Tokyo
HOSTNAME = second
SYSCTL_SWAPPINESS = "vm.swappiness = 22"
[52:54:00:00:00:02]
KERNEL_PARAMETERS = "netherd_test=\\"of another\\""
`;

/** What people and programs leave behind on a node that runs. */
const leaveBehind =
	"touch /root/left-behind /etc/left-behind /var/lib/left-behind; rm /etc/os-release; cat /proc/sys/kernel/random/boot_id";

const afterFirst: readonly GuestCheck[] = [
	{ what: "first boot: host name", run: "hostname", prints: "first" },
	{ what: "first boot: time zone", run: "date -d '2026-07-01 12:00 UTC' +%H", prints: "14" },
	{ what: "first boot: sysctl", run: "sysctl --values vm.swappiness", prints: "11" },
	{
		what: "first boot: KERNEL_PARAMETERS of its own section, a word with a blank in it too",
		run: "grep -o 'netherd_test=.*' /proc/cmdline; ! grep 'is not on this' /run/netherd/agent.log",
		prints: 'netherd_test="of the first" nokaslr',
	},
	{ what: "first boot: PREINIT", run: "cat /etc/written-by-preinit-of-the-first", prints: "first" },
];

const afterSecond: readonly GuestCheck[] = [
	{ what: "second boot: host name", run: "hostname", prints: "second" },
	{ what: "second boot: time zone", run: "date -d '2026-07-01 12:00 UTC' +%H", prints: "21" },
	{ what: "second boot: sysctl", run: "sysctl --values vm.swappiness", prints: "22" },
	{
		what: "second boot: no KERNEL_PARAMETERS, which are another node's",
		run: "grep -c netherd_test /proc/cmdline || true",
		prints: "0",
	},
	{
		what: "second boot: nothing of the first is left",
		run: "find / -xdev \\( -name left-behind -o -name written-by-preinit-of-the-first \\)",
		prints: "",
	},
	{ what: "second boot: what the first removed is back", run: "test -s /etc/os-release", prints: "" },
	{
		what: "second boot: /etc/hosts does not know the first name",
		run: "grep -c first /etc/hosts || true",
		prints: "0",
	},
];

export default scenario(
	"changed-configuration",
	"a second boot shows the changed lts.conf, and nothing that the first boot left",
	{
		before: { ...joiningNode, memoryMiB, ltsConf: first },
		async run(stage) {
			const node = await stage.boot();
			const { machine } = node;
			stage.say("until the first boot's system runs");
			await node.unlessBootFails(machine.guest.output(systemRuns, bootLimit));
			await stage.checkGuest(node, afterFirst);
			const firstBoot = await machine.guest.output(leaveBehind);

			node.changeConfiguration(second);
			const fromLine = await node.reset();
			stage.say("until the second boot's system runs");
			await node.unlessBootFails(machine.console.waitFor(consoleTexts.initDone, { ...bootLimit, fromLine }));
			await node.unlessBootFails(machine.guest.output(systemRuns, bootLimit));
			await stage.checkGuest(node, afterSecond);
			await stage.check("it is another boot", async () => {
				const secondBoot = await machine.guest.output("cat /proc/sys/kernel/random/boot_id");
				if (secondBoot === firstBoot) throw new Error(`both have boot id ${firstBoot}`);
			});
		},
	},
);

/** systemd-sysctl and the time zone link are done long before; rc.local and the join are not waited for. */
const systemRuns = "until systemctl is-active --quiet sysinit.target; do sleep 0.3; done";
