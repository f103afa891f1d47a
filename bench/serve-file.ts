import { createReadStream } from "node:fs";
import { createServer } from "node:net";

/** `node serve-file.ts FILE ADDRESS`: the file to whoever connects; says the port on standard output. */
const [file = "", address] = process.argv.slice(2);
const server = createServer((socket) => {
	socket.on("error", () => undefined);
	createReadStream(file).pipe(socket);
});
server.listen(0, address, () => {
	const bound = server.address();
	if (typeof bound === "object") console.log(bound?.port);
});
