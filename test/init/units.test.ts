import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { network } from "../../agent/init/50-network.ts";
import { rcLocal } from "../../agent/init/60-rc-local.ts";
import { swap } from "../../agent/init/75-swap.ts";
import { syslog } from "../../agent/init/80-syslog.ts";
import { joinUnit } from "../../agent/init/90-join-unit.ts";
import { kubeletCertificate } from "../../agent/init/91-kubelet-certificate.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { makeTestRoot, type TestRoot, withoutPrograms } from "../lib/plan-step.ts";

let root: TestRoot;

beforeAll(async () => {
	await ensureDebianPackages(["systemd"], "verify units");
	root = makeTestRoot(["/bin/sh", "/bin/systemctl", "/usr/sbin/swapon", "/usr/bin/logger"]);
	cpSync("/usr/lib/systemd/system", join(root.path, "usr/lib/systemd/system"), {
		recursive: true,
		verbatimSymlinks: true,
	});
	for (const program of ["usr/lib/netherd/agent", "usr/lib/systemd/systemd-networkd-wait-online"]) {
		mkdirSync(dirname(join(root.path, program)), { recursive: true });
		writeFileSync(join(root.path, program), "", { mode: 0o755 });
	}
	const ltsConf = `
RCFILE_1 = "true"
KUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
KUBEADM_JOIN_CA_CERT_HASH = sha256:${"0".repeat(64)}
SYSLOG_HOST = "192.0.2.9 192.0.2.10"
USE_LOCAL_SWAP = true
`;
	for (const step of [withoutPrograms(network), rcLocal, swap, syslog, joinUnit, kubeletCertificate])
		await root.run(step, ltsConf);
});

afterAll(() => root.remove());

const verify = (unit: string) => {
	const { status, stderr } = spawnSync(
		"systemd-analyze",
		["verify", "--man=no", `--root=${root.path}`, unit],
		{ encoding: "utf8" },
	);
	return { status, stderr };
};

test.each([
	"netherd-rc-local.service",
	"netherd-swap@sda2.service",
	"netherd-syslog-1.service",
	"netherd-syslog-2.service",
	"netherd-join.service",
	"netherd-kubelet-certificate.path",
	"netherd-kubelet-certificate.service",
	"systemd-networkd-wait-online.service",
	"network-online.target",
])("systemd-analyze verify %s", (unit) => {
	expect(verify(unit)).toEqual({ status: 0, stderr: "" });
});

test("systemd-analyze finds what is wrong with a unit", () => {
	const unit = "[Unit]\nAftr=network.target\n[Service]\nExecStart=/usr/lib/netherd/agent join\n";
	writeFileSync(join(root.path, "etc/systemd/system/netherd-wrong.service"), unit);
	expect(verify("netherd-wrong.service").stderr).toContain("'Aftr'");
});

test("rc.local is run once: systemd's own unit is masked, ours comes before the join", () => {
	const state = (unit: string) =>
		spawnSync("systemctl", [`--root=${root.path}`, "is-enabled", unit], { encoding: "utf8" }).stdout.trim();
	expect(["rc-local.service", "netherd-rc-local.service", "netherd-join.service"].map(state)).toEqual([
		"masked",
		"enabled",
		"enabled",
	]);
	expect(root.read("etc/systemd/system/netherd-join.service")).toMatch(
		/^After=.*\bnetherd-rc-local\.service\b/m,
	);
});
