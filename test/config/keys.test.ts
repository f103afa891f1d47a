import { describe, expect, test } from "vitest";
import { checkValue } from "../../agent/config/check-value.ts";
import { findKey, findKeyWithoutEffect, isSecretKey, nearestKey } from "../../agent/config/find-key.ts";
import { keys } from "../../agent/config/keys.ts";
import { keysWithoutEffect } from "../../agent/config/keys-without-effect.ts";

describe("the key table", () => {
	test("names every key once, and none both with and without effect", () => {
		const names = [...keys, ...keysWithoutEffect].map(({ name }) => name);
		expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
		expect(keysWithoutEffect.filter(({ name }) => findKey(name.replace("*", "1")) !== undefined)).toEqual([]);
	});

	test("families end in an underscore", () => {
		expect(keys.filter(({ name }) => !/^[A-Z][A-Z_]*[A-Z](?:_\*)?$/.test(name))).toEqual([]);
	});

	test("defaults are good values", () => {
		for (const key of keys) {
			if (key.default !== undefined)
				expect([key.name, checkValue(key, key.default)]).toEqual([key.name, undefined]);
		}
	});

	test("a help line is one sentence", () => {
		expect(keys.filter(({ help }) => !/^[A-Z][^\n]{10,140}\.$/.test(help))).toEqual([]);
	});

	test("choices go with the type choice only", () => {
		expect(keys.filter(({ type, choices }) => (type === "choice") !== (choices !== undefined))).toEqual([]);
	});
});

test("families take any ending", () => {
	for (const key of ["FSTAB_1", "FSTAB_", "FSTAB_01_SSH", "FSTAB_X"])
		expect(findKey(key)?.name).toBe("FSTAB_*");
	expect(findKey("FSTAB")).toBeUndefined();
	expect(findKey("constructor")).toBeUndefined();
});

test("keys of terminals are known to do nothing", () => {
	for (const key of [
		"SCREEN_07",
		"LDM_DIRECTX",
		"XKBLAYOUT",
		"PRINTER_0_DEVICE",
		"SOUND",
		"LTSP_FATCLIENT",
		"NBD_SWAP",
	]) {
		expect(findKeyWithoutEffect(key)?.reason, key).toMatch(/\w/);
	}
	expect(findKeyWithoutEffect("TIMEZONE")).toBeUndefined();
});

test("secret keys", () => {
	expect(["ROOT_PASSWORD_HASH", "KUBEADM_JOIN_TOKEN"].every(isSecretKey)).toBe(true);
	expect(isSecretKey("TIMEZONE")).toBe(false);
});

test.each([
	["TIMEZON", "TIMEZONE"],
	["TIME_ZONE", "TIMEZONE"],
	["HOSTNAM", "HOSTNAME"],
	["FTSAB_01", "FSTAB_01"],
	["FSTAB01", "FSTAB_01"],
	["FSTABS_3_DATA", "FSTAB_3_DATA"],
	["PRE_INIT_2", "PREINIT_2"],
	["RCFILES_01", "RCFILE_01"],
	["DNSSERVER", "DNS_SERVER"],
	["KUBEADM_JOIN_TOKN", "KUBEADM_JOIN_TOKEN"],
	["ON_FAILURE_DELLAY", "ON_FAILURE_DELAY"],
	["MY_OWN_VARIABLE", undefined],
	["A", undefined],
])("the key nearest to %s is %s", (key, expected) => {
	expect(nearestKey(key)).toBe(expected);
});

