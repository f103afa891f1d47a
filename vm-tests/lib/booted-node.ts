import {
	appendFileSync,
	existsSync,
	globSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type ImageManifest, parseManifest } from "../../agent/download/manifest.ts";
import { NetherdError } from "../../agent/errors.ts";
import { readSigningKey } from "../../agent/trust/key-files.ts";
import { signableFiles, signFile } from "../../image/sign.ts";
import type { LoaderName } from "../../server/loaders.ts";
import { testSigningKeyFile } from "../../tools/cache.ts";
import { type Companion, type CompanionOptions, startCompanion } from "./companion.ts";
import { consoleTexts, joinedSighting, phaseStarts } from "./console-texts.ts";
import { Farm } from "./farm.ts";
import { type Hypervisor, type PoweredMachine, powerOn } from "./machine.ts";
import type { FirmwareKind } from "./machine-arguments.ts";
import { standInEndpoint, startStandInApi } from "./stand-in-api.ts";
import { renderTimeline, type Sighting, type Timeline, timelineOf } from "./timeline.ts";

/** A farm of one machine before power-on, as data. */
export interface NodeState {
	readonly firmware: FirmwareKind;
	readonly memoryMiB: number;
	/** iPXE where nothing is said. */
	readonly loader?: LoaderName;
	/** UEFI only: how the firmware asks for it; TFTP where nothing is said. */
	readonly bootsOver?: "tftp" | "http";
	/** Text of the server's lts.conf; undefined: the server has none. */
	readonly ltsConf: string | undefined;
	/**
	 * Who signs: the companion, as it serves lts.conf (the default); nobody, neither lts.conf nor image; or somebody else
	 * has changed lts.conf after it was signed.
	 */
	readonly signatures?: "companion" | "none" | "of another lts.conf";
	/** Whether the companion serves images over NBD; it does where nothing is said. */
	readonly servesNbd?: boolean;
	/** Lines of the companion's [pins]; none by default. */
	readonly pins?: readonly string[];
	/** Added to the end of the kernel command line, after the console. */
	readonly kernelParameters?: string;
}

/** The machine of every scenario, and what DHCP tells it. */
export const machineIdentity = {
	mac: "52:54:00:00:00:01",
	address: "192.168.67.11",
	hostname: "node1",
} as const;

/** What boots are made with. */
export interface BootSetup {
	readonly hypervisor: Hypervisor;
	/** The boot tree with the test image; every boot gets a copy of its own (hard links). */
	readonly bootTree: string;
	/** The agent that is in the image, as an executable of this host. */
	readonly agent: string;
}

/** A boot needs 40 s on an idle host without KVM; this is a guard against hanging, on a busy one. */
export const bootLimit = { timeoutMs: 300_000 } as const;

/** For what follows at once, or is there already: a guard, too. */
export const momentLimit = { timeoutMs: 60_000 } as const;

/** A machine that boots, or has booted, with everything around it. */
export class BootedNode implements AsyncDisposable {
	readonly farm: Farm;
	readonly machine: PoweredMachine;
	/** Where its logs are. */
	readonly folder: string;
	/** The boot tree that its companion serves, its own. */
	readonly tree: string;
	readonly #poweredOnMs: number;
	readonly #companionOptions: CompanionOptions;
	readonly #companions: Companion[];
	readonly #own: Sighting[] = [];
	#lastStartMs = 0;

	private constructor(parts: {
		farm: Farm;
		companion: Companion;
		companionOptions: CompanionOptions;
		machine: PoweredMachine;
		folder: string;
	}) {
		this.farm = parts.farm;
		this.#companions = [parts.companion];
		this.#companionOptions = parts.companionOptions;
		this.machine = parts.machine;
		this.folder = parts.folder;
		this.tree = parts.companionOptions.tree;
		this.#poweredOnMs = performance.now() - parts.machine.elapsedMs();
	}

