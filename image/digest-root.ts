import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { NetherdError } from "../agent/errors.ts";

/**
 * SHA-256 over everything in a root that ends up in an image: names, modes, owners, links, extended attributes, contents, and
 * dates, of which none is later than `epochSeconds`. GNU tar writes the same bytes for the same tree.
 *
 * @throws {NetherdError} `image.root-unreadable`.
 */
export async function digestRoot(root: string, epochSeconds: number): Promise<string> {
	const tar = execa(
		"tar",
		[
			...["--create", "--file=-", `--directory=${root}`, "--sort=name", "--numeric-owner", "--xattrs"],
			...["--format=posix", "--pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime"],
			...[`--mtime=@${epochSeconds}`, "--clamp-mtime", "--warning=no-file-ignored", "."],
		],
		{ buffer: { stdout: false }, encoding: "buffer", reject: false },
	);
	const hash = createHash("sha256");
	await pipeline(tar.stdout, hash);
	const { failed, stderr } = await tar;
	if (!failed) return hash.digest("hex");
	throw new NetherdError(
		"image.root-unreadable",
		`cannot read the root\n${Buffer.from(stderr).toString().trim()}`,
		{
			hint: "see the line above; nothing may change a root while an image is made of it",
		},
	);
}
