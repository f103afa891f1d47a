import { describe, expect, test } from "vitest";
import { fstab } from "../../agent/init/45-fstab.ts";
import { type NodeUnderTest, planStep, planText } from "../lib/plan-step.ts";

const joining = `KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
KUBEADM_JOIN_CA_CERT_HASH = sha256:${"a".repeat(64)}
`;

/** The lines of fstab that are neither proc nor asked for. */
function tmpfsLines(ltsConf: string, node?: NodeUnderTest): readonly string[] {
	const file = planStep(fstab, ltsConf, node).find(({ kind }) => kind === "writeFile");
	if (file?.kind !== "writeFile") return [];
	return file.content.split("\n").filter((line) => line.startsWith("tmpfs"));
}

const kubelet = "tmpfs /var/lib/kubelet tmpfs mode=0750 0 0";
const containerd = "tmpfs /var/lib/containerd tmpfs mode=0711 0 0";

test("a node that joins keeps pods and containers in RAM", () => {
	expect(planText(fstab, joining)).toMatchInlineSnapshot(`
		"put file      /etc/fstab  (0644, 118 B)
		  because CONFIGURE_FSTAB (default)
		  │ proc /proc proc defaults 0 0
		  │ tmpfs /var/lib/kubelet tmpfs mode=0750 0 0
		  │ tmpfs /var/lib/containerd tmpfs mode=0711 0 0
		make folder   /var/lib/kubelet  (0755)
		  because KUBERNETES_STORAGE (default)
		make folder   /var/lib/containerd  (0755)
		  because KUBERNETES_STORAGE (default)"
	`);
});

test("one that does not, does not", () => {
	expect(tmpfsLines("KUBERNETES_STORAGE = tmpfs\n")).toEqual([]);
});

describe("a folder that is taken is left alone", () => {
	test.each([
		["by a line", 'FSTAB_1 = "LABEL=c /var/lib/containerd ext4 nofail 0 2"', {}, [kubelet]],
		["by a line for a folder above", 'FSTAB_1 = "LABEL=c /var ext4 nofail 0 2"', {}, []],
		["not by the root's line", 'FSTAB_1 = "overlay / overlay defaults 0 0"', {}, [kubelet, containerd]],
		[
			"not by a line for a folder below",
			'FSTAB_1 = "LABEL=c /var/lib/kubelet/x ext4"',
			{},
			[kubelet, containerd],
		],
		["by a unit", "", { units: ["var-lib-containerd.mount"] }, [kubelet]],
		["by files of the image", "", { filledFolders: ["/var/lib/kubelet"] }, [containerd]],
		["by the root", "KUBERNETES_STORAGE = root", {}, []],
		["by an fstab of the image", "CONFIGURE_FSTAB = no", {}, []],
	])("%s", (_, line, root, expected) => {
		expect(tmpfsLines(`${joining}${line}\n`, { root })).toEqual(expected);
	});
});

test.each([
	[["containerd.service"], [kubelet, containerd]],
	[["crio.service"], [kubelet, "tmpfs /var/lib/containers tmpfs mode=0755 0 0"]],
	[
		["containerd.service", "docker.service"],
		[kubelet, containerd, "tmpfs /var/lib/docker tmpfs mode=0710 0 0"],
	],
])("the runtimes that the image has: %j", (units, expected) => {
	expect(tmpfsLines(joining, { root: { units } })).toEqual(expected);
});
