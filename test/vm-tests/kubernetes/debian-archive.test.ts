import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { downloadPackages } from "../../../vm-tests/kubernetes/debian-archive.ts";

const folder = mkdtempSync(join(tmpdir(), "netherd-archive-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("nothing is taken from a mirror whose lists Debian has not signed", async () => {
	const mirror = join(folder, "mirror");
	const lists = join(mirror, "dists/bookworm/main/binary-amd64");
	mkdirSync(lists, { recursive: true });
	writeFileSync(
		join(mirror, "dists/bookworm/Release"),
		"Origin: Debian\nSuite: bookworm\nCodename: bookworm\n",
	);
	writeFileSync(
		join(lists, "Packages"),
		"Package: etcd-server\nArchitecture: amd64\nVersion: 1\nFilename: etcd-server_1_amd64.deb\nSize: 3\nSHA256: 0\n",
	);
	writeFileSync(join(mirror, "etcd-server_1_amd64.deb"), "bad");
	const target = join(folder, "target");
	await expect(
		downloadPackages(
			[{ kind: "binary", name: "etcd-server", suite: "bookworm" }],
			target,
			`file://${mirror}`,
		),
	).rejects.toMatchObject({
		code: "kubernetes.download-failed",
		message: expect.stringMatching(/is not signed|no longer signed|does not have a Release file/),
	});
	expect(readdirSync(target).filter((file) => file.endsWith(".deb"))).toEqual([]);
});
