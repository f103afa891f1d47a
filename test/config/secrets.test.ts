import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { commandLineFile, parseCommandLine } from "../../agent/config/cmdline.ts";
import { hasErrors } from "../../agent/config/findings.ts";
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

describe("whatever happened to the line of a secret key", () => {
	const secret = fc.oneof(
		fc.stringMatching(/^[a-z0-9]{6}\.[a-z0-9]{16}$/),
		fc.stringMatching(/^\$6\$[a-zA-Z0-9./]{8}\$[a-zA-Z0-9./]{43}$/),
		fc.stringMatching(/^[A-Z0-9./+_:,!-]{8,40}$/),
		fc.stringMatching(/^[A-Z0-9]{3,8} [A-Z0-9]{8,12} [A-Z0-9]{1,9}$/),
	);
	const key = fc.constantFrom("KUBEADM_JOIN_TOKEN", "root_password_hash", '"KUBEADM_JOIN_TOKEN"');
	const equals = fc.constantFrom(
		"=",
		" = ",
		"= ",
		" =\n  ",
		" ",
		"\t=\t",
		"==",
		": ",
		"\r=\r\f",
		" = '",
		"=\v",
	);
	const open = fc.constantFrom('"', '"', "", "'", '\\"', '""');
	const close = fc.constantFrom('"', '"', "", "'", '\\"', '""', "]", "\\");
	const tail = fc.constantFrom("", " # of 2026", " x", "]", "\\", " \0", "\r", "\r\n", ' "x"', ' "', "'");
	/** Put into the line anywhere behind its key. Not `=` and `[`: they can make a good statement out of a secret's end. */
	const damage = fc.record({
		at: fc.nat(200),
		what: fc.constantFrom(
			...['"', "'", "]", "\r", "\0", " ", "\\", "\\\n  ", "`", "$(", ")", "\t"],
			...["\ufffd", "\u2028", "\u0085", "\x1b", "{", "}", "<", ">", "("],
		),
	});
	const before = fc.constantFrom("[default]\n", '[default]\nA = "x\n', "", "[default]\nB\n");
	const after = fc.constantFrom("", "\nTIMEZONE = Europe/Prague\n", "\n\n[node1]\n", "\n# end", '\nC = "\n');
	const lines = fc.record({ key, equals, open, secret, close, tail });

	/** A part of the secret of more than five characters that shows beside the markers. */
	function leak(redacted: string, whole: string): string | undefined {
		const shown = redacted.replace(/\{secret:[a-z0-9-]+\}/g, "\n\n");
		const starts = Array.from({ length: Math.max(0, whole.length - 5) }, (_, at) => at);
		return starts.map((at) => whole.slice(at, at + 6)).find((part) => shown.includes(part));
	}

	test("nothing of it is left, and the text stays as broken as it was", () => {
		fc.assert(
			fc.property(lines, fc.array(damage, { maxLength: 3 }), before, after, (line, damages, start, end) => {
				let value = line.equals + line.open + line.secret + line.close + line.tail;
				for (const { at, what } of damages) {
					const place = at % (value.length + 1);
					value = value.slice(0, place) + what + value.slice(place);
				}
				const text = start + line.key + value + end;
				const { text: redacted } = redactSecrets(text, "f");
				expect(leak(redacted, line.secret)).toBeUndefined();
				expect(redacted.split("\n").length).toBe(text.split("\n").length);
				expect(hasErrors(parseLtsConf(redacted, "f").findings)).toBe(
					hasErrors(parseLtsConf(text, "f").findings),
				);
			}),
			{ numRuns: 5000 },
		);
	});

	test.each([
		["a carriage return in it", `KUBEADM_JOIN_TOKEN = "x\rhunter2hunter2\n`],
		["cut by a line end", `KUBEADM_JOIN_TOKEN = "x\nhunter2hunter2"\nTIMEZONE = UTC\n`],
		["cut by a line end where the first part is a good value", "KUBEADM_JOIN_TOKEN = x\nhunter2hunter2\n"],
		["without =", "KUBEADM_JOIN_TOKEN hunter2hunter2\n"],
		["no value on its line, a broken one below", 'KUBEADM_JOIN_TOKEN =\n  hunter2" hunter2\n'],
		["a # in it", "KUBEADM_JOIN_TOKEN = x#hunter2hunter2\n"],
		["a bracket in it, in a broken text", "KUBEADM_JOIN_TOKEN = x[hunter2]hunter2\n"],
		["a statement in it, in a broken text", 'A = "\nKUBEADM_JOIN_TOKEN = "" hunter2 = hunter2\n'],
	])("%s", (_, text) => {
		expect(redactSecrets(`[default]\n${text}`, "f").text).not.toContain("hunter");
		expect(redactSecrets(text, "f").text).not.toContain("hunter");
	});

	test("the statement after it is shown: somebody has to mend it", () => {
		const text = '[default]\nKUBEADM_JOIN_TOKEN = "x\nHOSTS_1 = "10.9.0.1 a\n';
		expect(redactSecrets(text, "f").text).toContain('\nHOSTS_1 = "10.9.0.1 a\n');
	});

	test("on the kernel command line, with quotes anywhere", () => {
		fc.assert(
			fc.property(secret, fc.nat(60), (whole, at) => {
				const plain = whole.replaceAll(" ", "");
				const good = [`ltsp.kubeadm_join_token="${whole}"`, `"ltsp.kubeadm_join_token=${whole}"`];
				const odd = [
					`ltsp.kubeadm_join_token="${whole}`,
					`"ltsp.KUBEADM_JOIN_TOKEN=${whole}`,
					`ltsp.kubeadm_join_token=${plain.slice(0, at)}"${plain.slice(at)}`,
					`ltsp.kubeadm_join_token=${plain.slice(0, at)}"${plain.slice(at)}"`,
				];
				for (const word of [...good, ...odd]) {
					const { text, secrets } = redactSecrets(`quiet ${word} panic=10`, commandLineFile);
					expect(leak(text, whole), word).toBeUndefined();
					if (!good.includes(word)) continue;
					const value = parseCommandLine(text).keys.get("KUBEADM_JOIN_TOKEN") ?? "";
					expect(revealSecrets(value, secrets)).toBe(whole);
				}
			}),
			{ numRuns: 1000 },
		);
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
