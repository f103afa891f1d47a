import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLtsConf } from "../../agent/config/check.ts";
import { parseCommandLine } from "../../agent/config/cmdline.ts";
import { hasErrors, renderFindings } from "../../agent/config/findings.ts";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import { printLtsConf } from "../../agent/config/lts-conf-print.ts";
import { resolveConfiguration } from "../../agent/config/resolve.ts";
import { redactSecrets, revealSecrets } from "../../agent/config/secrets.ts";
import { joinPieces, readShellText } from "../../agent/config/shell-text.ts";

/** Texts that look enough like an lts.conf to get deep into the parser. */
const fragments = fc.oneof(
	fc.constantFrom(
		"[default]",
		"[h]",
		'["g"]',
		"[h*]",
		"LIKE=g",
		"like = h\n",
		"A",
		"B_1",
		"=",
		" = ",
		"\n",
		"\r\n",
	),
	fc.constantFrom(
		'"',
		'"x y"',
		"'",
		"#",
		"# c\n",
		"\\",
		'\\"',
		"\\$",
		"$A",
		"${B_1}",
		"$(",
		")",
		"`",
		"[",
		"]",
	),
	fc.constantFrom(
		"NONE",
		"include ",
		"ROOT_PASSWORD_HASH=",
		"FSTAB_1=",
		"abcdef.0123456789abcdef",
		" ",
		"\t",
	),
	fc.string({ unit: "binary", maxLength: 6 }),
);
const texts = fc.array(fragments, { maxLength: 30 }).map((parts) => parts.join(""));

/** Files without mistakes: what an operator writes. */
const rawValues = fc
	.array(
		fc.oneof(
			fc.constantFrom(" ", "#", "=", "[x]", "'", '\\"', "\\\\", "\\$", "$A", "ž", "a"),
			fc.constant("b"),
		),
		{
			maxLength: 8,
		},
	)
	.map((parts) => parts.join(""));
const entries = fc.record({ key: fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/), raw: rawValues });
const names = fc.oneof(
	fc.stringMatching(/^[a-zA-Z0-9.:*?-]{1,12}$/),
	fc.stringMatching(/^[a-z #='[\]]{1,8}$/),
);
const files = fc.array(fc.record({ nameAsWritten: names, entries: fc.array(entries, { maxLength: 6 }) }), {
	maxLength: 8,
});

function content(text: string) {
	const { sections, findings } = parseLtsConf(text, "f");
	return {
		errors: findings.filter(({ severity }) => severity === "error"),
		sections: sections.map(({ nameAsWritten, entries: all }) => ({
			nameAsWritten,
			entries: all.map(({ key, value, raw }) => ({ key, value, raw })),
		})),
	};
}

describe("any text", () => {
	test("gives findings within the text, never an exception", () => {
		fc.assert(
			fc.property(texts, (text) => {
				const findings = checkLtsConf(text, "f");
				const lines = text.split("\n");
				for (const { line, column } of findings) {
					expect(line).toBeGreaterThanOrEqual(1);
					expect(line).toBeLessThanOrEqual(lines.length);
					expect(column).toBeGreaterThanOrEqual(1);
					expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
				}
				const rendered = renderFindings(findings, text, { colour: false });
				expect([...rendered].filter((character) => character < " " && character !== "\n")).toEqual([]);
			}),
			{ numRuns: 2000 },
		);
	});

	test("is resolved for a node: values or errors", () => {
		fc.assert(
			fc.property(texts, (text) => {
				const file = parseLtsConf(text, "f");
				const { configuration } = resolveConfiguration({
					file,
					identities: { hostname: "h", ip: "10.9.0.1", mac: "52:54:00:00:00:01" },
					commandLine: parseCommandLine("ltsp.a=1"),
					facts: { SERVER: "10.9.0.1" },
				});
				const fromFile = configuration.entries().filter(({ whence }) => whence !== "command line");
				if (hasErrors(file.findings)) expect(fromFile).toEqual([]);
			}),
			{ numRuns: 2000 },
		);
	});

	test("that parses prints as a text that parses to the same", () => {
		fc.assert(
			fc.property(texts, (text) => {
				const { sections, findings } = parseLtsConf(text, "f");
				fc.pre(!hasErrors(findings));
				expect(content(printLtsConf(sections))).toEqual(content(text));
			}),
			{ numRuns: 3000 },
		);
	});

	test("keeps its lines and structure when secrets are taken out, and gets them back", () => {
		fc.assert(
			fc.property(texts, (text) => {
				const { text: redacted, secrets } = redactSecrets(text, "f");
				expect(redacted.split("\n").length).toBe(text.split("\n").length);
				expect(structure(redacted, secrets)).toEqual(structure(text));
				for (const name of Object.keys(secrets)) expect(redacted).toContain(`{secret:${name}}`);
				// A second pass finds nothing more.
				expect(redactSecrets(redacted, "f")).toEqual({ text: redacted, secrets: {} });
			}),
			{ numRuns: 3000 },
		);
	});
});

/** Sections, keys and values with their lines, the secrets put back. */
function structure(text: string, secrets: Readonly<Record<string, string>> = {}) {
	const { sections, findings } = parseLtsConf(text, "f");
	if (hasErrors(findings)) return "errors";
	return sections.map(({ name, line, entries: all }) => ({
		name,
		line,
		entries: all.map((entry) => ({
			key: entry.key,
			line: entry.line,
			value: revealSecrets(entry.value, secrets),
		})),
	}));
}

test("any file that is written well prints and parses back the same", () => {
	fc.assert(
		fc.property(files, (sections) => {
			const parsed = content(printLtsConf(sections));
			expect(parsed.errors).toEqual([]);
			expect(
				parsed.sections.map(({ nameAsWritten, entries: all }) => ({
					nameAsWritten,
					entries: all.map(({ key, raw }) => ({ key, raw })),
				})),
			).toEqual(sections);
		}),
		{ numRuns: 1000 },
	);
});

describe("against the shell", () => {
	// LTSP 5 gives KEY="raw" to eval. No character here can start a command, a redirection or an expansion.
	const raws = fc
		.array(fc.constantFrom('"', '"', "\\", '\\"', "\\\\", "\\$", "'", " ", ";", "a", "b", "\t", "="), {
			maxLength: 10,
		})
		.map((parts) => parts.join(""));

	test("a value is one word to sh exactly when it is a value here, and it is the same text", () => {
		const samples = fc
			.sample(raws, { numRuns: 1500, seed: 1 })
			.filter((raw) => !/(?<!\\)(?:\\\\)*\$/.test(raw));
		const script = `
			for raw; do
				value=$( (PATH=/nonexistent; A=unset; eval "A=\\"$raw\\"" && printf '%s.' "$A") 2>/dev/null) &&
					printf '=%s\\0' "$value" || printf '!\\0'
			done`;
		const output = execFileSync("sh", ["-c", script, "sh", ...samples])
			.toString()
			.split("\0")
			.slice(0, -1);
		const ours = samples.map((raw) => {
			const { pieces, problem } = readShellText(raw);
			return problem === undefined ? `=${joinPieces(pieces)}.` : "!";
		});
		const differing = samples.flatMap((raw, index) =>
			ours[index] === output[index] ? [] : [{ raw, ours: ours[index], sh: output[index] }],
		);
		// What sh takes and we refuse: more than one word, an escaped quote that ends the value outside of quotes, and text in
		// single quotes there.
		expect(differing.filter(({ ours: text }) => text !== "!")).toEqual([]);
		expect(differing.filter(({ raw }) => !/[; \t']|\\$/.test(raw))).toEqual([]);
	});
});
