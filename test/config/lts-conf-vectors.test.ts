import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../agent/config/cmdline.ts";
import type { Finding } from "../../agent/config/findings.ts";
import { parseLtsConf } from "../../agent/config/lts-conf.ts";
import { resolveConfiguration } from "../../agent/config/resolve.ts";
import vectors from "./lts-conf-vectors.json" with { type: "json" };

interface Vector {
	readonly name: string;
	readonly conf: string;
	readonly hostname: string;
	readonly expect: {
		readonly values?: Readonly<Record<string, string | undefined>>;
		readonly error?: boolean;
		readonly line?: number;
		readonly warning?: boolean;
	};
}

// Observed on LTSP 5.5.7; `expect` is what netherd makes of the same text.
describe("cases of LTSP 5's grammar", () => {
	test.each(vectors as readonly Vector[])("$name", ({ conf, hostname, expect: expected }) => {
		const file = parseLtsConf(conf, "lts.conf");
		const { configuration, findings: ownFindings } = resolveConfiguration({
			file,
			identities: { hostname },
			commandLine: parseCommandLine(""),
			facts: {},
		});
		const findings = [...file.findings, ...ownFindings];
		const errors = findings.filter(({ severity }) => severity === "error");
		if (expected.error) {
			expect(errors).not.toEqual([]);
			if (expected.line !== undefined) expect(errors.map(({ line }) => line)).toContain(expected.line);
			return;
		}
		expect(errors).toEqual([]);
		expect(Object.fromEntries(configuration.entries().map(({ key, value }) => [key, value]))).toEqual(
			expected.values,
		);
		if (expected.warning) expect(findings.filter(isOfTheCase)).not.toEqual([]);
	});
});

/** The keys of the cases (A, B …) are unknown ones; that warning is not what a case is about. */
function isOfTheCase({ code }: Finding): boolean {
	return code !== "lts-conf.unknown-key";
}
