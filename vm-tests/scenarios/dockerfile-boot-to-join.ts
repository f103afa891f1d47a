import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { parseManifest } from "../../agent/download/manifest.ts";
import { buildContainer, type ContainerImage } from "../container/build-container.ts";
import { containerServer } from "../container/container-server.ts";
import { ClusterFarm } from "../kubernetes/cluster-farm.ts";
import { ltsConfFor } from "../kubernetes/lts-conf.ts";
import { checkReadyNodes, runsWhereNodesRun } from "../kubernetes/node-checks.ts";
import { type GuestCheck, type ScenarioStage, scenario } from "../lib/scenario.ts";

const after: readonly GuestCheck[] = [
	{
		what: "the module that the builder compiled is of this kernel",
		run: 'modinfo --field filename netherd_hello | sed s/$(uname -r)/RELEASE/; modinfo --field vermagic netherd_hello | grep -c "^$(uname -r) "',
		prints: "/lib/modules/RELEASE/updates/dkms/netherd_hello.ko.xz\n1",
	},
	{
		what: "it is loaded, with the arguments of lts.conf",
		run: "lsmod | grep -c '^netherd_hello '; cat /sys/module/netherd_hello/parameters/word",
		prints: "1\nfrom-lts.conf",
	},
	{
		what: "kubelet, kubeadm and kubectl are packages of the repository that was given",
		run: "dpkg-query --show --showformat '${Package} ${Version}\\n' kubelet kubeadm kubectl | sed 's/ 1\\.[0-9.]*-1\\.1$/ ok/'; ls /etc/apt/sources.list.d",
		prints: "kubeadm ok\nkubectl ok\nkubelet ok",
	},
	{
		what: "nothing of the build is left: no ban on services, no compiler, no secret",
		run: "ls /usr/sbin/policy-rc.d /usr/bin/gcc /run/secrets 2>/dev/null; grep -rl 'PRIVATE KEY' /etc; find / -xdev -name 'signing-key*'",
		prints: "",
	},
];

export default scenario(
	"dockerfile-boot-to-join",
	"buildah builds image/Dockerfile; a machine boots from that container and is Ready, with a module of DKMS",
	{
		async run(stage) {
			const image = await buildContainer((line) => stage.say(line));
			await checkImage(stage, image);
			const ltsConf = (cluster: Parameters<typeof ltsConfFor>[0]) =>
				`${ltsConfFor(cluster)}MODULE_HELLO = "netherd_hello word=from-lts.conf"\n`;
			await using cluster = await ClusterFarm.create(
				stage,
				ltsConf,
				{},
				containerServer(image, stage.folder),
			);
			const [node] = await Promise.all([cluster.powerOn(), cluster.controlPlane.start()]);
			stage.say("until the node is Ready");
			await cluster.ready(node);
			await checkReadyNodes(stage, cluster, [node]);
			await stage.checkGuest(node, [...runsWhereNodesRun, ...after]);
		},
	},
);

async function checkImage(stage: ScenarioStage, { root, argv, isRootless }: ContainerImage): Promise<void> {
	const tree = join(root, "srv/netherd");
	await stage.check("it was built by a user without privileges", () => assert.equal(isRootless, true));
	await stage.check("the container's image starts the companion with the configuration of the farm", () => {
		assert.deepEqual(argv, [
			"/usr/local/bin/companion",
			...["serve", "/srv/netherd", "--config", "/srv/netherd/farm/companion.ini"],
		]);
	});
	await stage.check("it holds the boot tree with one release, and a place for the farm", () => {
		assert.equal(readlinkSync(join(tree, "lts.conf")), "farm/lts.conf");
		assert.deepEqual(readdirSync(tree).sort(), ["farm", "images", "loader", "lts.conf"]);
		const [file = "", ...others] = globSync(join(tree, "images/node/[0-9]*/image.json"));
		assert.deepEqual(others, []);
		const { version } = parseManifest(readFileSync(file, "utf8"), file);
		assert.equal(readlinkSync(join(tree, "images/node/current")), version);
	});
	await stage.check("and no compiler, kernel, Node modules or key", () => {
		const unwanted = ["usr/bin/gcc*", "boot/vmlinuz*", "netherd", "node", "out", "**/signing-key*"];
		assert.deepEqual(globSync(unwanted, { cwd: root }), []);
	});
}
