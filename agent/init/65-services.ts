import type { Configuration } from "../config/configuration.ts";
import { isEssential, maskable, matchesService, serviceOf } from "../config/essential-services.ts";
import { NetherdError } from "../errors.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";
import { fstabEntries, isNfs, mayBeLogicalVolume } from "./fstab-entries.ts";
import { prunedServices } from "./pruned-services.ts";

/** A service that goes, under all its names. */
interface Pruned {
	readonly names: readonly string[];
	readonly because: string;
}

export const services: Step<Inputs<InitFacts>> = {
	name: "65-services",
	summary: "masks the services of the image that a diskless server must not run",
	keys: ["KEEP_SYSTEM_SERVICES", "RM_SYSTEM_SERVICES", "SSH_AUTHORIZED_KEY_*", "CONFIGURE_FSTAB", "FSTAB_*"],
	plan: ({ facts, configuration }) => {
		const kept = keptServices(configuration);
		const pruned = [...prunedByDefault(configuration), ...prunedByWish(configuration)].filter(
			({ names }) => !names.some((name) => kept.has(name)),
		);
		const masked = new Map<string, string>();
		for (const { names, because } of pruned) {
			for (const unit of names.flatMap((name) => unitsOf(name, facts.root.units))) {
				if (isEssential(unit)) throw essentialService(unit, because);
				if (!kept.has(serviceOf(unit)) && !masked.has(unit)) masked.set(unit, because);
			}
		}
		return [...masked].map(([name, because]) => ({ kind: "maskUnit", name, because }) as const);
	},
};

function prunedByDefault(configuration: Configuration): Pruned[] {
	// An fstab that stays as the image has it is not known here; better a service too many than no volumes.
	const isKnown = configuration.boolean("CONFIGURE_FSTAB");
	const entries = fstabEntries(configuration);
	return [
		...prunedServices.always,
		...prunedServices.server,
		...prunedServices.since,
		...prunedServices.consoles,
		...(isKnown && !entries.some(isNfs) ? prunedServices.nfs : []),
		...(isKnown && !entries.some(mayBeLogicalVolume) ? prunedServices.logicalVolumes : []),
	].map((names) => ({
		names: names.split("|"),
		because: `not in ${because(configuration, "KEEP_SYSTEM_SERVICES")}`,
	}));
}

function prunedByWish(configuration: Configuration): Pruned[] {
	const reason = because(configuration, "RM_SYSTEM_SERVICES");
	return configuration.list("RM_SYSTEM_SERVICES").map((written) => {
		const name = serviceOf(written);
		// Said whether the image has it or not. The check of lts.conf says it, too, if there is no secret in the value.
		if (isEssential(name)) throw essentialService(name, reason);
		return { names: [name], because: reason };
	});
}

function essentialService(name: string, because: string): NetherdError {
	return new NetherdError("init.essential-service", `${because}: the node can't do without ${name}`, {
		hint: `take what names ${name} out of RM_SYSTEM_SERVICES`,
	});
}

/** Bare names, with or without the ending of a unit. A farm that hands out ssh keys wants them to be of use. */
function keptServices(configuration: Configuration): ReadonlySet<string> {
	const kept = configuration.list("KEEP_SYSTEM_SERVICES").map(serviceOf);
	const hasKeys = configuration.family("SSH_AUTHORIZED_KEY_").length > 0;
	return new Set(hasKeys ? [...kept, "ssh", "sshd"] : kept);
}

/** The image's units of a service: the service itself and what else starts it. */
function unitsOf(name: string, units: readonly string[]): readonly string[] {
	const [template = "", instance] = name.split("@");
	if (instance !== undefined && instance !== "") {
		return units.includes(`${template}@.service`) && /^[\w:.\\-]+$/.test(instance) ? [`${name}.service`] : [];
	}
	return units.filter((unit) => maskable.test(unit) && matchesService(name, serviceOf(unit)));
}
