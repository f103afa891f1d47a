import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { type CachedBuild, cachedBuild, repository } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import type { KubernetesPrograms } from "../kubernetes/programs.ts";

/** A Debian package that the repository has. */
interface PackageContents {
	readonly name: string;
	readonly depends: string;
	/** From → path in the package. */
	readonly files: readonly (readonly [from: string, to: string])[];
	/** Path in the package → target. */
	readonly links?: readonly (readonly [path: string, target: string])[];
}

const nodeRoot = "vm-tests/kubernetes/node-root";
const units = "usr/lib/systemd/system";

/** The revision that Kubernetes' own packages have. */
const revision = "1.1";

/**
 * A package repository like Kubernetes' own: `Release.key`, `InRelease`, `Packages` and the packages in one folder, signed by
 * a key that is made for it. They have the names and dependencies of the real ones, and the programs that are given.
 */
export async function buildPackageRepository(programs: KubernetesPrograms): Promise<CachedBuild> {
	await ensureDebianPackages(["dpkg", "gpg", "gpg-agent", "gpgconf"], "make a package repository");
	const inputs = {
		files: ["vm-tests/container/package-repository.ts", `${nodeRoot}/**/*`],
		values: [programs.key],
	};
	return await cachedBuild("kubernetes-packages", inputs, async (folder) => {
		const stanzas: string[] = [];
		for (const contents of packagesOf(programs)) stanzas.push(await buildPackage(contents, programs, folder));
		writeFileSync(join(folder, "Packages"), stanzas.join("\n"));
		writeFileSync(join(folder, "Release"), release(readFileSync(join(folder, "Packages"))));
		await sign(folder);
	});
}

function packagesOf({ kubelet, kubeadm, kubectl }: KubernetesPrograms): readonly PackageContents[] {
	const fromNodeRoot = (path: string) => [join(repository, nodeRoot, path), path] as const;
	return [
		{
			name: "kubelet",
			depends: "kubernetes-cni, iptables, iproute2, mount, util-linux, ethtool, socat, conntrack",
			files: [
				[kubelet, "usr/bin/kubelet"],
				fromNodeRoot(`${units}/kubelet.service`),
				fromNodeRoot("etc/systemd/system/multi-user.target.d/kubelet.conf"),
			],
		},
		{
			name: "kubeadm",
			depends: "kubelet, kubectl, cri-tools",
			files: [
				[kubeadm, "usr/bin/kubeadm"],
				fromNodeRoot(`${units}/kubelet.service.d/10-kubeadm.conf`),
				fromNodeRoot("usr/lib/tmpfiles.d/kubernetes.conf"),
			],
		},
		{ name: "kubectl", depends: "", files: [[kubectl, "usr/bin/kubectl"]] },
		{ name: "cri-tools", depends: "", files: [fromNodeRoot("usr/bin/crictl")] },
		{
			name: "kubernetes-cni",
			depends: "containernetworking-plugins",
			// The network of the tests' cluster, which no package has.
			files: [fromNodeRoot("etc/cni/net.d/10-bridge.conflist")],
			links: [["opt/cni/bin", "/usr/lib/cni"]],
		},
	];
}

/** @returns Its stanza of the file Packages (https://wiki.debian.org/DebianRepository/Format). */
async function buildPackage(
	{ name, depends, files, links = [] }: PackageContents,
	{ version }: KubernetesPrograms,
	folder: string,
): Promise<string> {
	const root = join(folder, "root");
	for (const [from, to] of files) {
		mkdirSync(join(root, dirname(to)), { recursive: true });
		cpSync(from, join(root, to));
	}
	for (const [path, target] of links) {
		mkdirSync(join(root, dirname(path)), { recursive: true });
		symlinkSync(target, join(root, path));
	}
	const control = [
		`Package: ${name}`,
		`Version: ${version.replace(/^v/, "")}-${revision}`,
		"Architecture: amd64",
		"Maintainer: netherd's tests <tests@netherd.invalid>",
		...(depends === "" ? [] : [`Depends: ${depends}`]),
		`Description: ${name} for netherd's tests`,
		"",
	].join("\n");
	mkdirSync(join(root, "DEBIAN"));
	writeFileSync(join(root, "DEBIAN/control"), control);
	const file = `${name}.deb`;
	await execa("dpkg-deb", ["--root-owner-group", "-Znone", "--build", root, join(folder, file)]);
	rmSync(root, { recursive: true });
	const content = readFileSync(join(folder, file));
	return `${control}Filename: ./${file}\nSize: ${content.length}\nSHA256: ${sha256(content)}\n`;
}

function release(packages: Buffer): string {
	return [
		"Origin: netherd's tests",
		"Label: netherd's tests",
		`Date: ${new Date().toUTCString()}`,
		"Architectures: amd64",
		"SHA256:",
		` ${sha256(packages)} ${packages.length} Packages`,
		"",
	].join("\n");
}

async function sign(folder: string): Promise<void> {
	// The agent's socket is in there, and its path may have 107 bytes (unix(7)).
	const home = mkdtempSync(join(tmpdir(), "netherd-gpg-"));
	const gpg = async (...args: string[]) => await execa("gpg", ["--homedir", home, "--batch", ...args]);
	try {
		await gpg("--passphrase", "", "--quick-generate-key", "netherd tests", "ed25519", "sign", "never");
		await gpg("--clearsign", "--output", join(folder, "InRelease"), join(folder, "Release"));
		await gpg("--armor", "--output", join(folder, "Release.key"), "--export");
	} finally {
		await execa("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]);
		rmSync(home, { recursive: true, force: true });
	}
}

function sha256(content: Buffer): string {
	return createHash("sha256").update(content).digest("hex");
}