	/** Makes the farm, starts the companion and powers the machine on; returns at once. Logs go to `folder`, emptied before. */
	static async boot(state: NodeState, setup: BootSetup, folder: string): Promise<BootedNode> {
		rmSync(folder, { recursive: true, force: true });
		mkdirSync(folder, { recursive: true });
		const tree = join(folder, "tree");
		await execa("cp", ["--archive", "--link", setup.bootTree, tree]);
		writeConfiguration(tree, state.ltsConf);
		if (state.signatures === "none") removeImageSignatures(tree);
		if (state.signatures === "of another lts.conf")
			alterConfiguration(tree, "# before somebody changed it\n");

		const farm = new Farm();
		try {
			const kernelParameters = `console=ttyS0 ${state.kernelParameters ?? ""}`.trim();
			const companionOptions = {
				tree,
				kernelParameters,
				signingKeyFile: (state.signatures ?? "companion") === "companion" ? testSigningKeyFile : undefined,
				hosts: [machineIdentity],
				...(state.servesNbd === undefined ? {} : { servesNbd: state.servesNbd }),
				...(state.pins === undefined ? {} : { pins: state.pins }),
				...(state.loader === undefined ? {} : { loader: state.loader }),
			};
			const companion = await startCompanion(farm, companionOptions, folder);
			if (state.ltsConf?.includes(standInEndpoint)) await startStandInApi(farm, folder);
			const machine = await powerOn(
				{
					firmware: state.firmware,
					memoryMiB: state.memoryMiB,
					cpus: 2,
					mac: machineIdentity.mac,
					...(state.bootsOver === undefined ? {} : { bootsOver: state.bootsOver }),
				},
				{ farm, hypervisor: setup.hypervisor, folder },
			);
			return new BootedNode({ farm, companion, companionOptions, machine, folder });
		} catch (error) {
			farm[Symbol.dispose]();
			throw error;
		}
	}

	/** The companion that serves now, or did last. */
	get companion(): Companion {
		const companion = this.#companions.at(-1);
		if (companion === undefined) throw new Error("a node is booted with a companion");
		return companion;
	}

	/** Keeps what the scenario does beside what the console shows; a captured console has it at its time. */
	note(text: string): void {
		const seconds = (this.machine.elapsedMs() / 1000).toFixed(3).padStart(9);
		appendFileSync(join(this.folder, "notes.txt"), `${seconds}  ${text}\n`);
	}

	/** Starts a companion in the place of one that was killed. It has a folder of its own for its log. */
	async startCompanionAgain(): Promise<void> {
		const folder = join(this.folder, `companion-${this.#companions.length + 1}`);
		this.#companions.push(await startCompanion(this.farm, this.#companionOptions, folder));
	}

	/** The manifest of the image that it boots. */
	get manifest(): ImageManifest {
		const images = join(this.tree, "images");
		const [image = ""] = readdirSync(images).filter((name) => existsSync(join(images, name, "current")));
		const file = join(images, image, "current/image.json");
		return parseManifest(readFileSync(file, "utf8"), file);
	}

	/** Presses the reset button; the timeline starts anew. Returns how many lines the console had until then. */
	async reset(): Promise<number> {
		this.#lastStartMs = this.machine.elapsedMs();
		return await this.machine.reset();
	}

	/** Replaces the server's lts.conf: the next boot reads it. */
	changeConfiguration(ltsConf: string | undefined): void {
		writeConfiguration(this.tree, ltsConf);
	}

	/** What an operator does after a change: `image sign`. */
	signConfiguration(): void {
		for (const file of signableFiles(join(this.tree, "lts.conf")))
			signFile(file, readSigningKey(testSigningKeyFile));
	}

