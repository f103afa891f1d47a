import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeError } from "../../../agent/errors.ts";
import { joinToken } from "../../../server/http/join-token.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const token = "abcdef.0123456789abcdef";
const network = { networkAddress: "10.20.0.0", netmask: "255.255.252.0" };

function fileWith(text: string): string {
	const file = join(temporaryFolder(), "token");
	writeFileSync(file, text);
	return file;
}

describe("who gets it", () => {
	test.each(["10.20.0.1", "10.20.3.255", "::ffff:10.20.0.9"])("%s", async (client) => {
		expect(await joinToken({ file: fileWith(`${token}\n`), network }, client)).toBe(token);
	});

	test.each(["10.20.4.1", "10.19.255.255", "127.0.0.1", "::1", "fd67::10", ""])(
		"not %j, who does not learn whether there is one",
		async (client) => {
			await expect(joinToken({ file: undefined, network }, client)).rejects.toMatchObject({
				code: "server.token-refused",
			});
		},
	);
});

test("a new token counts at once", async () => {
	const file = fileWith(token);
	writeFileSync(file, "zzzzzz.0123456789abcdef\n");
	expect(await joinToken({ file, network }, "10.20.0.1")).toBe("zzzzzz.0123456789abcdef");
});

test("a server without", async () => {
	await expect(joinToken({ file: undefined, network }, "10.20.0.1")).rejects.toMatchObject({
		code: "server.no-token",
	});
});

test.each([`${token} # of June`, `kubeadm join --token ${token}`, "", "hunter2", `${token}\n${token}`])(
	"what is no token is not shown: %j",
	async (text) => {
		const error = await joinToken({ file: fileWith(text), network }, "10.20.0.1").catch((one) => one);
		expect(error).toMatchObject({ code: "server.token-unreadable" });
		expect(describeError(error)).not.toMatch(/abcdef|hunter2/);
	},
);

test("a file that cannot be read", async () => {
	const folder = join(temporaryFolder(), "token");
	mkdirSync(folder);
	await expect(joinToken({ file: folder, network }, "10.20.0.1")).rejects.toMatchObject({
		code: "server.token-unreadable",
		message: `${folder} cannot be read`,
	});
});
