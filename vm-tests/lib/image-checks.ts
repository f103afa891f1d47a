import assert from "node:assert/strict";
import { fetchableImage } from "../../agent/download/manifest.ts";
import type { BootedNode } from "./booted-node.ts";
import type { GuestCheck } from "./scenario.ts";

/** The image in RAM is what the manifest says, whatever happened on its way. */
export function imageIsIntact({ manifest }: BootedNode): readonly GuestCheck[] {
	return [
		{
			what: "the image in RAM has the SHA-256 of its manifest",
			run: "sha256sum /run/netherd/image/image.squashfs | cut -d ' ' -f 1",
			prints: fetchableImage(manifest).sha256,
		},
	];
}

/** Fails unless the console has shown a line like this, from line number `fromLine` on. */
export function consoleTells({ machine }: BootedNode, line: RegExp, fromLine = 0): void {
	const { lines } = machine.console;
	assert.ok(
		lines.slice(fromLine).some(({ text }) => line.test(text)),
		`no line like ${line}`,
	);
}

/** What the node has told the companion about its image, by its kind. */
export function imageReports(node: BootedNode, kind: string): readonly Record<string, unknown>[] {
	return node.companion.events().flatMap((event) => {
		if (event.event !== "node.report") return [];
		const report: Record<string, unknown> = { ...event.report };
		return report.event === kind ? [report] : [];
	});
}

/** The one report that the image is complete. */
export function completionReport(node: BootedNode): Readonly<Record<string, unknown>> {
	const [report, ...others] = imageReports(node, "image-complete");
	assert.ok(
		report !== undefined && others.length === 0,
		"the server was told once that the image is complete",
	);
	return report;
}

/** Bytes of the image that the companion which serves now has sent, over NBD and HTTP. */
export function imageBytesServed(node: BootedNode): number {
	return node.companion.events().reduce((sum, event) => {
		if (event.event === "nbd.closed") return sum + event.bytes;
		const isImage = event.event === "http.request" && event.path.endsWith("/image.squashfs");
		return isImage ? sum + event.bytes : sum;
	}, 0);
}
