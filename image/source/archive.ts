import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { beginningOf } from "../beginning-of.ts";
import { progressBar } from "../progress-bar.ts";
import { endsWithBuild } from "../run-in-root.ts";
import { tarAttributes } from "./root-folder.ts";

/** What an archive held. */
export interface Extracted {
	/** Its folders that it named as such, without slash in front or behind; those that were only part of a path are not among them. */
	readonly folders: ReadonlySet<string>;
	/** SHA-256 of the archive as it was read, lower-case hex. */
	readonly sha256: string;
}

/** How a file of each compression begins, and what tar and Debian call it. */
const compressions = [
	{ magic: "1f8b", option: "--gzip", debianPackage: "gzip" },
	{ magic: "28b52ffd", option: "--zstd", debianPackage: "zstd" },
	{ magic: "fd377a585a00", option: "--xz", debianPackage: "xz-utils" },
	{ magic: "425a68", option: "--bzip2", debianPackage: "bzip2" },
] as const;

/** What the tar of the image is not asked to make: devices need rights that a container lacks, and nodes have their own. */
const notExtracted = ["dev/*", "./dev/*"];

const shownLines = 10;

/**
 * Unpacks a tar archive into a folder, whatever its compression. GNU tar keeps to the folder: it takes `..` and leading
 * slashes out of names, and makes links that lead out of the folder only at the end, so that no file is written through one
 * (https://www.gnu.org/software/tar/manual/html_section/Security.html). That holds for a folder that was empty before: each
 * archive gets one of its own.
 *
 * @param folder An empty folder.
 * @param label For the progress bar.
 * @throws {NetherdError} `image.source-unreadable`, `image.disk-full`.
 */
export async function extractArchive(file: string, folder: string, label: string): Promise<Extracted> {
	const compression = await compressionOf(file);
	const tar = execa(
		endsWithBuild[0],
		[
			...endsWithBuild.slice(1),
			...["tar", "--extract", "--verbose", "--file=-", `--directory=${folder}`, ...compression],
			...["--same-permissions", "--same-owner", "--delay-directory-restore", ...tarAttributes],
			...["--quoting-style=escape", "--no-wildcards-match-slash", "--anchored"],
			...notExtracted.map((pattern) => `--exclude=${pattern}`),
		],
		{ reject: false, buffer: { stdout: false }, env: { LC_ALL: "C.UTF-8" } },
	);
	const hash = createHash("sha256");
	const fed = feed(file, hash, tar.stdin, label);
	const folders = new Set<string>();
	for await (const line of tar.iterable({ from: "stdout" })) {
		if (line.endsWith("/")) folders.add(line.replace(/^(\.?\/)+|\/+$/g, ""));
	}
	const { failed, stderr, exitCode, signal } = await tar;
	const readError = await fed;
	if (!failed && readError === undefined) return { folders, sha256: hash.digest("hex") };
	const lastLines = String(stderr).split("\n").slice(-shownLines).join("\n");
	if (/No space left on device/.test(lastLines)) {
		throw new NetherdError("image.disk-full", `unpacking ${file} found no space left\n${lastLines}`, {
			hint: "the disk of --out needs room for the unpacked source: free some, or give another folder with --out",
		});
	}
	const how = exitCode === undefined ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
	throw new NetherdError("image.source-unreadable", `cannot unpack ${file}: tar ${how}\n${lastLines}`, {
		hint: "see the last lines: a damaged or incomplete archive, or names in it that lead out of it; make it again",
		...(readError === undefined ? {} : { cause: readError }),
	});
}

/** @returns What went wrong with reading; tar's end of the pipe closing early is tar's affair. */
async function feed(
	file: string,
	hash: ReturnType<typeof createHash>,
	to: NodeJS.WritableStream,
	label: string,
): Promise<unknown> {
	const totalBytes = statSync(file).size;
	const bar = progressBar(label);
	let doneBytes = 0;
	const watch = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			hash.update(chunk);
			doneBytes += chunk.length;
			bar.update(doneBytes, totalBytes);
			done(null, chunk);
		},
	});
	try {
		await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), watch, to);
		return undefined;
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		return code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE" ? undefined : error;
	} finally {
		bar.end();
	}
}

async function compressionOf(file: string): Promise<string[]> {
	const start = beginningOf(file, 8).toString("hex");
	const found = compressions.find(({ magic }) => start.startsWith(magic));
	if (found === undefined) return [];
	await ensureDebianPackages([found.debianPackage], `read ${file}`);
	return [found.option];
}
