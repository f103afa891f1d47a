import type { ConsoleText } from "./console.ts";
import type { PhaseStarts } from "./timeline.ts";

/** Every text of firmware, kernel, systemd and agent that the scenarios wait for on a console, in one place. */
export const consoleTexts = {
	/** GRUB's menu is there, and would go on by itself. */
	grubCountdown: /will be executed automatically in \ds/,
	/** Kernel and initramfs have been loaded. */
	kernelStarts: /\bLinux version \d/,
	/** 30 % of it have arrived, or more (agent/download/progress.ts). */
	thirtyPercent: /netherd: image +(?:[3-9]\d|100) %/,
	/** The companion failed as one source of the image, and as the other (agent/download/progress.ts). */
	lostOverNbd: /netherd: image: .*192\.168\.67\.1:10809.*; trying it again in \d+ s/,
	lostOverHttp: /netherd: image: .*HTTP.* 192\.168\.67\.1:80; trying it again in \d+ s/,
	/** A source that had failed brings something again. */
	sourceIsBack: /netherd: image: again from /,
	/** The root image is in RAM, complete and verified (agent/download/progress.ts). */
	imageComplete: "image complete:",
	/** Stage 1 is over (agent/log.ts). */
	initramfsDone: "netherd: initramfs done",
	/** Stage 2 is over; systemd follows. */
	initDone: "netherd: init done",
	/** lts.conf is from the server and verified (agent/facts/gather.ts). */
	configurationSigned: /netherd: lts\.conf from http:\S+, signed by [0-9a-f]{16}/,
	/** What `netherd.verify=none` is answered with (agent/commands/node.ts). */
	nothingIsVerified: "NOTHING IS VERIFIED",
	/** The end of a failed boot (agent/host/last-resort.ts). */
	bootFailed: "THE BOOT FAILED",
	hint: "what to do:",
	/** The join's own words (agent/cluster/join-lines.ts), with the codes of agent/cluster/failure-table.ts. */
	waitsForApiServer: /netherd: .*join: waiting for the API server: /,
	nameReady: "[join.name-ready]",
	tokenUnknown: "[join.token-unknown]",
	labelsSet: /join: labels set to what lts\.conf says: /,
	caMismatch: "[join.ca-mismatch]",
	countdown: /netherd: reboot in \d+ s/,
	rebooting: "netherd: reboot now",
} as const satisfies Readonly<Record<string, ConsoleText>>;

/** What the harness itself adds when it finds the join's record in the guest: not every boot's join reports to a server. */
export const joinedSighting = "harness: the stand-in kubeadm has recorded a join";

/** What shows that a phase of the boot begins: console lines, and the companion's log as JSON. */
export const phaseStarts: PhaseStarts = {
	loader: [/iPXE initialising devices/, /netherd: asking \S+ what to boot/],
	kernel: [consoleTexts.kernelStarts],
	"stage 1": [/Run \/init as init process/, /Begin: netherd/, /netherd: initramfs /],
	"stage 2": [/netherd: initramfs done/],
	systemd: [/netherd: init done/],
	// By the agent's own unit, else by a line of rc.local.
	join: [
		/"event":"stage-started","stage":"join"/,
		/Starting netherd-join\.service/,
		/Starting netherd-rc-local\.service/,
	],
	end: [/"event":"stage-done","stage":"join"/, /^harness: .* recorded a join/],
};
