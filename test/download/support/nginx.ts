import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { ensureDebianPackages } from "../../../tools/debian-packages.ts";
import { unusedAddress } from "./nbdkit.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/**
 * Runs a real nginx that serves a folder, on a loopback address that belongs to this process alone, until the test ends.
 *
 * @param directives More of them, for the http block.
 */
export async function startNginx(folder: string, directives = ""): Promise<{ readonly origin: string }> {
	await ensureDebianPackages(["nginx-light"], "test the download of images");
	const { host, port } = unusedAddress();
	const own = temporaryFolder();
	const configuration = join(own, "nginx.conf");
	writeFileSync(
		configuration,
		`daemon off; worker_processes 1; pid ${own}/pid; error_log stderr; user root;
events {}
http { access_log off; sendfile on; client_body_temp_path ${own}/b; proxy_temp_path ${own}/p; fastcgi_temp_path ${own}/f;
uwsgi_temp_path ${own}/u; scgi_temp_path ${own}/s; ${directives}
server { listen ${host}:${port}; root ${folder}; } }`,
	);
	const server = execa("nginx", ["-c", configuration, "-e", "stderr"], { reject: false, all: true });
	onTestFinished(async () => {
		server.kill("SIGTERM");
		await server;
	});
	let ended: string | undefined;
	server.then(({ all }) => {
		ended = all;
	});
	while (!(await accepts(host, port))) {
		if (ended !== undefined) throw new Error(`nginx ended: ${ended}`);
		await sleep(20);
	}
	return { origin: `http://${host}:${port}` };
}

function accepts(host: string, port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect({ host, port });
		socket.on("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.on("error", () => resolve(false));
	});
}
