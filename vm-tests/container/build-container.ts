import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { isolated, runTool } from "../../image/run-tool.ts";
import { cachedBuild, repository, testSigningKeyFile } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { kubernetesPrograms } from "../kubernetes/programs.ts";
import { buildBaseImage } from "./base-image.ts";
import { FileServer } from "./file-server.ts";
import { buildPackageRepository } from "./package-repository.ts";

/** The final stage of image/Dockerfile, built. */
export interface ContainerImage {
	/** Its file system; not to be changed. */
	readonly root: string;
	/** What a runtime starts: entry point and command. */
	readonly argv: readonly string[];
	/** What the build printed. */
	readonly log: string;
}

/** What a build reads of the repository: its mount has everything. */
const sources = [
	".dockerignore",
	"image/**/*",
	"vm-tests/container/*",
	"agent/**/*.ts",
	"server/**/*.ts",
	"tools/cache.ts",
	"initramfs-hooks/**/*",
	"docs/{man,completions}/*",
	"package-lock.json",
];

const failure = {
	code: "vm.container-build-failed",
	hint: "see the last lines: the step that failed is the last one named STEP",
};

/**
 * Builds image/Dockerfile with buildah, as a user would but for the base image and Kubernetes' packages, which come from
 * this machine; from the cache if nothing has changed.
 *
 * @throws {NetherdError} `vm.container-build-failed`, and what `kubernetesPrograms` and `buildBaseImage` throw.
 */
export async function buildContainer(say: (line: string) => void): Promise<ContainerImage> {
	await ensureDebianPackages(["buildah"], "build containers");
	const programs = await kubernetesPrograms(say);
	const base = await buildBaseImage(say);
	const packages = await buildPackageRepository(programs);
	const inputs = {
		files: sources,
		values: [base.key, packages.key, readFileSync(testSigningKeyFile, "utf8"), process.version],
	};
	const { folder } = await cachedBuild("container-image", inputs, async (folder) => {
		await using server = await FileServer.start(packages.folder);
		const storage = join(folder, "storage");
		const buildah = async (args: readonly string[], onLine?: (line: string) => void): Promise<string> =>
			await runTool(
				[
					...isolated,
					// Its own folders: nothing of this machine's containers is used or left.
					...["buildah", "--root", join(storage, "root"), "--runroot", join(storage, "run")],
					...["--storage-driver", "vfs", ...args],
				],
				{
					...failure,
					environment: { BUILDAH_ISOLATION: "chroot" },
					...(onLine === undefined ? {} : { onLine }),
				},
			);
		mkdirSync(storage);
		say("container: importing the base image");
		const scratch = (await buildah(["from", "scratch"])).trim();
		await buildah(["add", "--quiet", scratch, base.tar, "/"]);
		await buildah(["commit", "--quiet", "--rm", scratch, "netherd-test-base"]);

		const log: string[] = [];
		await buildah(buildArguments(server.url, programs.version.replace(/^v/, "")), (line) => {
			log.push(line);
			const step = /STEP \d+\/\d+: FROM .* AS (\S+)$/.exec(line)?.[1];
			if (step !== undefined) say(`container: building the stage ${step}`);
		});
		writeFileSync(join(folder, "build.log"), `${log.join("\n")}\n`);
		await searchLayers(storage);

		const container = (await buildah(["from", "netherd-test-companion"])).trim();
		const { OCIv1 } = JSON.parse(/\{.*/s.exec(await buildah(["inspect", container]))?.[0] ?? "") as {
			OCIv1: { config: { Entrypoint: string[]; Cmd: string[] } };
		};
		const argv = [...OCIv1.config.Entrypoint, ...OCIv1.config.Cmd];
		writeFileSync(join(folder, "argv.json"), JSON.stringify(argv));
		renameSync((await buildah(["mount", container])).trim(), join(folder, "root"));
		rmSync(storage, { recursive: true });
	});
	return {
		root: join(folder, "root"),
		argv: JSON.parse(readFileSync(join(folder, "argv.json"), "utf8")),
		log: readFileSync(join(folder, "build.log"), "utf8"),
	};
}

/**
 * Looks for the private key in all that is left of the build, the layers of its image, and for words that must be there: else
 * the search would find nothing anyway.
 */
async function searchLayers(storage: string): Promise<void> {
	const [, key = ""] = readFileSync(testSigningKeyFile, "utf8").split("\n");
	// In the licences beside the companion.
	const present = "Permission is hereby granted, free of charge";
	const patterns = [key, present].map((text) => `--regexp=${text}`);
	const { stdout } = await execa(
		"grep",
		["--recursive", "--no-filename", "--only-matching", "--text", "--fixed-strings", ...patterns, storage],
		{ env: { LC_ALL: "C" }, reject: false },
	);
	const found = stdout.split("\n");
	if (found.includes(present) && !found.includes(key)) return;
	throw new NetherdError(
		failure.code,
		found.includes(key)
			? "the private key is in a layer of the build"
			: "the search of the layers found nothing",
		{ hint: "a secret must be mounted in image/Dockerfile, and not copied" },
	);
}

function buildArguments(repositoryUrl: string, version: string): string[] {
	const buildArgument = (name: string, value: string) => ["--build-arg", `${name}=${value}`];
	return [
		...["build", "--file", join(repository, "image/Dockerfile"), "--tag", "netherd-test-companion"],
		...buildArgument("BASE_IMAGE", "localhost/netherd-test-base"),
		...buildArgument("RECIPE", "vm-tests/container/recipe.conf"),
		...buildArgument("DKMS_SOURCES", "image/examples/dkms"),
		...buildArgument("KUBERNETES_REPOSITORY", repositoryUrl),
		...buildArgument("KUBERNETES_KEY", `${repositoryUrl}Release.key`),
		...buildArgument("KUBERNETES_VERSION", `${version}-*`),
		...["--secret", `id=signing-key,src=${testSigningKeyFile}`],
		repository,
	];
}
