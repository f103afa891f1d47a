import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testSigningKeyFile } from "../../tools/cache.ts";
import type { BootServer } from "../kubernetes/cluster-farm.ts";
import type { ContainerImage } from "./build-container.ts";

/** As deploy/kubernetes mounts the Secrets. */
const signingKeyFile = "/etc/netherd/signing/signing-key.pem";
const tokenFile = "/etc/netherd/join-token/token";

/** What deploy/kubernetes gives the container. */
const capabilities = ["kill", "setgid", "setuid", "setpcap", "net_bind_service", "net_admin", "net_raw"];

/**
 * The container of an image as a runtime would start it, without one: the image's root, read-only, with the farm's folder and
 * the Secrets mounted, its entry point and command, the Deployment's capabilities, no new privileges.
 *
 * @param folder For its mounts and its script.
 */
export function containerServer(image: ContainerImage, folder: string): BootServer {
	return {
		signingKeyFile,
		tokenFile,
		argv(farmFolder, configFile, token) {
			const script = join(folder, "start-container.sh");
			writeFileSync(script, startScript({ image, farmFolder, configFile, token, folder }));
			return ["unshare", "--mount", "--propagation=private", "sh", script, ...image.argv];
		},
	};
}

function startScript(parts: {
	image: ContainerImage;
	farmFolder: string;
	configFile: string;
	token: string;
	folder: string;
}): string {
	const bounding = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
	return `set -e
cd '${parts.folder}'
cp '${parts.configFile}' '${parts.farmFolder}/companion.ini'
mkdir -p container
mount -t tmpfs tmpfs container
cd container
mkdir upper work root
mount -t overlay overlay -o 'lowerdir=${parts.image.root},upperdir=upper,workdir=work' root
mkdir -p root${dirname(signingKeyFile)} root${dirname(tokenFile)}
touch root${signingKeyFile} root${tokenFile}
mount --bind '${testSigningKeyFile}' root${signingKeyFile}
mount --bind '${parts.token}' root${tokenFile}
mount --bind '${parts.farmFolder}' root/srv/netherd/farm
mount -o remount,bind,ro root/srv/netherd/farm
mount --rbind /proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs tmpfs root/tmp
mount -o remount,ro root
exec chroot root env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
	setpriv --bounding-set=${bounding} --inh-caps=-all --no-new-privs -- "$@"
`;
}