describe("checkValue", () => {
	const check = (key: string, value: string) => {
		const definition = findKey(key);
		if (definition === undefined) throw new Error(`${key} is not in the table`);
		return checkValue(definition, value)?.severity;
	};

	test.each([
		["HOSTNAME", "node-1"],
		["HOSTNAME", "node1 an.alias"],
		["HOSTNAME_BASE", "node-"],
		["SERVER", "10.9.0.1"],
		["SERVER", "boot.example.org"],
		["DNS_SERVER", "10.9.0.1 fd67::1"],
		["SEARCH_DOMAIN", "farm.example.org example.org."],
		["TIMEZONE", "Europe/Prague"],
		["TIMEZONE", "Etc/GMT+5"],
		["TIMEZONE", "America/Argentina/Buenos_Aires"],
		["TIMESERVER", "auto"],
		["TIMESERVER", "10.9.0.1 ntp.example.org"],
		["MODULE_01", "bonding mode=1"],
		["FSTAB_01", "server:/export /srv nfs defaults,nolock 0 0"],
		["FSTAB_01", "/dev/sda2 none swap sw 0 0"],
		["FSTAB_01", "# nothing here"],
		["HOSTS_01", "10.9.0.20 api api.example.org"],
		["CRONTAB_01", "*/5 * * * * root /bin/true"],
		["CRONTAB_01", "@reboot root /bin/true"],
		["CRONTAB_01", "MAILTO=root"],
		["NET_DEVICE_METHOD", "DHCP"],
		["IMAGE", "node"],
		["IMAGE", "node/2026.01.31-1"],
		["IMAGE_SOURCES", "nbd://10.9.0.1/{name} http://10.9.0.1/{name}/{version}/image.squashfs /dev/sda3"],
		["IMAGE_SOURCES_USE", "Together"],
		["IMAGE_STALL_TIMEOUT", "1s"],
		["IMAGE_TOTAL_TIMEOUT", "1h"],
		["IMAGE_CONNECTIONS", "16"],
		["OVERLAY_TMPFS_SIZE", "30%"],
		["SYSCTL_01", "net.ipv4.tcp_rmem = 4096 87380 6291456"],
		["SYSCTL_01", "net/ipv4/conf/eth0.100/rp_filter=2"],
		["SYSCTL_01", "-kernel.x=1"],
		["SSH_AUTHORIZED_KEY_1", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample operator@example.org"],
		["SSH_AUTHORIZED_KEY_1", 'from="10.*" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB'],
		["ROOT_PASSWORD_HASH", "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2"],
		["ROOT_PASSWORD_HASH", "$y$j9T$abc$def"],
		["ROOT_PASSWORD_HASH", "*"],
		["ON_FAILURE", "shell"],
		["ON_FAILURE_DELAY", "30s"],
		["KUBEADM_JOIN_ENDPOINT", "10.9.0.20:6443"],
		["KUBEADM_JOIN_ENDPOINT", "api.example.org:6443"],
		["KUBEADM_JOIN_ENDPOINT", "[fd67::20]:6443"],
		["KUBEADM_JOIN_TOKEN", "abcdef.0123456789abcdef"],
		["KUBEADM_JOIN_TOKEN", "{secret:kubeadm-join-token}"],
		["KUBEADM_JOIN_CA_CERT_HASH", `sha256:${"0".repeat(64)} sha256:${"f".repeat(64)}`],
		["KUBERNETES_LABEL_1", "topology.kubernetes.io/zone=z1"],
		["KUBERNETES_LABEL_1", "empty="],
		["KUBERNETES_TAINT_1", "dedicated=storage:NoSchedule"],
		["KUBERNETES_TAINT_1", "gpu:NoExecute"],
		["KUBELET_EXTRA_ARG_1", "max-pods=250"],
		["OVERLAY_TMPFS_SIZE", ""],
	])("%s = %s is fine", (key, value) => {
		expect(check(key, value)).toBeUndefined();
	});

	test.each([
		["HOSTNAME", "1!"],
		["HOSTNAME", "../etc"],
		["HOSTNAME", "worker.internalservices"],
		["HOSTNAME", "{secret:bootstrap-token}"],
		["SYSLOG_HOST", "{secret:bootstrap-token};reboot"],
		["SYSLOG_HOST", "{secret:root-password-hash}"],
		["KUBEADM_JOIN_TOKEN", "{secret:invalid-kubeadm-join-token}"],
		["KUBEADM_JOIN_TOKEN", "x{secret:kubeadm-join-token}"],
		["HOSTNAME_EXTRA", "a/b"],
		["SERVER", "10.9.0"],
		["DNS_SERVER", "10.9.0.1 dns.example.org"],
		["TIMEZONE", "../../etc/shadow"],
		["TIMEZONE", "/etc/localtime"],
		["TIMEZONE", "Europe/../Prague"],
		["MODULE_01", "../evil.ko"],
		["FSTAB_01", "/dev/sda1 /srv/../etc ext4"],
		["FSTAB_01", "/dev/sda1 srv ext4"],
		["NET_DEVICE_METHOD", "bootp"],
		["IMAGE", "../../etc"],
		["IMAGE", "node/.."],
		["IMAGE", "a/b/c"],
		["IMAGE_SOURCES", "nbd://10.9.0.1/node mirror.example/image"],
		["IMAGE_SOURCES", "http://10.9.0.1/{image}"],
		["IMAGE_SOURCES", "http://10.9.0.1/{secret:bootstrap-token}"],
		["IMAGE_SOURCES", "http://10.9.0.1/i http://10.9.0.1/i"],
		["IMAGE_SOURCES", Array.from({ length: 17 }, (_, index) => `/dev/sd${index}`).join(" ")],
		["IMAGE_SOURCES_USE", "all"],
		["IMAGE_STALL_TIMEOUT", "0"],
		["IMAGE_TOTAL_TIMEOUT", "900ms"],
		["IMAGE_TOTAL_TIMEOUT", "never"],
		["IMAGE_CONNECTIONS", "0"],
		["IMAGE_CONNECTIONS", "17"],
		["IMAGE_CONNECTIONS", "two"],
		["OVERLAY_TMPFS_SIZE", "half"],
		["SYSCTL_01", "net.ipv4.ip_forward"],
		["SYSCTL_01", "net/../../etc=1"],
		["ROOT_PASSWORD_HASH", "secret"],
		["ON_FAILURE", "halt"],
		["ON_FAILURE_DELAY", "soon"],
		["KUBEADM_JOIN_ENDPOINT", "10.9.0.20"],
		["KUBEADM_JOIN_ENDPOINT", "https://10.9.0.20:6443"],
		["KUBEADM_JOIN_ENDPOINT", "10.9.0.20:66443"],
		["KUBEADM_JOIN_TOKEN", "abcdef"],
		["KUBEADM_JOIN_CA_CERT_HASH", "sha256:123"],
		["KUBERNETES_LABEL_1", "no-value"],
		["KUBERNETES_LABEL_1", "a b=c"],
		["KUBERNETES_TAINT_1", "a=b:Never"],
		["KUBELET_EXTRA_ARG_1", "--max-pods=250"],
	])("%s = %s is an error", (key, value) => {
		expect(check(key, value)).toBe("error");
	});

	test.each([
		["LTSP_NBD_TO_RAM", "1"],
		["FSTAB_01", "/dev/sda1"],
		["HOSTS_01", "api.example.org 10.9.0.20"],
		["CRONTAB_01", "* * * * * root"],
		["SSH_AUTHORIZED_KEY_1", "my key"],
	])("%s = %s is a warning: LTSP 5 takes it", (key, value) => {
		expect(check(key, value)).toBe("warning");
	});
});
