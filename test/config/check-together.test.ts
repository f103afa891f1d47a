import { expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";

const hash = `sha256:${"a".repeat(64)}`;
const codes = (text: string) =>
	checkLtsConf(text, "lts.conf").map(({ line, severity, code, message }) => [line, severity, code, message]);

test("an endpoint without token and hash is found, with what is missing", () => {
	expect(codes("[default]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\n")).toEqual([
		[
			2,
			"warning",
			"lts-conf.incomplete",
			expect.stringContaining("needs KUBEADM_JOIN_TOKEN and KUBEADM_JOIN_CA_CERT_HASH"),
		],
	]);
});

test("token and hash may come from another section that applies", () => {
	const text = `[node1]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\nLIKE = cluster\n[cluster]\nKUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef\n[default]\nKUBEADM_JOIN_CA_CERT_HASH = ${hash}\n`;
	expect(codes(text)).toEqual([]);
});

test("a node that takes one of them back is found", () => {
	const text = `[node1]\nKUBEADM_JOIN_TOKEN = NONE\n[default]\nKUBEADM_JOIN_ENDPOINT = 192.0.2.5:6443\nKUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef\nKUBEADM_JOIN_CA_CERT_HASH = ${hash}\n`;
	expect(codes(text)).toEqual([
		[4, "warning", "lts-conf.incomplete", expect.stringContaining("needs KUBEADM_JOIN_TOKEN,")],
	]);
});
