import { createHash } from "node:crypto";

/** Bytes that look random and are the same in every run; no two chunks are alike. */
export function testContent(sizeBytes: number): Buffer {
	const content = Buffer.alloc(sizeBytes);
	for (let offset = 0; offset < sizeBytes; offset += 32) {
		createHash("sha256").update(`netherd ${offset}`).digest().copy(content, offset);
	}
	return content;
}

/** SHA-256 of every chunk, as a manifest has them. */
export function hashChunks(content: Buffer, chunkSizeBytes: number): string[] {
	const chunks: string[] = [];
	for (let offset = 0; offset < content.length; offset += chunkSizeBytes) {
		const chunk = content.subarray(offset, offset + chunkSizeBytes);
		chunks.push(createHash("sha256").update(chunk).digest("hex"));
	}
	return chunks;
}
