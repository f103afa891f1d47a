import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { commandLineFile } from "../../agent/config/cmdline.ts";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import { redactSecrets, revealSecrets } from "../../agent/config/secrets.ts";

const token = "abcdef.0123456789abcdef";
const other = "fedcba.fedcba9876543210";

describe("redactSecrets", () => {
	test("takes the values of secret keys, tokens anywhere, and leaves everything else", () => {
		const text = `# old token: ${token}
[default]
ROOT_PASSWORD_HASH = "\\$6\\$salt\\$hash" # of 2026
KUBEADM_JOIN_TOKEN=${token}
RCFILE_01 = "kubeadm join --token ${other} --token=${token} 10.9.0.20:6443"
TIMEZONE = Europe/Prague
`;
		const { text: redacted, secrets } = redactSecrets(text, "f");
		expect(redacted).toBe(`# old token: {secret:bootstrap-token}
[default]
ROOT_PASSWORD_HASH = "{secret:root-password-hash}" # of 2026
KUBEADM_JOIN_TOKEN={secret:bootstrap-token}
RCFILE_01 = "kubeadm join --token {secret:bootstrap-token-2} --token={secret:bootstrap-token} 10.9.0.20:6443"
TIMEZONE = Europe/Prague
`);
		expect(secrets).toEqual({
			"bootstrap-token": token,
			"bootstrap-token-2": other,
			"root-password-hash": "$6$salt$hash",
		});
		expect(redactSecrets(text, "f")).toEqual({ text: redacted, secrets });
	});

	test("a token is a whole word", () => {
		const text = `[default]\nA = "x${token} ${token}0 ${token}x _${token} (${token}) ${token}."\n`;
		expect(redactSecrets(text, "f").text).toBe(
			`[default]\nA = "x${token} ${token}0 ${token}x _${token} ({secret:bootstrap-token}) {secret:bootstrap-token}."\n`,
		);
	});

	test("names of sections and LIKE lines stay: they have to match", () => {
		const text = `[${token}]\nLIKE = ${token}\n["${other}"]\n`;
		expect(redactSecrets(text, "f")).toEqual({ text, secrets: {} });
	});

	test("NONE, empty values and references are no secrets; what is referred to is one", () => {
		const text = `[default]
FARM_HASH = "\\$6\\$a\\$b"
HASH = \${FARM_HASH}
ROOT_PASSWORD_HASH = $HASH
[node1]
ROOT_PASSWORD_HASH = none
[node2]
ROOT_PASSWORD_HASH = ""
`;
		const { text: redacted, secrets } = redactSecrets(text, "f");
		expect(redacted).toBe(text.replace("\\$6\\$a\\$b", "{secret:farm-hash}"));
		expect(secrets).toEqual({ "farm-hash": "$6$a$b" });
	});

	test("broken lines lose their secrets, and stay broken", () => {
		const text = `[default]
ROOT_PASSWORD_HASH = 'hunter2'
KUBEADM_JOIN_TOKEN = "hunter3
A = "x" ROOT_PASSWORD_HASH=hunter4]
root_password_hash =
  "hunter5"
ROOT_PASSWORD_HASH = "hunter6" hunter7 # of 2026
KUBEADM_JOIN_TOKEN = "x" ; hunter8"
ROOT_PASSWORD_HASH = "hunter9" hunter10`;
		const { text: redacted } = redactSecrets(text, "f");
		expect(redacted).not.toMatch(/hunter/);
		expect(redacted.split("\n").length).toBe(text.split("\n").length);
		const places = (each: string) =>
			parseLtsConf(each, "f").findings.map(({ line, code }) => `${line} ${code}`);
		expect(places(redacted)).toEqual(places(text));
	});

	test("a secret that does not have the form of its key is marked so, and the node refuses it as check does", () => {
		const text = `[default]
FARM_TOKEN = junk
KUBEADM_JOIN_TOKEN = $FARM_TOKEN
ROOT_PASSWORD_HASH = "se\\"cret"
[node1]
KUBEADM_JOIN_TOKEN = ${token}
`;
		const { text: redacted, secrets } = redactSecrets(text, "f");
		expect(secrets).toEqual({
			"invalid-farm-token": "junk",
			"invalid-root-password-hash": 'se"cret',
			"kubeadm-join-token": token,
		});
		const places = (each: string) =>
			checkLtsConf(each, "f").map(({ line, severity, code }) => `${line} ${severity} ${code}`);
		expect(places(redacted)).toEqual(places(text));
		expect(places(text)).toContain("4 error lts-conf.bad-value");
	});

	test("password hashes go by their look, and get their dollars back", () => {
		const hash = "$6$salt$notAnybodysHashButItHasTheLook/of.one";
		const escaped = hash.replaceAll("$", "\\$");
		const text = `# was ${hash}\n[default]\nRCFILE_1 = "usermod -p '${escaped}' root; echo \\$1\\$2"\nA = ${hash}\n`;
		const { text: redacted, secrets } = redactSecrets(text, "f");
		expect(secrets).toEqual({ "password-hash": hash });
		expect(redacted).toBe(
			`# was {secret:password-hash}\n[default]\nRCFILE_1 = "usermod -p '{secret:password-hash}' root; echo \\$1\\$2"\nA = {secret:password-hash}\n`,
		);
	});

	test("a secret without the look of one goes wherever it stands as a word", () => {
		const text = `# old: hunter2hunter2\n[default]\nRCFILE_1 = "login --password=hunter2hunter2"\nKUBEADM_JOIN_TOKEN = hunter2hunter2\n`;
		expect(redactSecrets(text, "f").text).not.toContain("hunter2");
	});

	test("a name that the text uses already is not given again", () => {
		const text = `[default]\nA = "{secret:bootstrap-token}"\nB = ${token}\n`;
		const { text: redacted, secrets } = redactSecrets(text, "f");
		expect(redacted).toContain("B = {secret:bootstrap-token-2}");
		expect(secrets).toEqual({ "bootstrap-token-2": token });
	});

	test("a command line: secret keys and tokens, with names of their own", () => {
		const text = `quiet ltsp.root_password_hash=$6$x$y ltsp.KUBEADM_JOIN_TOKEN="${token}" x=${other} ltsp.timezone=UTC`;
		expect(redactSecrets(text, commandLineFile)).toEqual({
			text: 'quiet ltsp.root_password_hash={secret:command-line-root-password-hash} ltsp.KUBEADM_JOIN_TOKEN="{secret:command-line-kubeadm-join-token}" x={secret:command-line-bootstrap-token} ltsp.timezone=UTC',
			secrets: {
				"command-line-root-password-hash": "$6$x$y",
				"command-line-kubeadm-join-token": token,
				"command-line-bootstrap-token": other,
			},
		});
	});
});

describe("revealSecrets", () => {
	test("puts back what has a name, once", () => {
		const secrets = { a: "1 {secret:b}", b: "2" };
		expect(revealSecrets("{secret:a} {secret:b} {secret:c} {secret:toString}", secrets)).toBe(
			"1 {secret:b} 2 {secret:c} {secret:toString}",
		);
	});

	test("a secret with characters that a replacement would interpret", () => {
		expect(revealSecrets("{secret:a}", { a: "$& $1 $$" })).toBe("$& $1 $$");
	});
});
