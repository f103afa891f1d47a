import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptSettings } from "../../image/apt-settings.ts";
import { runTool } from "../../image/run-tool.ts";

/** A package of a Debian release, as its source or as one built package of this machine's architecture. */
export interface ArchivePackage {
	readonly kind: "source" | "binary";
	readonly name: string;
	/** Debian code name. */
	readonly suite: string;
}

/**
 * Downloads files of Debian packages into a folder, and installs nothing. An apt of its own does it, in a folder of its
 * own, from the mirrors that this machine's apt has: each file has the hash that a signed Release file leads to.
 *
 * @param folder Is created.
 * @param mirror Base URL of another mirror.
 * @throws {NetherdError} `image.no-debian-mirror`, `kubernetes.download-failed`.
 */
export async function downloadPackages(
	packages: readonly ArchivePackage[],
	folder: string,
	mirror?: string,
): Promise<void> {
	const state = join(folder, "apt");
	mkdirSync(join(state, "lists/partial"), { recursive: true });
	mkdirSync(join(state, "archives/partial"), { recursive: true });
	const sources: string[] = [];
	const options: string[] = [];
	for (const { kind, suite } of packages) {
		const apt = await aptSettings({ suite, components: ["main"], mirror });
		sources.push(...apt.sources.flatMap((line) => sourceLine(line, kind, suite) ?? []));
		options.push(...apt.options);
	}
	writeFileSync(join(state, "sources.list"), [...new Set(sources)].map((line) => `${line}\n`).join(""));
	writeFileSync(join(state, "status"), "");
	writeFileSync(join(state, "apt.conf"), aptConfiguration(state, options));

	const apt = async (...args: string[]): Promise<void> => {
		await runTool(["env", `--chdir=${folder}`, "apt-get", "--quiet", ...args], {
			code: "kubernetes.download-failed",
			hint: "check that this machine reaches its Debian mirror (apt-get update), then run the same command again",
			environment: { APT_CONFIG: join(state, "apt.conf") },
		});
	};
	await apt("update");
	for (const { kind, name } of packages) {
		if (kind === "source") await apt("source", "--download-only", name);
		else await apt("download", name);
	}
	rmSync(state, { recursive: true });
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Of the lines for a release only the one for the release itself: security updates move from mirror to mirror. */
function sourceLine(line: string, kind: ArchivePackage["kind"], suite: string): string | undefined {
	const [, uri, lineSuite, ...components] = line.split(" ");
	if (lineSuite !== suite) return undefined;
	return `${kind === "source" ? "deb-src" : "deb"} [signed-by=${keyring}] ${uri} ${suite} ${components.join(" ")}`;
}

function aptConfiguration(state: string, options: readonly string[]): string {
	return [
		`Dir::State "${state}";`,
		`Dir::State::lists "${join(state, "lists")}";`,
		`Dir::State::status "${join(state, "status")}";`,
		`Dir::Cache "${state}";`,
		`Dir::Cache::archives "${join(state, "archives")}";`,
		`Dir::Etc::SourceList "${join(state, "sources.list")}";`,
		'Dir::Etc::SourceParts "/dev/null";',
		'Dir::Etc::Preferences "/dev/null";',
		'Dir::Etc::PreferencesParts "/dev/null";',
		'Acquire::Languages "none";',
		// The folder is root's; apt's own user could not write there.
		'APT::Sandbox::User "root";',
		...options,
		"",
	].join("\n");
}
