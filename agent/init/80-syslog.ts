import type { InitFacts } from "../facts/facts.ts";
import { nodePrograms } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";

/** RFC 5426, section 3.3. */
const port = 514;

export const syslog: Step<Inputs<InitFacts>> = {
	name: "80-syslog",
	summary: "sends the node's log to the syslog hosts of lts.conf",
	keys: ["SYSLOG_HOST"],
	plan: ({ facts, configuration }) => {
		const hosts = configuration.list("SYSLOG_HOST");
		if (hosts.length === 0) return [];
		const reason = because(configuration, "SYSLOG_HOST");
		return facts.root.units.includes("rsyslog.service")
			? [throughRsyslog(hosts, reason)]
			: hosts.map((host, index) => throughLogger(host, index + 1, reason));
	},
};

/** One @: UDP, as LTSP 5 and every syslog server have it (rsyslog.conf(5), "Actions"). */
function throughRsyslog(hosts: readonly string[], because: string): Operation {
	const lines = hosts.map((host) => `*.* @${host.includes(":") ? `[${host}]` : host}:${port}\n`);
	return { kind: "writeFile", path: "/etc/rsyslog.d/90-netherd.conf", content: lines.join(""), because };
}

/**
 * journald hands its messages to a local syslog daemon only (journald.conf(5)). Without one, logger(1) sends the lines of
 * the journal; they carry their own host, time and program.
 */
function throughLogger(host: string, number: number, because: string): Operation {
	const read = `${nodePrograms.journalctl} --follow --boot --lines=all --output=short`;
	const send = `${nodePrograms.logger} --server ${host} --port ${port} --udp --rfc3164 --tag journal`;
	return {
		kind: "installUnit",
		name: `netherd-syslog-${number}.service`,
		content: `[Unit]
Description=Send the journal to ${host}
After=network.target

[Service]
ExecStart=${nodePrograms.sh} -c '${read} | ${send}'
Restart=always
RestartSec=5s

[Install]
WantedBy=multi-user.target
`,
		wantedBy: "multi-user.target",
		because,
	};
}
