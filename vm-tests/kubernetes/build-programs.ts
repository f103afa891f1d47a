import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { NetherdError } from "../../agent/errors.ts";
import { isolated, runTool } from "../../image/run-tool.ts";
import { downloadPackages } from "./debian-archive.ts";

/** What Debian's source package holds: nothing newer is in Debian. */
export const builtVersion = "v1.20.2";

const commands = ["kubeadm", "kubelet", "kubectl", "kube-apiserver", "kube-controller-manager"];
/**
 * Kubernetes' own tags to leave out the cloud providers and the Docker shim, which a node on bare metal with containerd does
 * not use: a third of the work.
 */
const tags = "providerless,dockerless";
/** How many packages these consist of, for the progress alone. */
const packageCount = 2190;

/**
 * Builds Kubernetes from Debian's source package, which has all that it needs in it, with the Go of its time: kubeadm
 * crashes when Go 1.19 has built it. Without any network once the sources are there.
 *
 * @param folder Gets the programs; empty before.
 * @throws {NetherdError} `kubernetes.build-failed`, and what `downloadPackages` throws.
 */
export async function buildKubernetes(folder: string, say: (line: string) => void): Promise<void> {
	const work = join(folder, "work");
	say(`kubernetes: downloading the source of ${builtVersion} and Go 1.15`);
	await downloadPackages(
		[
			{ kind: "source", name: "kubernetes", suite: "bookworm" },
			{ kind: "binary", name: "golang-1.15-go", suite: "bullseye" },
			{ kind: "binary", name: "golang-1.15-src", suite: "bullseye" },
		],
		work,
	);
	const go = new GoTree(work);
	await go.unpack();
	say("kubernetes: generating the API's description");
	await go.generateOpenApi();

	say(`kubernetes: building ${commands.join(", ")}: ten minutes on two cores, once`);
	const startedMs = performance.now();
	let saidMs = startedMs;
	let built = 0;
	await go.run(
		[
			...["build", "-v", "-mod=vendor", "-tags", tags, "-trimpath", "-ldflags", linkerFlags()],
			...["-o", `${folder}/`, ...commands.map((name) => `./cmd/${name}`)],
		],
		{
			onLine: (line) => {
				built++;
				const nowMs = performance.now();
				if (nowMs - saidMs < 15_000) return;
				saidMs = nowMs;
				const seconds = ((nowMs - startedMs) / 1000).toFixed(0);
				say(`kubernetes: ${seconds} s, package ${built} of about ${packageCount}: ${line}`);
			},
		},
	);
	rmSync(work, { recursive: true });
	say(`kubernetes: built in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}

/** Go and the source in a folder, as Go 1.15 wants them: below a GOPATH, because the generator knows no modules. */
class GoTree {
	readonly #folder: string;
	readonly #source: string;

	constructor(folder: string) {
		this.#folder = folder;
		this.#source = join(folder, "gopath/src/k8s.io/kubernetes");
	}

	async unpack(): Promise<void> {
		const [source] = globSync(`kubernetes_*${builtVersion.slice(1)}.orig.tar.gz`, { cwd: this.#folder });
		if (source === undefined) {
			throw new NetherdError(
				"kubernetes.build-failed",
				`Debian's source package is not ${builtVersion}: ${globSync("kubernetes_*", { cwd: this.#folder }).join(", ")}`,
				{ hint: "the version is in vm-tests/kubernetes/build-programs.ts" },
			);
		}
		mkdirSync(this.#source, { recursive: true });
		await tool([
			"tar",
			"--extract",
			"--strip-components=1",
			`--directory=${this.#source}`,
			"--file",
			join(this.#folder, source),
		]);
		for (const file of globSync("golang-*.deb", { cwd: this.#folder })) {
			await tool(["dpkg-deb", "--extract", join(this.#folder, file), join(this.#folder, "go")]);
		}
		// It would be scanned with the source.
		for (const file of globSync("*.{deb,gz,xz,dsc}", { cwd: this.#folder })) rmSync(join(this.#folder, file));
	}

	/** The one generated file that Debian's source package lacks (build/root/Makefile.generated_files has the recipe). */
	async generateOpenApi(): Promise<void> {
		const generator = join(this.#folder, "openapi-gen");
		await this.run(["build", "-o", generator, "./vendor/k8s.io/kube-openapi/cmd/openapi-gen"], {
			modules: false,
		});
		const prefix = "k8s.io/kubernetes";
		const inputs = taggedPackages(this.#source).map((folder) => `${prefix}/${folder}`);
		await this.#tool(
			[
				...[generator, "--logtostderr", "--input-dirs", inputs.join(",")],
				...[
					"--output-package",
					`${prefix}/pkg/generated/openapi`,
					"--output-file-base",
					"zz_generated.openapi",
				],
				...["--go-header-file", "vendor/k8s.io/code-generator/hack/boilerplate.go.txt"],
				...["--report-filename", join(this.#folder, "violations")],
			],
			{ modules: false },
		);
	}

	async run(args: readonly string[], options: ToolOptions): Promise<void> {
		await this.#tool([join(this.#folder, "go/usr/lib/go-1.15/bin/go"), ...args], options);
	}

	async #tool(argv: readonly string[], { modules = true, onLine }: ToolOptions): Promise<void> {
		const goRoot = join(this.#folder, "go/usr/lib/go-1.15");
		await tool(
			[
				...[...isolated, "unshare", "--net", "env", "--ignore-environment", `--chdir=${this.#source}`],
				...[`PATH=${goRoot}/bin:/usr/bin:/bin`, `HOME=${this.#folder}`, `TMPDIR=${this.#folder}`],
				...[
					`GOROOT=${goRoot}`,
					`GOPATH=${join(this.#folder, "gopath")}`,
					`GOCACHE=${join(this.#folder, "cache")}`,
				],
				...[
					"GOENV=off",
					"GOPROXY=off",
					"GOSUMDB=off",
					"CGO_ENABLED=0",
					`GO111MODULE=${modules ? "on" : "off"}`,
				],
				...argv,
			],
			onLine,
		);
	}
}

interface ToolOptions {
	readonly modules?: boolean;
	readonly onLine?: (line: string) => void;
}

async function tool(argv: readonly string[], onLine?: (line: string) => void): Promise<void> {
	const [program = "", ...args] = argv;
	await runTool([program, ...args], {
		code: "kubernetes.build-failed",
		hint: "see the last lines; the build needs 4 GB below .cache while it runs, and 2 GB of memory",
		...(onLine === undefined ? {} : { onLine }),
	});
}

/** Folders of Go packages whose types are part of the API's description, by the name that the generator wants. */
function taggedPackages(source: string): string[] {
	const files = execFileSync(
		"grep",
		["--recursive", "--files-with-matches", "--include=*.go", "+k8s:openapi-gen=", "pkg", "staging"],
		{ cwd: source, encoding: "utf8", maxBuffer: 1 << 24 },
	);
	const folders = files
		.trim()
		.split("\n")
		.filter((file) => !/code-generator|sample-apiserver|\/testdata\//.test(file))
		.map((file) => file.replace(/\/[^/]*$/, "").replace(/^staging\/src\//, "vendor/"));
	return [...new Set(folders)].sort();
}

/** What `kubeadm version` and the others say of themselves. */
function linkerFlags(): string {
	const [, major, minor] = /^v(\d+)\.(\d+)/.exec(builtVersion) ?? [];
	const values = {
		gitVersion: builtVersion,
		gitMajor: major,
		gitMinor: minor,
		gitTreeState: "clean",
		gitCommit: "faecb196815e248d3ecfb03c680a4507229c2a56",
		buildDate: "2021-01-13T13:20:00Z",
	};
	const variables = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((name) =>
		Object.entries(values).map(([variable, value]) => `-X ${name}.${variable}=${value}`),
	);
	return ["-s -w", ...variables].join(" ");
}
