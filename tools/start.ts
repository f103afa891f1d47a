import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { describeError, describeWrongOption, NetherdError } from "../agent/errors.ts";
import { type CompanionEvent, describeEvent } from "../server/events.ts";
import { BootedNode, machineIdentity } from "../vm-tests/lib/booted-node.ts";
import { exitOnSignals, prepareBoots, vmFolder } from "../vm-tests/lib/prepare.ts";
import { memoryMiB } from "../vm-tests/lib/states.ts";
import { renderTimeline } from "../vm-tests/lib/timeline.ts";
import { repository } from "./cache.ts";

const help = `Builds the agent and a node image, starts the companion server, and boots a diskless virtual machine over PXE until it
has run its join. Prints where the time went. Ctrl-C ends everything and cleans up.

usage: npm start

The machine is configured by examples/lts.conf. Its image holds a stand-in for kubeadm, which records how it was called
and joins nothing. Logs: .cache/vm/start.
`;

const configuration = "examples/lts.conf";

async function main(argv: readonly string[]): Promise<void> {
	if (wantsHelp(argv)) {
		process.stdout.write(help);
		return;
	}
	exitOnSignals();
	const setup = await prepareBoots(say);

	const folder = join(vmFolder, "start");
	say(
		`a diskless machine, ${memoryMiB} MiB, boots over PXE with ${configuration}; all that it says is in ${relative(repository, folder)}/console.txt`,
	);
	await using node = await BootedNode.boot(
		{ firmware: "bios", memoryMiB, ltsConf: readFileSync(join(repository, configuration), "utf8") },
		setup,
		folder,
	);
	tellProgress(node);
	const record = await node.joined();
	if (record.exitCode !== 0) {
		throw new NetherdError(
			"start.join-refused",
			`the stand-in kubeadm found: ${record.problems.join("; ")}`,
			{
				hint: `correct the join in ${configuration}`,
			},
		);
	}
	say(
		`${machineIdentity.hostname} has run its join; the stand-in kubeadm recorded: ${record.arguments.join(" ")}`,
	);
	process.stdout.write(`\n${renderTimeline(node.timeline())}\n${howToGoOn(folder)}`);
}

/** What the agent says on the console and what the server does for the machine, as it comes. */
function tellProgress({ machine, companion }: BootedNode): void {
	machine.console.onLine(({ text }) => {
		const line = consoleLine.exec(text)?.[0];
		if (line !== undefined) say(`node    ${line.replace(/^netherd: /, "")}`);
	});
	companion.onEvent((event) => {
		if (serverEvents.has(event.event)) say(`server  ${describeEvent(event)}`);
	});
}

const consoleLine =
	/netherd: .*|iPXE initialising devices|Linux version \S+|systemd \S+ running in system mode/;

const serverEvents: ReadonlySet<CompanionEvent["event"]> = new Set([
	"companion.ready",
	"companion.warning",
	"service.died",
	"dhcp.ack",
	"http.request",
	"nbd.opened",
	"nbd.closed",
	"nbd.refused",
]);

function howToGoOn(folder: string): string {
	return `How to go on:
  see what a node will do       npm run --silent agent -- --dry-run --conf ${configuration} --mac ${machineIdentity.mac}
  change ${configuration}      and run npm start again: only what has changed is built
  try UEFI, failures, replay    npm run vm -- --list
  bring it to a rack            README.md, "From here to a rack"
  read this boot's logs         ls ${relative(repository, folder)}
`;
}

function wantsHelp(argv: readonly string[]): boolean {
	try {
		return (
			parseArgs({ args: [...argv], options: { help: { type: "boolean", short: "h" } } }).values.help === true
		);
	} catch (error) {
		throw new NetherdError("usage.bad-option", describeWrongOption(error), {
			hint: "npm start takes no options",
		});
	}
}

const startedMs = performance.now();

/** Standard output carries the result, standard error the way to it. */
function say(line: string): void {
	const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
	process.stderr.write(`${seconds.padStart(7)} s  ${line}\n`);
}

main(process.argv.slice(2)).then(
	() => process.exit(0),
	(error: unknown) => {
		process.stderr.write(`start: ${describeError(error)}\n`);
		process.exit(1);
	},
);
