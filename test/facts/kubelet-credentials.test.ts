import { beforeAll, expect, test } from "vitest";
import { kubeletCredentials } from "../../agent/facts/kubelet-credentials.ts";
import { type Authority, makeAuthority } from "../cluster/support/certificates.ts";

let authority: Authority;
beforeAll(() => {
	authority = makeAuthority();
});

const conf = "/etc/kubernetes/kubelet.conf";
const pem = "/var/lib/kubelet/pki/kubelet-client-current.pem";

/** As the kubelet writes it after its bootstrap. */
const kubeletConf = (more = "") => `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from(authority.certificate).toString("base64")}
    server: https://192.0.2.5:6443
  name: default-cluster
users:
- name: default-auth
  user:
    client-certificate: ${pem}
    client-key: ${pem}
${more}`;

function read(files: Readonly<Record<string, string>>) {
	return kubeletCredentials((path) => files[path], Date.now());
}

test("a node's own", () => {
	const { certificate, key } = authority.node("node7");
	expect(read({ [conf]: kubeletConf(), [pem]: certificate + key })).toEqual({
		state: "usable",
		server: "https://192.0.2.5:6443",
		authority: authority.certificate,
		certificate: certificate + key,
		key: certificate + key,
		nodeName: "node7",
	});
});

test("with everything inline", () => {
	const { certificate, key } = authority.node("node7");
	const base64 = (text: string) => Buffer.from(text).toString("base64");
	const text = kubeletConf()
		.replace(`client-certificate: ${pem}`, `client-certificate-data: ${base64(certificate)}`)
		.replace(`client-key: ${pem}`, `client-key-data: ${base64(key)}`);
	expect(read({ [conf]: text })).toMatchObject({ state: "usable", certificate, key });
});

test("a certificate that has not begun is the clock's fault, and the node has joined all the same", () => {
	const { certificate, key } = authority.node("node7", 1, 30);
	expect(read({ [conf]: kubeletConf(), [pem]: certificate + key })).toMatchObject({ state: "usable" });
});

test.each<[string, () => Readonly<Record<string, string>>, RegExp]>([
	["its certificate has ended", () => ({ [pem]: pair(-3, -1) }), /ended on 20/],
	["its certificate is not there", () => ({}), /is not there/],
	["its certificate is empty", () => ({ [pem]: "" }), /is none/],
	["its certificate is no certificate", () => ({ [pem]: "nonsense\n" }), /is none/],
	["it is empty", () => ({ [conf]: "" }), /names no API server/],
	["it is that of the stand-in", () => ({ [conf]: "# joined nothing\n" }), /names no API server/],
	["it has no CA", () => ({ [conf]: "server: https://192.0.2.5:6443\n" }), /has no CA/],
	["it speaks HTTP", () => ({ [conf]: kubeletConf().replace("https", "http") }), /names no API server/],
	["it is of no node", () => ({ [pem]: serverPair() }), /for "kube-apiserver", no node/],
])("is of no use when %s", (_, files, why) => {
	const found = read({ [conf]: kubeletConf(), ...files() });
	expect(found).toEqual({ state: "unusable", why: expect.stringMatching(why) });
});

test("none at all", () => {
	expect(read({})).toEqual({ state: "none" });
});

function pair(fromDays: number, toDays: number): string {
	const { certificate, key } = authority.node("node7", fromDays, toDays);
	return certificate + key;
}

function serverPair(): string {
	const { certificate, key } = authority.server();
	return certificate + key;
}
