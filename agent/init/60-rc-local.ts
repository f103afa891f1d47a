import { holdsSecret } from "../config/secret-marker.ts";
import type { InitFacts } from "../facts/facts.ts";
import { rcLocal as path } from "../paths.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Step } from "../plan/step.ts";
import { becauseOf } from "./because.ts";

/** The unit that runs /etc/rc.local; others order themselves after it. */
export const rcLocalUnit = "netherd-rc-local.service";

/** Debian's and Ubuntu's own: a new file starts like the one that old images have, -e included. */
const newFile = "#!/bin/sh -e\n";

export const rcLocal: Step<Inputs<InitFacts>> = {
	name: "60-rc-local",
	summary:
		"appends the RCFILE lines of lts.conf to /etc/rc.local, and has a unit of ours run it once the network is up",
	keys: ["RCFILE_*"],
	plan: ({ facts, configuration }) => {
		const settings = configuration.family("RCFILE_");
		// Without lines of ours, an rc.local of the image is the image's business.
		if (settings.length === 0) return [];
		const because = becauseOf(...settings);
		const before = withoutFinalExit(facts.root.rcLocal ?? newFile);
		const content = `${before}${settings.map(({ value }) => `${value}\n`).join("")}`;
		return [
			{ kind: "writeFile", path, mode: holdsSecret(content) ? "0700" : "0755", content, because },
			{ kind: "installUnit", name: rcLocalUnit, content: unit, wantedBy: "multi-user.target", because },
			// systemd-rc-local-generator(8) sees the file, too; it would run it a second time.
			{ kind: "maskUnit", name: "rc-local.service", because },
		];
	},
};

/**
 * LTSP 5 farms join their cluster in these lines, so they run when the network is up, the file systems of the network
 * are mounted, and the container runtime answers. Oneshot: what comes after it in the boot waits for the last line.
 */
const unit = `[Unit]
Description=/etc/rc.local, with the RCFILE lines of lts.conf
Wants=network-online.target
After=network-online.target remote-fs.target containerd.service crio.service docker.service
ConditionFileIsExecutable=${path}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${path} start
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
`;

/** Ubuntu's file ends in exit 0, which would hide every line after it. Only that: an earlier exit is meant. */
function withoutFinalExit(text: string): string {
	const lines = text.trimEnd() === "" ? [] : text.trimEnd().split("\n");
	if (/^\s*exit\s+0\s*$/.test(lines.at(-1) ?? "")) lines.pop();
	// The kernel runs no script without this line, and systemd has no shell try it.
	if (!lines[0]?.startsWith("#!")) lines.unshift("#!/bin/sh");
	return `${lines.join("\n")}\n`;
}