	/**
	 * Waits until the stand-in kubeadm has recorded a join, and returns its last record.
	 *
	 * @throws {NetherdError} `vm.boot-failed` as soon as the console says so, `vm.guest-silent`.
	 */
	async joined(): Promise<JoinRecord> {
		const record = "/run/netherd-stand-in/kubeadm.jsonl";
		const text = await this.unlessBootFails(
			this.machine.guest.output(`until [ -s ${record} ]; do sleep 0.3; done; tail -n 1 ${record}`, bootLimit),
		);
		if (this.#own.length === 0) this.#own.push({ atMs: this.machine.elapsedMs(), text: joinedSighting });
		return JSON.parse(text);
	}

	/** Passes a promise on, but fails with the console's last lines when the boot fails or the promise does. */
	async unlessBootFails<T>(promise: Promise<T>): Promise<T> {
		const { console } = this.machine;
		const fromLine = console.lines.length;
		// On a timeout of its own the console has nothing to say here.
		const failing = console.waitFor(consoleTexts.bootFailed, { ...bootLimit, fromLine }).then(
			() => console.waitFor(consoleTexts.hint, { ...momentLimit, fromLine }).catch(() => undefined),
			() => new Promise<never>(() => {}),
		);
		const outcome = await Promise.race([
			promise.then(
				(value) => ({ value }),
				(cause: unknown) => ({ cause }),
			),
			failing.then(() => ({ cause: undefined })),
		]);
		if ("value" in outcome) return outcome.value;
		throw new NetherdError(
			"vm.boot-failed",
			`the machine did not come so far; the console's last lines:\n${console.tail()}`,
			{ hint: `the whole console and the companion's log are in ${this.folder}`, cause: outcome.cause },
		);
	}

	/** Where the time went since power-on, or since the last reset. */
	timeline(): Timeline {
		const companion = this.#companions
			.flatMap((each) => each.sightings())
			.map(({ atMs, text }) => ({ atMs: atMs - this.#poweredOnMs, text }));
		const sightings = [...this.machine.console.lines, ...companion, ...this.#own]
			.filter(({ atMs }) => atMs >= this.#lastStartMs)
			.map(({ atMs, text }) => ({ atMs: atMs - this.#lastStartMs, text }));
		return timelineOf(sightings, phaseStarts);
	}

	/** Writes the timeline beside the logs: timeline.json for programs, timeline.txt for people. */
	saveTimeline(): void {
		const timeline = this.timeline();
		writeFileSync(join(this.folder, "timeline.json"), `${JSON.stringify(timeline, null, "\t")}\n`);
		writeFileSync(join(this.folder, "timeline.txt"), renderTimeline(timeline));
	}

	/** Pulls the plug, stops the companion, removes the farm; the logs stay. */
	async [Symbol.asyncDispose](): Promise<void> {
		this.saveTimeline();
		await this.machine.powerOff();
		await this.companion.stop();
		this.farm[Symbol.dispose]();
		rmSync(this.tree, { recursive: true, force: true });
	}
}

/** One line of the stand-in kubeadm's record (image/stand-in/kubeadm). */
export interface JoinRecord {
	readonly standIn: "kubeadm";
	readonly arguments: readonly string[];
	readonly exitCode: number;
	readonly problems: readonly string[];
	readonly mode?: string;
	readonly owner?: string;
	readonly configuration?: Readonly<Record<string, unknown>>;
}

/** Leaves a file and the signature of another text. */
function alterConfiguration(tree: string, signedText: string): void {
	const file = join(tree, "lts.conf");
	const text = readFileSync(file);
	writeFileSync(file, signedText);
	signFile({ file, purpose: "lts.conf" }, readSigningKey(testSigningKeyFile));
	writeFileSync(file, text);
}

/** The tree is a copy, of links to files. */
function removeImageSignatures(tree: string): void {
	for (const file of globSync(join(tree, "images/*/*/image.json.sig"))) rmSync(file, { force: true });
}

function writeConfiguration(tree: string, ltsConf: string | undefined): void {
	const file = join(tree, "lts.conf");
	if (ltsConf === undefined) rmSync(file, { force: true });
	else writeFileSync(file, ltsConf);
}
