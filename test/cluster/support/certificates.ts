import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Pair {
	/** PEM. */
	readonly certificate: string;
	/** PEM. */
	readonly key: string;
}

export interface Authority extends Pair {
	/** A server's certificate for 127.0.0.1. */
	server(): Pair;
	/** A node's client certificate, valid from `fromDays` until `toDays` after now. */
	node(name: string, fromDays?: number, toDays?: number): Pair;
}

/** A CA of its own, as a cluster has one. */
export function makeAuthority(name = "kubernetes"): Authority {
	const self = inFolder((folder) => {
		openssl(folder, "req", "-x509", ...newKey, "-subj", `/CN=${name}`, "-days", "30", "-out", "certificate");
		return read(folder);
	});
	const issue = (subject: string, extensions: string, fromDays: number, toDays: number) =>
		inFolder((folder) => {
			writeFileSync(join(folder, "ca"), self.certificate);
			writeFileSync(join(folder, "ca-key"), self.key);
			writeFileSync(join(folder, "extensions"), extensions);
			openssl(folder, "req", "-new", ...newKey, "-subj", subject, "-out", "request");
			writeFileSync(join(folder, "index.txt"), "");
			writeFileSync(join(folder, "configuration"), configuration);
			openssl(
				folder,
				...["ca", "-batch", "-config", "configuration", "-rand_serial", "-in", "request", "-notext"],
				...["-startdate", date(fromDays), "-enddate", date(toDays), "-extfile", "extensions"],
				...["-out", "certificate"],
			);
			return read(folder);
		});
	return {
		...self,
		server: () => issue("/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1\n", -1, 30),
		node: (node, fromDays = -1, toDays = 30) =>
			issue(`/O=system:nodes/CN=system:node:${node}`, "extendedKeyUsage=clientAuth\n", fromDays, toDays),
	};
}

/** ca(1): the only command of OpenSSL 3.0 that takes dates. */
const configuration = `[ca]
default_ca = this
[this]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca
private_key = ca-key
default_md = sha256
policy = any
[any]
commonName = supplied
organizationName = optional
`;
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key"];

function openssl(folder: string, ...args: string[]): void {
	execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}

function read(folder: string): Pair {
	return {
		certificate: readFileSync(join(folder, "certificate"), "utf8"),
		key: readFileSync(join(folder, "key"), "utf8"),
	};
}

/** As openssl writes dates: `20261121060000Z`. */
function date(days: number): string {
	return new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, "");
}

function inFolder(make: (folder: string) => Pair): Pair {
	const folder = mkdtempSync(join(tmpdir(), "netherd-certificates-"));
	try {
		return make(folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
