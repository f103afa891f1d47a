/*
 * `node bare-join.cjs SERVER NODE`: what a join takes of any program on Node, with nothing of ours. It asks the API server
 * whether it is ready, starts one program and keeps its lines in a file, and asks twice for the Node with the kubelet's
 * credentials.
 */
const { spawn } = require("node:child_process");
const { appendFileSync, readFileSync } = require("node:fs");
const { Agent, get } = require("node:https");
const [, , server, node] = process.argv;
const ask = (path, options) =>
	new Promise((resolve, reject) =>
		get(server + path, options, (answer) => {
			let body = "";
			answer
				.on("data", (part) => {
					body += part;
				})
				.on("end", () => resolve(body));
		}).on("error", reject),
	);
const run = () =>
	new Promise((resolve) => {
		const program = spawn("sh", ["-c", "for n in $(seq 20); do echo $n; done"], {
			stdio: ["ignore", "pipe", "pipe"],
		});
		program.stdout.setEncoding("utf8").on("data", (text) => {
			for (const line of text.split("\n"))
				appendFileSync("/dev/shm/bare-join.log", `${JSON.stringify({ line })}\n`);
		});
		program.once("close", resolve);
	});
(async () => {
	await ask("/readyz", { rejectUnauthorized: false, ca: [], agent: false });
	await run();
	const pem = readFileSync("/var/lib/kubelet/pki/kubelet-client-current.pem");
	const agent = new Agent({ keepAlive: true });
	const identity = { ca: readFileSync("/etc/kubernetes/pki/ca.crt"), cert: pem, key: pem, agent };
	for (const _ of [1, 2]) JSON.parse(await ask(`/api/v1/nodes/${node}`, identity));
	agent.destroy();
})();
