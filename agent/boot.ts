import type { InitFacts, InitramfsFacts, JoinFacts } from "./facts/facts.ts";
import { hostName } from "./init/10-host-name.ts";
import { hosts } from "./init/15-hosts.ts";
import { dns } from "./init/20-dns.ts";
import { kernelModules } from "./init/25-kernel-modules.ts";
import { sysctl } from "./init/30-sysctl.ts";
import { kubernetesKernel } from "./init/33-kubernetes-kernel.ts";
import { initCommand } from "./init/35-init-command.ts";
import { cron } from "./init/40-cron.ts";
import { fstab } from "./init/45-fstab.ts";
import { network } from "./init/50-network.ts";
import { machineId } from "./init/55-machine-id.ts";
import { rcLocal } from "./init/60-rc-local.ts";
import { services } from "./init/65-services.ts";
import { time } from "./init/70-time.ts";
import { swap } from "./init/75-swap.ts";
import { syslog } from "./init/80-syslog.ts";
import { accounts } from "./init/85-accounts.ts";
import { joinUnit } from "./init/90-join-unit.ts";
import { kubeletCertificate } from "./init/91-kubelet-certificate.ts";
import { readAhead } from "./init/92-read-ahead.ts";
import { preinit } from "./init/95-preinit.ts";
import { handOver } from "./init/99-hand-over.ts";
import { loadModules } from "./initramfs/10-load-modules.ts";
import { fetchImageStep } from "./initramfs/20-fetch-image.ts";
import { mountImage } from "./initramfs/30-mount-image.ts";
import { assembleRoot } from "./initramfs/40-assemble-root.ts";
import { writeJoinConfiguration } from "./join/10-join-configuration.ts";
import { joinCluster } from "./join/20-join-cluster.ts";
import type { Inputs } from "./plan/inputs.ts";
import { orAbort, orWarn, type Stage } from "./plan/step.ts";

/*
 * THE PAGE: what a node does from the initramfs to the cluster, in order. A step that may not fail stops the boot
 * (orAbort); of any other, a failure is shown and the boot goes on (orWarn): a node that is up can be looked at.
 */

/** In the initramfs: the root image into RAM, and a writable root over it. */
export const initramfsStage: Stage<Inputs<InitramfsFacts>> = {
	name: "initramfs",
	steps: [orAbort(loadModules), orAbort(fetchImageStep), orAbort(mountImage), orAbort(assembleRoot)],
};

/** In the new root, before systemd: everything that lts.conf says about the system. Bad values stop it while planning. */
export const initStage: Stage<Inputs<InitFacts>> = {
	name: "init",
	steps: [
		orWarn(hostName),
		orWarn(hosts),
		orWarn(dns),
		orWarn(kernelModules),
		orWarn(sysctl),
		orWarn(kubernetesKernel),
		orWarn(initCommand),
		orWarn(cron),
		orWarn(fstab),
		orWarn(network),
		orWarn(machineId),
		orWarn(rcLocal),
		orWarn(services),
		orWarn(time),
		orWarn(swap),
		orWarn(syslog),
		orWarn(accounts),
		orWarn(joinUnit),
		orWarn(kubeletCertificate),
		orWarn(readAhead),
		orWarn(preinit),
		orWarn(handOver),
	],
};

/** A unit on the running node, after network and container runtime. */
export const joinStage: Stage<Inputs<JoinFacts>> = {
	name: "join",
	steps: [orAbort(writeJoinConfiguration), orAbort(joinCluster)],
};
