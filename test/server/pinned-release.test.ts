import { mkdirSync, readdirSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeBootTree, writeVersion } from "./support/boot-tree.ts";
import { CompanionProcess } from "./support/companion-process.ts";
import { startReader } from "./support/export-reader.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { clientMac, serverAddress, TwoHosts } from "./support/two-hosts.ts";

const program = join(import.meta.dirname, "../../server/main.ts");
const configuration = "[network]\ninterface = lan\n[dhcp]\nmode = off\n";

async function start(text: string, versions: readonly string[]) {
	const folder = join(temporaryFolder(), "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	for (const version of versions) await writeVersion(folder, { name: "node", version });
	const hosts = await TwoHosts.create();
	const companion = new CompanionProcess(hosts, folder, text);
	await companion.event("companion.ready");
	const releases = async (...words: readonly string[]) => {
		const outcome = await hosts.run("server", [process.execPath, program, "releases", ...words]);
		if (outcome.exitCode !== 0) throw new Error(outcome.stderr);
		return outcome.stdout;
	};
	/** What a node with this MAC address boots, the way iPXE asks. */
	const boot = async (mac: string) => {
		const get = async (url: string) => (await hosts.run("client", ["curl", "-sS", url])).stdout;
		const script = await get(`http://${serverAddress}/boot.ipxe`);
		const chained = /^chain --replace (\S+)/m.exec(script)?.[1]?.replace("${netX/mac}", mac);
		const final = chained === undefined ? script : await get(chained);
		return / netherd\.image=(\S+) /.exec(final)?.[1];
	};
	return { folder, hosts, companion, releases, boot };
}

test("promote, boot, rollback, boot; a node with a pin stays where it is, and pins change without a restart", async () => {
	const pinned = `${configuration}[hosts]\n${clientMac} = 10.77.0.50, node1\n[pins]\nnode1 = node/1\n`;
	const { folder, hosts, companion, releases, boot } = await start(pinned, ["2", "3"]);
	await using _ = hosts;
	const other = "52:54:00:00:00:99";
	expect([await boot(clientMac), await boot(other)]).toEqual(["node/1", "node/1"]);
	await releases("promote", folder, "node/2", "--verify");
	expect([await boot(clientMac), await boot(other)]).toEqual(["node/1", "node/2"]);
	await releases("rollback", folder);
	expect([await boot(clientMac), await boot(other)]).toEqual(["node/1", "node/1"]);
	expect(await companion.event("boot.chosen", ({ mac }) => mac === clientMac)).toMatchObject({
		image: "node",
		version: "1",
		because: "[pins] node1 = node/1",
		level: "info",
	});

	writeFileSync(`${companion.configFile}.new`, pinned.replace("node1 = node/1", "node1 = node/3"));
	renameSync(`${companion.configFile}.new`, companion.configFile);
	expect([await boot(clientMac), await boot(other)]).toEqual(["node/3", "node/1"]);
	expect(await companion.event("companion.reloaded")).toMatchObject({ needsRestart: [] });
});

test("what a node reads or was told to boot, or is pinned, no prune removes; what the companion leaves goes", async () => {
	const pinned = `${configuration}[pins]\n${clientMac} = node/2\n`;
	const { folder, hosts, companion, releases } = await start(pinned, ["2", "3", "4", "5", "6"]);
	await using _ = hosts;
	const node = startReader(hosts, "client", "node/3");
	const before = await node.read(0);
	expect(before).toMatch(/^[0-9a-f]{8192}$/);
	await releases("promote", folder, "node/4");
	await (await hosts.run("client", ["curl", "-sS", `http://${serverAddress}/boot.ipxe?mac=`])).stdout;
	await releases("promote", folder, "node/5");
	await releases("promote", folder, "node/6");
	// As a build does, which knows no pins: the companion's locks tell it.
	const noPins = join(folder, "../other.ini");
	writeFileSync(noPins, configuration);
	const told = await releases("prune", folder, "--keep", "1", "--config", noPins);
	expect(told.split("\n").sort()).toEqual([
		expect.stringMatching(/^freed 0\.3 MiB$/),
		"keeps node/2: in use",
		"keeps node/3: in use",
		"keeps node/4: in use",
		"keeps node/5: previous",
		"keeps node/6: current; among the newest 1",
		expect.stringMatching(/^removed node\/1: 0\.3 MiB$/),
	]);
	expect(await node.read(0)).toBe(before);

	// A companion that is gone holds nothing, however it went.
	await companion.end("SIGKILL");
	await releases("prune", folder, "--keep", "1", "--config", noPins);
	expect(readdirSync(join(folder, "images/node")).sort()).toEqual(["5", "6", "current", "history"]);
	expect(readlinkSync(join(folder, "images/node/current"))).toBe("6");
	node.process.kill("SIGKILL");
});
