/**
 * Every external program and every absolute path that the agent uses. Imports nothing: the image build and the
 * initramfs hook read it to know what to put where.
 */

/** Programs that stage 1 runs in the initramfs; the hook copies them (or busybox has them). */
export const initramfsPrograms = {
	mount: "mount",
	umount: "umount",
	modprobe: "modprobe",
	chroot: "chroot",
	losetup: "losetup",
	nbdClient: "nbd-client",
	sh: "sh",
} as const;

/** Programs that stages 2 and 3 run in the node's root. */
export const nodePrograms = {
	sh: "/bin/sh",
	mount: "mount",
	umount: "umount",
	kubeadm: "kubeadm",
	systemctl: "systemctl",
	chpasswd: "chpasswd",
	ip: "ip",
	/** In units, which take absolute paths only. */
	swapon: "/usr/sbin/swapon",
	journalctl: "/usr/bin/journalctl",
	systemctlInUnits: "/bin/systemctl",
	systemdNotify: "systemd-notify",
	logger: "/usr/bin/logger",
} as const;

/** Kernel modules that stage 1 loads. */
export const initramfsModules = ["loop", "squashfs", "overlay"] as const;
export const networkBlockDeviceModule = "nbd";

export const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The agent in a node's root and in the initramfs. */
export const agentProgram = "/usr/lib/netherd/agent";

/** Everything that the agent leaves for people and for later stages. */
export const stateFolder = "/run/netherd";
export const logFile = `${stateFolder}/agent.log`;
export const secretsFile = `${stateFolder}/secrets.json`;
/** The root image's own tmpfs; mounts below /run survive switch_root. */
export const imageFolder = `${stateFolder}/image`;
export const imageFile = `${imageFolder}/image.squashfs`;
/** Where stage 1 assembles the overlay: the read-only image, and the tmpfs that holds upper and work folder. */
export const readOnlyMount = `${stateFolder}/rofs`;
export const writableMount = `${stateFolder}/cow`;
/** The names by which LTSP 5 users know these two, inside the node's root. */
export const readOnlyAlias = "/rofs";
export const writableAlias = "/cow";

/** In an initramfs that holds the whole root: the root, what its build says about it, and a file that is unpacked last. */
export const wholeRootFolder = "/netherd/root";
export const wholeRootDescription = "/netherd/root.json";
export const wholeRootEnd = "/netherd/root-complete";
/** `root=` for it. */
export const rootInInitramfs = "initramfs";

/** Block device for an image that stays on the server. */
export const networkBlockDevice = "/dev/nbd0";

/** kubeadm's configuration for each endpoint, with the token: in RAM, readable by root alone. */
export const joinFolder = `${stateFolder}/join`;
/** Where kubelet and container runtimes keep their data. */
export const kubeletStorage = "/var/lib/kubelet";
export const containerdStorage = "/var/lib/containerd";
export const crioStorage = "/var/lib/containers";
export const dockerStorage = "/var/lib/docker";
export const nodeStorage = [kubeletStorage, containerdStorage, crioStorage, dockerStorage];
/** Where container runtimes listen: containerd, CRI-O, Docker with cri-dockerd. */
export const containerRuntimeSockets = [
	"/run/containerd/containerd.sock",
	"/run/crio/crio.sock",
	"/run/cri-dockerd.sock",
];
export const dockerSocket = "/run/docker.sock";
export const kubeletConfiguration = "/etc/kubernetes/kubelet.conf";
/** Where a kubelet keeps the certificate by which the cluster knows it. */
export const kubeletClientCertificate = `${kubeletStorage}/pki/kubelet-client-current.pem`;
/** What a kubeadm join that did not end well leaves, and what its next run trips over. */
export const kubeadmLeftovers = [
	"/etc/kubernetes/bootstrap-kubelet.conf",
	kubeletConfiguration,
	"/etc/kubernetes/pki/ca.crt",
] as const;
export const kubeletUnit = "kubelet.service";
/** A name for this boot, which the kubelet tells the cluster (random(4)). */
export const bootIdentity = "/proc/sys/kernel/random/boot_id";
export const joinUnitName = "netherd-join.service";
/** The unit that asks kubeadm for its version while the network comes up, and its answer. */
export const kubeadmUnitName = "netherd-kubeadm.service";
export const kubeadmVersionFile = `${stateFolder}/kubeadm-version`;
export const joinUnitFile = `/etc/systemd/system/${joinUnitName}`;
/** How far the join is, for `agent status`. */
export const joinStateFile = `${stateFolder}/join/state.json`;

export const ltsConf = "/etc/lts.conf";
/** In an initramfs and in a node's root: public keys (`*.pem`) whose signatures count, and which build it is. */
export const trustedKeysFolder = "/etc/netherd/trusted-keys";
export const buildIdFile = "/etc/netherd/build-id";
/** In an initramfs: certificate authorities of one's own (PEM), for images over https. */
export const certificatesFile = "/etc/netherd/ca.pem";
export const kernelCommandLine = "/proc/cmdline";
export const kernelLog = "/dev/kmsg";
/** There as soon as systemd is PID 1 (sd_booted(3)). */
export const runningSystemd = "/run/systemd/system";
/** Names of the consoles in use (Documentation/ABI/testing/sysfs-tty). */
export const activeConsoles = "/sys/class/tty/console/active";
/** Documentation/admin-guide/sysrq.rst */
export const systemRequest = "/proc/sysrq-trigger";
export const mountTable = "/proc/self/mounts";
export const memoryInformation = "/proc/meminfo";
/** SMBIOS UUID of the machine (Documentation/ABI/testing/sysfs-class-dmi). */
export const machineUuid = "/sys/class/dmi/id/product_uuid";
/** initramfs-tools leaves the DHCP answer in `net-DEVICE.conf` here (initramfs-tools(7)). */
export const dhcpAnswersFolder = "/run";

export const networkInterfaces = "/sys/class/net";

/** In a node's root: where systemd looks for units (systemd.unit(5)), and for SysV scripts. */
export const unitFolders = [
	"/etc/systemd/system",
	"/usr/lib/systemd/system",
	"/usr/local/lib/systemd/system",
];
export const sysvScripts = "/etc/init.d";
export const rcLocal = "/etc/rc.local";

/** Folder of a stage's facts.json, plan.json and journal.jsonl. */
export function stageFolder(stage: string): string {
	return `${stateFolder}/${stage}`;
}
