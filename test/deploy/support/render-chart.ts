import { globSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cachedBuild, repository } from "../../../tools/cache.ts";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";
import { downloadPackages } from "../../../vm-tests/kubernetes/debian-archive.ts";

/** An object as Kubernetes takes it. */
export interface KubernetesObject {
	readonly apiVersion: string;
	readonly kind: string;
	readonly metadata: { readonly name: string; readonly namespace?: string };
	readonly [member: string]: unknown;
}

export const chartFolder = join(repository, "deploy/helm/netherd-companion");

/**
 * Renders the chart with Go's text/template and sprig, which Helm uses; see render-chart.go for what is not Helm's.
 *
 * @param values Over those of the chart.
 */
export async function renderChart(
	values: object,
	{ release = "netherd", namespace = "netherd" } = {},
): Promise<KubernetesObject[]> {
	const { stdout } = await execa(await buildRenderer(), ["chart", chartFolder, release, namespace], {
		input: JSON.stringify(values),
	});
	return JSON.parse(stdout);
}

/** The objects in YAML files. */
export async function readManifests(files: readonly string[]): Promise<KubernetesObject[]> {
	const { stdout } = await execa(await buildRenderer(), ["manifests", ...files]);
	return JSON.parse(stdout);
}

const suite = "bookworm";
const goPackages = ["golang-1.19-go", "golang-1.19-src"];
/** sprig and what it imports. */
const libraries = [
	"golang-github-google-uuid-dev",
	"golang-github-huandu-xstrings-dev",
	"golang-github-imdario-mergo-dev",
	"golang-github-masterminds-goutils-dev",
	"golang-github-masterminds-semver-dev",
	"golang-github-masterminds-sprig-dev",
	"golang-github-mitchellh-copystructure-dev",
	"golang-github-mitchellh-reflectwalk-dev",
	"golang-github-shopspring-decimal-dev",
	"golang-github-spf13-cast-dev",
	"golang-golang-x-crypto-dev",
	"golang-golang-x-sys-dev",
	"golang-gopkg-yaml.v2-dev",
	"golang-gopkg-yaml.v3-dev",
];

/** Built once, with a Go that is unpacked and not installed. @returns Its path. */
export async function buildRenderer(): Promise<string> {
	const source = "test/deploy/support/render-chart.go";
	const inputs = {
		files: [source, "test/deploy/support/render-chart.ts", "vm-tests/kubernetes/debian-archive.ts"],
	};
	const { folder } = await cachedBuild("chart-renderer", inputs, async (folder) => {
		await ensureDebianPackages(["debian-archive-keyring", "dpkg"], "read Debian packages");
		const work = join(folder, "work");
		const names = [...goPackages, ...libraries];
		await downloadPackages(
			names.map((name) => ({ kind: "binary", name, suite })),
			work,
		);
		for (const file of globSync("*.deb", { cwd: work })) {
			await execa("dpkg-deb", ["--extract", join(work, file), join(work, "root")]);
		}
		const goRoot = join(work, "root/usr/lib/go-1.19");
		await execa(
			join(goRoot, "bin/go"),
			["build", "-o", join(folder, "render-chart"), join(repository, source)],
			{
				cwd: work,
				extendEnv: false,
				env: {
					PATH: "/usr/bin:/bin",
					HOME: work,
					GOROOT: goRoot,
					GOPATH: join(work, "root/usr/share/gocode"),
					GO111MODULE: "off",
					GOPROXY: "off",
					CGO_ENABLED: "0",
					GOFLAGS: "-trimpath",
				},
			},
		);
		await execa("rm", ["-rf", work]);
	});
	return join(folder, "render-chart");
}
