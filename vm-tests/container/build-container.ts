import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { runTool } from "../../image/run-tool.ts";
import { cachedBuild, testSigningKeyFile } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { kubernetesPrograms } from "../kubernetes/programs.ts";
import { buildBaseImage } from "./base-image.ts";
import { FileServer } from "./file-server.ts";
import { buildPackageRepository } from "./package-repository.ts";
import { UnprivilegedUser } from "./unprivileged-user.ts";

/** The final stage of image/Dockerfile, built. */
export interface ContainerImage {
	/** Its file system; not to be changed. */
	readonly root: string;
	/** What a runtime starts: entry point and command. */
	readonly argv: readonly string[];
	/** Whether buildah found itself without the privileges of root. */
	readonly isRootless: boolean;
}

const packScript = 'tar --create --xattrs --numeric-owner --directory="$(buildah mount "$1")" .';
const unpackScript = `set -eo pipefail
root=$1
mkdir "$root"
shift
"$@" | tar --extract --xattrs --xattrs-include='*' --numeric-owner --preserve-permissions --directory="$root"`;

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
 * Builds image/Dockerfile with buildah, as a user without privileges would but for the base image and Kubernetes' packages,
 * which come from this machine; from the cache if nothing has changed.
 *
 * @throws {NetherdError} `vm.container-build-failed`, and what `kubernetesPrograms` and `buildBaseImage` throw.
 */
export async function buildContainer(say: (line: string) => void): Promise<ContainerImage> {
	await ensureDebianPackages(["buildah", "uidmap"], "build containers");
	const programs = await kubernetesPrograms(say);
	const base = await buildBaseImage(say);
	const packages = await buildPackageRepository(programs);
	const inputs = {
		files: sources,
		values: [base.key, packages.key, readFileSync(testSigningKeyFile, "utf8"), process.version],
	};
	const { folder } = await cachedBuild("container-image", inputs, async (folder) => {
		await using server = await FileServer.start(packages.folder);
		const userFolder = join(folder, "user");
		const user = await UnprivilegedUser.create(userFolder);
		await user.copyRepository("netherd");
		await user.copy([testSigningKeyFile, base.tar], "");
		const buildahArgv = (...args: string[]) =>
			user.argv("netherd", [
				...["env", "BUILDAH_ISOLATION=chroot", "STORAGE_DRIVER=vfs", "buildah", ...args],
			]);
		const buildah = async (...args: string[]) => await runTool(buildahArgv(...args), failure);

		say("container: importing the base image, as a user without privileges");
		const scratch = (await buildah("from", "scratch")).trim();
		await buildah("add", "--quiet", scratch, "../base.tar", "/");
		await buildah("commit", "--quiet", "--rm", scratch, "netherd-test-base");

		const log: string[] = [];
		await runTool(buildahArgv(...buildArguments(server.url, programs.version.replace(/^v/, ""))), {
			...failure,
			onLine(line) {
				log.push(line);
				const step = /STEP \d+\/\d+: FROM .* AS (\S+)$/.exec(line)?.[1];
				if (step !== undefined) say(`container: building the stage ${step}`);
			},
		});
		writeFileSync(join(folder, "build.log"), `${log.join("\n")}\n`);
		await searchLayers(user.path(".local/share/containers/storage"));

		const container = (await buildah("from", "netherd-test-companion")).trim();
		const { OCIv1 } = JSON.parse(/\{.*/s.exec(await buildah("inspect", container))?.[0] ?? "") as {
			OCIv1: { config: { Entrypoint: string[]; Cmd: string[] } };
		};
		const argv = [...OCIv1.config.Entrypoint, ...OCIv1.config.Cmd];
		const { host } = JSON.parse(await buildah("info")) as { host: { rootless: boolean } };
		writeFileSync(join(folder, "container.json"), JSON.stringify({ argv, isRootless: host.rootless }));
		// Its owners are users of the container only for who built it.
		const pack = buildahArgv("unshare", "sh", "-c", packScript, "sh", container);
		await runTool(["bash", "-c", unpackScript, "bash", join(folder, "root"), ...pack], failure);
		rmSync(userFolder, { recursive: true });
	});
	return {
		root: join(folder, "root"),
		...(JSON.parse(readFileSync(join(folder, "container.json"), "utf8")) as Omit<ContainerImage, "root">),
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
		...["build", "--file", "image/Dockerfile", "--tag", "netherd-test-companion"],
		...buildArgument("BASE_IMAGE", "localhost/netherd-test-base"),
		...buildArgument("RECIPE", "vm-tests/container/recipe.conf"),
		...buildArgument("DKMS_SOURCES", "image/examples/dkms"),
		...buildArgument("KUBERNETES_REPOSITORY", repositoryUrl),
		...buildArgument("KUBERNETES_KEY", `${repositoryUrl}Release.key`),
		...buildArgument("KUBERNETES_VERSION", `${version}-*`),
		...["--secret", `id=signing-key,src=../${basename(testSigningKeyFile)}`],
		".",
	];
}
