import type { BootedNode, BootSetup, NodeState } from "./booted-node.ts";

/** A fact about a booted machine, as data: a command and what it must print. */
export interface GuestCheck {
	readonly what: string;
	/** Lines of sh, run as root in the guest. */
	readonly run: string;
	/** All of its standard output without the last line end, or a pattern in it. */
	readonly prints: string | RegExp;
}

/** What a scenario works with. */
export interface ScenarioStage {
	/**
	 * Powers the machine on in the state before, or shares one that is on (see `Scenario.sharesBoot`).
	 *
	 * @throws {Error} of a scenario without such a state.
	 */
	boot(): Promise<BootedNode>;
	/** A named check. A failing one is reported, and the scenario goes on: one boot shows all that is wrong. */
	check(what: string, verify: () => void | Promise<void>): Promise<void>;
	/** Named checks inside the machine. */
	checkGuest(node: Pick<BootedNode, "machine">, checks: readonly GuestCheck[]): Promise<void>;
	/** Says what it waits for. */
	say(line: string): void;
	/** The agent that is in the image, as an executable of this host. */
	readonly agent: string;
	/** What machines are powered on with, for a scenario that makes a farm of its own. */
	readonly setup: BootSetup;
	/** Its folder for files; a boot of its own empties it. */
	readonly folder: string;
}

export interface Scenario {
	/** Lower case with hyphens, as its file. */
	readonly name: string;
	/** One line: what it shows. */
	readonly description: string;
	/** Undefined: the scenario makes its farm and its machines itself. */
	readonly before: NodeState | undefined;
	/**
	 * Only looks at the machine that it boots, and changes neither it nor the server: scenarios that say so and have the
	 * same state before look at one boot when they run together. Any of them alone makes its own.
	 */
	readonly sharesBoot: boolean;
	readonly run: (stage: ScenarioStage) => Promise<void>;
}

/** Declares a scenario; a boot is its own unless it says otherwise. */
export function scenario(
	name: string,
	description: string,
	{ before, sharesBoot = false, run }: { before?: NodeState; sharesBoot?: boolean; run: Scenario["run"] },
): Scenario {
	return { name, description, before, sharesBoot, run };
}
