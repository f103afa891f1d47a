import { expect, test } from "vitest";
import { resolveFacts } from "../../agent/facts/resolve-facts.ts";

/** The value of a key that refers to `$SERVER`, for a node with this command line and this next-server. */
function serverOf(commandLine: string, nextServer?: string): string | undefined {
	const { configuration } = resolveFacts({
		commandLine,
		configuration: {
			file: "lts.conf",
			from: "/etc/lts.conf",
			text: '[default]\nHOSTS_API = "$SERVER api"\n',
		},
		network: { nameServers: [], ...(nextServer === undefined ? {} : { nextServer }) },
	});
	return configuration.text("HOSTS_API");
}

test.each([
	["netherd.server=http://10.9.0.1:80 nbdroot=10.9.0.2:10809/node", "10.9.0.3", "10.9.0.1 api"],
	["nbdroot=10.9.0.2:10809/node", "10.9.0.3", "10.9.0.2 api"],
	["nbdroot=10.9.0.2:10809/node", undefined, "10.9.0.2 api"],
	["nbdroot=dhcp", "10.9.0.3", "10.9.0.3 api"],
	["", undefined, "$SERVER api"],
])("$SERVER with %j and next-server %j", (commandLine, nextServer, expected) => {
	expect(serverOf(commandLine, nextServer)).toBe(expected);
});

test("of many errors the console shows the first", () => {
	const lines = Array.from({ length: 50 }, () => "ON_FAILURE = halt\n");
	const text = lines.map((line, index) => `[node${index}]\n${line}`).join("");
	const chain = Array.from({ length: 50 }, (_, index) => `FSTAB_${index} = "x /../y z"\n`).join("");
	const configuration = { file: "lts.conf", from: "/etc/lts.conf", text: `${text}[default]\n${chain}` };
	expect(() => resolveFacts({ commandLine: "", configuration, network: { nameServers: [] } })).toThrow(
		expect.objectContaining({
			message: expect.stringMatching(/has 50 errors; .*lts\.conf:121:\d+: error.*\n… and 30 more$/s),
		}),
	);
});
