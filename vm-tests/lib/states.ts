import type { NodeState } from "./booted-node.ts";
import { standInEndpoint } from "./stand-in-api.ts";

/** Enough for kernel, initramfs, the test image in RAM and a system without workload. */
export const memoryMiB = 2048;

/** The secret half of the bootstrap token: it must not show up anywhere. */
export const joinTokenSecret = "s3cretsecretsecr";

/** What a join needs in lts.conf: the stand-in API server, and values of the right form that mean nothing to the stand-ins. */
export const joinKeys = `
KUBEADM_JOIN_ENDPOINT = "${standInEndpoint}"
KUBEADM_JOIN_TOKEN = vmtest.${joinTokenSecret}
KUBEADM_JOIN_CA_CERT_HASH = sha256:${"0123456789abcdef".repeat(4)}
`;

/** A node that joins, with one key of most kinds. */
export const joiningConfiguration = `
[default]
TIMEZONE = Europe/Berlin
SYSCTL_FORWARD = "net.ipv4.ip_forward = 1"
HOSTS_API = "192.168.67.1 api.rack.example"
FSTAB_DATA = "/dev/data/data /srv/data ext4 nofail,x-systemd.device-timeout=1s 0 2"
RCFILE_01 = "echo rc.local >/run/rc-local-ran"
PREINIT_01 = "echo $HOSTNAME $SERVER >/etc/preinit-ran"
KUBERNETES_LABEL_ROLE = "role=test"
${joinKeys}`;

export const joiningNode: NodeState = { firmware: "bios", memoryMiB, ltsConf: joiningConfiguration };

/** The same with UEFI firmware. */
export const joiningUefiNode: NodeState = { ...joiningNode, firmware: "uefi" };
