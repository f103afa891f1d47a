import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SigningKey } from "../../../agent/trust/keys.ts";
import type { BootSettings } from "../../../server/boot-choice.ts";
import type { CompanionEvent } from "../../../server/events.ts";
import { createHttpServer } from "../../../server/http/http-server.ts";
import { findProgram } from "../../../server/programs.ts";
import { VersionUses } from "../../../server/releases/version-uses.ts";
import { writeBootTree } from "./boot-tree.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** The HTTP server of a boot tree, on loopback, until the test ends. */
export async function start(signingKeys: readonly SigningKey[] = []) {
	const top = temporaryFolder();
	const folder = join(top, "tree");
	mkdirSync(folder);
	await writeBootTree(folder);
	writeFileSync(join(top, "secret"), "secret");
	const events: CompanionEvent[] = [];
	const children = { nbdkit: { state: "running" as "running" | "restarting", restarts: 0 } };
	const uses = new VersionUses(folder, findProgram("flock"), (event) => events.push(event));
	onTestFinished(() => uses.stop());
	const settings: { current: BootSettings } = {
		current: { defaultImage: "node", kernelParameters: "quiet", hosts: [], groups: [], pins: [] },
	};
	const server = createHttpServer({
		folder,
		settings,
		uses,
		address: "10.0.0.1",
		httpPort: 80,
		nbdPort: 10809,
		token: { file: join(top, "token"), network: { networkAddress: "127.0.0.0", netmask: "255.255.255.0" } },
		signingKeys,
		emit: (event) => events.push(event),
		health: () => children,
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => {
		server.closeAllConnections();
		server.close();
	});
	const { port } = server.address() as AddressInfo;
	return { top, folder, events, children, settings, port, url: `http://127.0.0.1:${port}` };
}

/** Sends exactly this request line; fetch would tidy the path. */
export async function statusOf(port: number, path: string): Promise<{ status: number; text: string }> {
	const socket = connect({ host: "127.0.0.1", port });
	socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
	let text = "";
	for await (const chunk of socket) text += chunk;
	return { status: Number(text.split(" ")[1]), text };
}
