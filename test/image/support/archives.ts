import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { temporaryFolder } from "./temporary-folder.ts";

/** Path → content; `-> TARGET` for a link, `/` for a folder. */
export type Tree = Readonly<Record<string, string | Buffer>>;

/** Makes the files of a tree in a folder. */
export function writeTree(folder: string, tree: Tree): string {
	for (const [path, content] of Object.entries(tree)) {
		const file = join(folder, path);
		mkdirSync(dirname(file), { recursive: true });
		if (content === "/") mkdirSync(file, { recursive: true });
		else if (typeof content === "string" && content.startsWith("-> ")) symlinkSync(content.slice(3), file);
		else writeFileSync(file, content);
	}
	return folder;
}

/**
 * A tar archive of a tree.
 *
 * @param names What tar is told to pack; by default all entries of the tree, so that folders on the way are not among them.
 */
export async function tarOf(
	tree: Tree,
	{
		options = [],
		names = Object.keys(tree),
	}: { options?: readonly string[]; names?: readonly string[] } = {},
): Promise<string> {
	const folder = writeTree(temporaryFolder(), tree);
	const file = join(temporaryFolder(), "layer.tar");
	await execa("tar", [
		...["--create", `--file=${file}`, `--directory=${folder}`, "--no-recursion", "--absolute-names"],
		...["--owner=0", "--group=0", ...options, "--", ...names],
	]);
	return file;
}

/** What is said about each image of a layout. */
export interface ImageInLayout {
	readonly layers: readonly string[];
	readonly name?: string;
	readonly architecture?: string;
}

/** An OCI image layout with these images. */
export function ociLayout(images: readonly ImageInLayout[], folder = temporaryFolder()): string {
	mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
	writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
	const manifests = images.map(({ layers, name, architecture = "amd64" }) => {
		const manifest = blob(
			folder,
			JSON.stringify({
				schemaVersion: 2,
				config: blob(folder, JSON.stringify({ architecture, os: "linux" })),
				layers: layers.map((layer) => blob(folder, readFileSync(layer))),
			}),
		);
		const annotations = name === undefined ? {} : { "org.opencontainers.image.ref.name": name };
		return { ...manifest, annotations };
	});
	writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
	return folder;
}

/** Puts content into a layout; returns its descriptor. */
export function blob(folder: string, content: string | Buffer): { digest: string; size: number } {
	const hex = createHash("sha256").update(content).digest("hex");
	const file = join(folder, "blobs/sha256", hex);
	writeFileSync(file, content);
	return { digest: `sha256:${hex}`, size: statSync(file).size };
}
