import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CompanionEvent } from "../../../server/events.ts";
import { repository } from "../../../tools/cache.ts";
import type { TwoHosts } from "../../server/support/two-hosts.ts";
import type { Deployment } from "./deployment.ts";

/**
 * The files of a volume as the kubelet writes those of a ConfigMap or a Secret: links to `..data`, which is a link to a
 * folder with the files; a change is a new folder, and one rename of the link.
 */
export class AtomicVolume {
	readonly folder: string;
	#generation = 0;

	readonly #mode: number;

	constructor(folder: string, files: Readonly<Record<string, string>>, mode = 0o644) {
		this.folder = folder;
		this.#mode = mode;
		mkdirSync(folder);
		this.write(files);
		for (const name of Object.keys(files)) symlinkSync(join("..data", name), join(folder, name));
	}

	write(files: Readonly<Record<string, string>>): void {
		const before = `..2026_01_01_${this.#generation}`;
		const generation = `..2026_01_01_${++this.#generation}`;
		mkdirSync(join(this.folder, generation));
		for (const [name, text] of Object.entries(files)) {
			writeFileSync(join(this.folder, generation, name), text, { mode: this.#mode });
		}
		symlinkSync(generation, join(this.folder, "..data_tmp"));
		renameSync(join(this.folder, "..data_tmp"), join(this.folder, "..data"));
		rmSync(join(this.folder, before), { recursive: true, force: true });
	}
}

/**
 * The Deployment's container as a runtime would start it, without one: this machine's files under a root of its own that is
 * read-only, the volumes where the Deployment mounts them, its command, its user and its capabilities, no new
 * privileges; on the network of a test's host. Not there: the seccomp profile, and a file system that has no more than the
 * container image.
 */
export class Container {
	readonly events: CompanionEvent[] = [];
	readonly child: ChildProcess;
	#stderr = "";
	#tell = () => {};

	/**
	 * @param folder For its mounts; empty.
	 * @param volumes Folder of each volume by its name; those that are not named are left out, as optional ones are.
	 * @param tree The boot tree of the container image.
	 */
	constructor(
		hosts: TwoHosts,
		deployment: Deployment,
		{ folder, tree, volumes }: { folder: string; tree: string; volumes: Readonly<Record<string, string>> },
	) {
		const [container] = deployment.spec.template.spec.containers;
		if (container === undefined) throw new Error("no container");
		const script = join(folder, "start.sh");
		writeFileSync(script, startScript(deployment, { tree, volumes, folder }));
		chmodSync(script, 0o755);
		const [file, ...args] = hosts.argv("server", [
			...["unshare", "--mount", "--propagation=private", "sh", script],
			...container.command,
			...container.args,
		]);
		this.child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
		this.child.stderr?.on("data", (chunk) => {
			this.#stderr += chunk;
		});
		if (this.child.stdout === null) throw new Error("no standard output");
		createInterface({ input: this.child.stdout }).on("line", (line) => {
			this.events.push(JSON.parse(line));
			this.#tell();
		});
		this.child.once("close", () => this.#tell());
	}

	async event(name: CompanionEvent["event"]): Promise<CompanionEvent> {
		for (;;) {
			const found = this.events.find(({ event }) => event === name);
			if (found !== undefined) return found;
			if (this.child.exitCode !== null) throw new Error(`it ended without ${name}: ${this.#stderr}`);
			await new Promise<void>((resolve) => {
				this.#tell = resolve;
			});
		}
	}
}

function startScript(
	deployment: Deployment,
	{ tree, volumes, folder }: { tree: string; volumes: Readonly<Record<string, string>>; folder: string },
): string {
	const [container] = deployment.spec.template.spec.containers;
	const mounts = (container?.volumeMounts ?? []).flatMap(({ name, mountPath, readOnly }) => {
		const volume = deployment.spec.template.spec.volumes.find((each) => each.name === name);
		if (volume?.emptyDir !== undefined)
			return [`mkdir -p root${mountPath} && mount -t tmpfs tmpfs root${mountPath}`];
		const source = volumes[name];
		if (source === undefined) return [];
		return [
			`mkdir -p root${mountPath} && mount --bind ${source} root${mountPath}`,
			...(readOnly === true ? [`mount -o remount,bind,ro root${mountPath}`] : []),
		];
	});
	const capabilities = [
		"-all",
		...(container?.securityContext.capabilities.add ?? []).map((name) => `+${name.toLowerCase()}`),
	];
	return `set -e
cd ${folder}
mkdir layer && mount -t tmpfs tmpfs layer && mkdir layer/upper layer/work root
mount -t overlay overlay -o lowerdir=/,upperdir=layer/upper,workdir=layer/work root
mkdir -p root/srv/netherd root/etc/netherd root/usr/local/bin root/opt/netherd
mount --bind ${repository} root/opt/netherd
touch root/opt/node
mount --bind ${process.execPath} root/opt/node
mount --rbind /proc root/proc
mount --rbind /dev root/dev
rm -f root/usr/local/bin/companion
printf '#!/bin/sh\\nexec /opt/node /opt/netherd/server/main.ts "$@"\\n' >root/usr/local/bin/companion
chmod 755 root/usr/local/bin/companion
mount --bind ${tree} root/srv/netherd
${mounts.join("\n")}
mount -o remount,bind,ro root/srv/netherd
mount -o remount,ro root
exec chroot root setpriv --bounding-set=${capabilities.join(",")} --inh-caps=-all --no-new-privs -- "$@"
`;
}
