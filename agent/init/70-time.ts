import { NetherdError } from "../errors.ts";
import type { InitFacts } from "../facts/facts.ts";
import type { Inputs } from "../plan/inputs.ts";
import type { Operation } from "../plan/operation.ts";
import type { Step } from "../plan/step.ts";
import { because } from "./because.ts";
import { serverName } from "./server.ts";
import { aliasUnit, wantUnit } from "./units.ts";

export const time: Step<Inputs<InitFacts>> = {
	name: "70-time",
	summary: "sets time zone and time servers",
	keys: ["TIMEZONE", "TIMESERVER", "SERVER"],
	plan: (inputs) => [...timeZone(inputs), ...timeServers(inputs)],
};

function timeZone({ configuration }: Inputs<InitFacts>): readonly Operation[] {
	const zone = configuration.text("TIMEZONE")?.trim();
	if (zone === undefined) return [];
	const reason = because(configuration, "TIMEZONE");
	if (!/^[A-Za-z0-9][\w+-]*(?:\/[\w+-]+)*$/.test(zone)) {
		throw new NetherdError("init.bad-time-zone", `${reason}: ${JSON.stringify(zone)} is not a time zone`, {
			hint: "write a name such as Europe/Prague; timedatectl list-timezones prints them all",
		});
	}
	return [
		// localtime(5) asks for this link; Debian reads the file, too.
		{ kind: "link", path: "/etc/localtime", target: `/usr/share/zoneinfo/${zone}`, because: reason },
		{ kind: "writeFile", path: "/etc/timezone", content: `${zone}\n`, because: reason },
	];
}

function timeServers(inputs: Inputs<InitFacts>): readonly Operation[] {
	const { configuration, facts } = inputs;
	const servers = configuration
		.list("TIMESERVER")
		.map((server) => (server.toLowerCase() === "auto" ? serverName(inputs) : server))
		.filter((server) => server !== undefined);
	if (servers.length === 0) return [];
	const reason = because(configuration, "TIMESERVER");
	if (facts.root.units.includes("chrony.service")) {
		// A folder that Debian's chrony.conf names (chrony.conf(5), sourcedir).
		const content = servers.map((server) => `server ${server} iburst\n`).join("");
		return [{ kind: "writeFile", path: "/etc/chrony/sources.d/netherd.sources", content, because: reason }];
	}
	return [
		{
			kind: "writeFile",
			path: "/etc/systemd/timesyncd.conf.d/netherd.conf",
			content: `[Time]\nNTP=${servers.join(" ")}\n`,
			because: reason,
		},
		// As `systemctl enable systemd-timesyncd.service` does it.
		aliasUnit("systemd-timesyncd.service", "dbus-org.freedesktop.timesync1.service", reason),
		wantUnit("systemd-timesyncd.service", "sysinit.target", reason),
	];
}
