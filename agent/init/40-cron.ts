import { holdsSecret } from "../config/secret-marker.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";

export const cron: Step<Inputs<InitFacts>> = {
	name: "40-cron",
	summary: "writes the crontab lines of lts.conf to /etc/cron.d",
	keys: ["CRONTAB_*"],
	plan: ({ configuration }) => {
		const settings = configuration.family("CRONTAB_");
		if (settings.length === 0) return [];
		const lines = settings.map(({ value }) => withUser(value.trim()));
		return [
			{
				kind: "writeFile",
				// A file of its own, so that root's crontab in the image stays.
				path: "/etc/cron.d/netherd",
				mode: lines.some(holdsSecret) ? "0600" : "0644",
				content: lines.map((line) => `${line}\n`).join(""),
				because: becauseOf(...settings),
			},
		];
	},
};

/**
 * lts.conf(5) asks for "a crontab line", and farms write both kinds: with a user, as in /etc/crontab, and without, as in a
 * user's crontab. A line whose field after the time can't be a user's name, or has no command behind it, is root's.
 */
function withUser(line: string): string {
	if (/^#|^[A-Za-z_]\w*\s*=/.test(line)) return line;
	const [, time, rest] = /^(@\w+|(?:\S+\s+){4}\S+)\s+(.*)$/s.exec(line) ?? [];
	if (time === undefined || rest === undefined) return line;
	return /^[a-z_][a-z0-9_-]*\s+\S/.test(rest) ? line : `${time} root ${rest}`;
}
