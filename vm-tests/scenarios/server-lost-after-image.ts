import { afterJoin, imageInMemory } from "../lib/after-join.ts";
import { bootLimit } from "../lib/booted-node.ts";
import { consoleTexts } from "../lib/console-texts.ts";
import { scenario } from "../lib/scenario.ts";
import { joiningNode } from "../lib/states.ts";

export default scenario(
	"server-lost-after-image",
	"the server loses power once the image is in RAM; the node boots on, and waits for the cluster with a reason",
	{
		before: joiningNode,
		async run(stage) {
			const node = await stage.boot();
			stage.say("until the image is in RAM");
			await node.unlessBootFails(node.machine.console.waitFor(consoleTexts.imageComplete, bootLimit));
			await node.farm.losePower();

			stage.say("until the node waits for the API server, which lost its power, too");
			await node.unlessBootFails(node.machine.guest.output(waitsForApi, bootLimit));
			await stage.checkGuest(node, [...afterJoin, ...imageInMemory]);
			await stage.checkGuest(node, [
				{
					what: "nothing has failed but waiting for the lease",
					run: "systemctl --failed --plain --no-legend | cut -d ' ' -f 1",
					prints: "systemd-networkd-wait-online.service",
				},
				{
					what: "agent status says what the node waits for",
					run: "/usr/lib/netherd/agent status | head -n 1; systemctl is-active netherd-join || true",
					prints: /^node1 waits for the API server: 192\.168\.67\.1:6443: .*\nactivating$/,
				},
				{
					what: "a second join by hand is refused while the unit joins",
					run: "/usr/lib/netherd/agent join 2>&1 | grep --only-matching 'join.runs-already'",
					prints: "join.runs-already",
				},
				{
					what: "the unit can be stopped and started again while it waits",
					run: stopAndStart,
					prints: "inactive\nnode1 has not joined: netherd-join.service was stopped\nactivating",
				},
				{
					what: "the node keeps its address",
					run: "ip -4 -brief address show scope global",
					prints: /192\.168\.67\.11\/24/,
				},
				{
					what: "the whole image can be read",
					run: "find /rofs -type f -print0 | xargs -0 cat >/dev/null",
					prints: "",
				},
				{
					what: "the server does not answer",
					run: "! ping -c 1 -W 2 192.168.67.1 >/dev/null && echo no answer",
					prints: "no answer",
				},
			]);
		},
	},
);

const waitsForApi =
	"until grep -qs 'waits for the API server' /run/netherd/join/state.json; do sleep 0.3; done";

const stopAndStart = [
	"systemctl stop netherd-join",
	"systemctl is-active netherd-join",
	"/usr/lib/netherd/agent status | head -n 1",
	"systemctl start --no-block netherd-join",
	waitsForApi,
	"systemctl is-active netherd-join || true",
].join("; ");
