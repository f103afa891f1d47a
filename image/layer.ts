import {
	chmodSync,
	cpSync,
	mkdirSync,
	readdirSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { agentProgram, initramfsPrograms, trustedKeysFolder } from "../agent/paths.ts";
import type { PublicKey } from "../agent/trust/keys.ts";
import { repository } from "../tools/cache.ts";
import type { Executable } from "./executable.ts";
import { maskedGenerators, maskedUnits } from "./masked-units.ts";
import type { ImageSettings } from "./recipe.ts";

/** Files of the repository that end up in an image, as glob patterns for a cache key. */
export const layerSources: readonly string[] = [
	"image/root/**/*",
	"image/stand-in/*",
	"image/test-channel/*",
	"initramfs-hooks/*/**/*",
	"agent/paths.ts",
	"docs/man/*",
	"docs/completions/*",
];

const hooks = "initramfs-hooks";

/** What an image's layer depends on. */
export type LayerSettings = Pick<
	ImageSettings,
	"files" | "mask" | "initramfsLevel" | "standInKubeadm" | "testChannel"
>;

/** For a person who logs in on a node: manual page and completions of the agent, where man and the shells look. */
const documents: readonly (readonly [from: string, to: string])[] = [
	["docs/man/netherd-agent.8", "usr/share/man/man8/netherd-agent.8"],
	["docs/completions/netherd-agent.bash", "usr/share/bash-completion/completions/netherd-agent"],
	["docs/completions/_netherd-agent", "usr/share/zsh/vendor-completions/_netherd-agent"],
	["docs/completions/netherd-agent.fish", "usr/share/fish/vendor_completions.d/netherd-agent.fish"],
];

/**
 * Writes everything that an image has besides its distribution's packages into a folder that mirrors the root.
 *
 * @param trustedKeys Keys whose signatures the nodes accept.
 * @param folder Is created.
 * @param notOurs Files of image/root that the root has its own of.
 */
export function writeLayer(
	settings: LayerSettings,
	agent: Pick<Executable, "path" | "licences">,
	trustedKeys: readonly PublicKey[],
	folder: string,
	notOurs: readonly string[] = [],
): void {
	const copy = (from: string, to: string): void => {
		cpSync(join(repository, from), join(folder, to), { recursive: true, verbatimSymlinks: true });
	};
	const write = (to: string, content: string): void => {
		mkdirSync(join(folder, dirname(to)), { recursive: true });
		writeFileSync(join(folder, to), content);
	};
	const link = (to: string, target: string): void => {
		mkdirSync(join(folder, dirname(to)), { recursive: true });
		symlinkSync(target, join(folder, to));
	};
	copy("image/root", ".");
	for (const path of notOurs) rmSync(join(folder, path));

	mkdirSync(join(folder, dirname(agentProgram)), { recursive: true });
	cpSync(agent.path, join(folder, agentProgram));
	link("usr/sbin/netherd-agent", agentProgram);
	mkdirSync(join(folder, "usr/share/doc/netherd"), { recursive: true });
	cpSync(agent.licences, join(folder, "usr/share/doc/netherd/licences.txt"));
	for (const [from, to] of documents) copy(from, to);
	for (const unit of [...maskedUnits, ...settings.mask]) link(`etc/systemd/system/${unit}`, "/dev/null");
	for (const generator of maskedGenerators) link(`etc/systemd/system-generators/${generator}`, "/dev/null");

	// For both, whatever the root has.
	copy(`${hooks}/shared`, "usr/share/netherd");
	copy(`${hooks}/initramfs-tools/hooks`, "usr/share/initramfs-tools/hooks");
	copy(`${hooks}/initramfs-tools/scripts`, "usr/share/initramfs-tools/scripts");
	copy(`${hooks}/dracut`, "usr/lib/dracut/modules.d");
	write("usr/share/netherd/initramfs-programs", programList());
	write("etc/initramfs-tools/conf.d/netherd", initramfsSettings(settings));

	if (settings.standInKubeadm) copy("image/stand-in/kubeadm", "usr/bin/kubeadm");
	if (settings.testChannel) {
		copy("image/test-channel/netherd-test-shell", "usr/lib/netherd/netherd-test-shell");
		copy(
			"image/test-channel/netherd-test-shell.service",
			"usr/lib/systemd/system/netherd-test-shell.service",
		);
		copy(
			"image/test-channel/70-netherd-test-shell.rules",
			"usr/lib/udev/rules.d/70-netherd-test-shell.rules",
		);
	}
	makeReadable(folder);
	// With the modes that their owner gave them.
	for (const files of settings.files) cpSync(files, folder, { recursive: true, verbatimSymlinks: true });
	// Last, so that none of the recipe's files stands in for them.
	for (const { id, pem } of trustedKeys) write(`${trustedKeysFolder}/${id}.pem`, pem);
	makeReadable(join(folder, dirname(trustedKeysFolder)));
}

/** The list that the hook reads: names, one a line. */
function programList(): string {
	return `${Object.values(initramfsPrograms).sort().join("\n")}\n`;
}

/** initramfs.conf(5). A node has no disks: the hook names every module that the initramfs needs. */
function initramfsSettings({ initramfsLevel }: LayerSettings): string {
	return `MODULES=list\nBUSYBOX=y\nCOMPRESS=zstd\nCOMPRESSLEVEL=${initramfsLevel}\nRESUME=none\n`;
}

/** Modes as in the repository whatever the umask of the clone: 755 for folders and programs, 644 else. */
function makeReadable(folder: string): void {
	chmodSync(folder, 0o755);
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) makeReadable(path);
		else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
	}
}
