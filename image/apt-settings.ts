import { execa } from "execa";
import { NetherdError } from "../agent/errors.ts";
import type { Recipe } from "./recipe.ts";

/** How the build reaches Debian's archive. */
export interface AptSettings {
	/** Lines of sources.list(5). */
	readonly sources: readonly string[];
	/** Lines of apt.conf(5): proxies and what else this machine needs to reach its mirror. For the build only. */
	readonly options: readonly string[];
}

/** What of a recipe says which part of Debian's archive is meant. */
export type ArchiveChoice = Pick<Recipe, "suite" | "components" | "mirror">;

/** What of this machine's configuration says how to reach a mirror, and does not describe the machine itself. */
const transportOptions = /^Acquire::((http|https|ftp)::|Check-Valid-Until |Check-Date |Retries )/;

/**
 * Finds Debian's archive where this machine's own apt finds it, so that proxies, local mirrors and snapshots go on
 * working; the recipe's `mirror` takes their place.
 *
 * @throws {NetherdError} `image.no-debian-mirror`.
 */
export async function aptSettings(recipe: ArchiveChoice): Promise<AptSettings> {
	const options = (await execa("apt-config", ["dump"])).stdout
		.split("\n")
		.filter((line) => transportOptions.test(line));
	if (recipe.mirror !== undefined) {
		return { sources: mirrorSources(recipe.mirror, recipe), options };
	}
	const sources = hostSources(await indexTargets(), recipe);
	if (sources.length === 0) {
		throw new NetherdError(
			"image.no-debian-mirror",
			`this machine's apt knows no Debian archive, so ${recipe.suite} has no source`,
			{ hint: "run apt-get update; on a machine that is not Debian, set mirror = URL in the recipe" },
		);
	}
	return { sources, options };
}

/** apt's own view of its sources, whatever their form (one-line or deb822): `origin|codename|release|uri` a line. */
async function indexTargets(): Promise<string> {
	const list = async (): Promise<string> =>
		(
			await execa("apt-get", [
				"indextargets",
				"--format",
				"$(ORIGIN)|$(CODENAME)|$(RELEASE)|$(REPO_URI)",
				"Created-By: Packages",
			])
		).stdout;
	const targets = await list();
	if (targets.includes("Debian|")) return targets;
	// Without downloaded lists, as in a fresh container, apt does not know the origins.
	await execa("apt-get", ["update", "-qq"], { reject: false });
	return await list();
}

/**
 * The lines for the recipe's suite, from the targets of the host's release: `bookworm`, `bookworm-updates` and
 * `bookworm-security` become `trixie`, `trixie-updates` and `trixie-security`, each at its own address.
 */
export function hostSources(
	targets: string,
	{ suite, components }: Pick<Recipe, "suite" | "components">,
): string[] {
	const lines = targets
		.split("\n")
		.map((line) => line.split("|"))
		.flatMap(([origin, codename, , uri]) => {
			const match = /^[a-z]+(-updates|-security)?$/.exec(codename ?? "");
			if (origin !== "Debian" || match === null || uri === undefined) return [];
			if (match[1] !== undefined && suite === "sid") return [];
			return [`deb ${uri.replace(/\/$/, "")} ${suite}${match[1] ?? ""} ${components.join(" ")}`];
		});
	return [...new Set(lines)];
}

function mirrorSources(mirror: string, { suite, components }: ArchiveChoice): string[] {
	const base = mirror.replace(/\/$/, "");
	const suites = suite === "sid" ? [suite] : [suite, `${suite}-updates`];
	return suites.map((name) => `deb ${base} ${name} ${components.join(" ")}`);
}
