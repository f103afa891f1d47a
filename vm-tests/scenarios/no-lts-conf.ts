import { bootLimit } from "../lib/booted-node.ts";
import { type GuestCheck, scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

const after: readonly GuestCheck[] = [
	{ what: "the node has the name that DHCP gave it", run: "hostname", prints: "node1" },
	{
		what: "the facts say that there was no configuration",
		run: `grep -o '"from": "nowhere"' /run/netherd/init/facts.json`,
		prints: '"from": "nowhere"',
	},
	{
		what: "it joins nothing",
		run: "test ! -e /run/netherd-stand-in && test ! -e /run/netherd/join",
		prints: "",
	},
	{
		what: "no unit has failed",
		run: "systemctl is-system-running --wait; systemctl --failed --no-legend",
		prints: "running",
	},
];

export default scenario("no-lts-conf", "without lts.conf on the server a node boots with defaults", {
	before: { ...joiningNode, ltsConf: undefined },
	async run(stage) {
		const node = await stage.boot();
		stage.say("until the system runs");
		await node.unlessBootFails(
			node.machine.guest.output("systemctl is-system-running --wait || true", bootLimit),
		);
		await stage.checkGuest(node, after);
	},
});
