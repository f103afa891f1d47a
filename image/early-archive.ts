/**
 * The length of the uncompressed cpio archives (newc) that a file begins with, with the zeros that follow them: where
 * processors have their microcode in an initramfs. 0 when there is none.
 *
 * Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function earlyArchiveBytes(initramfs: Buffer): number {
	let offset = 0;
	while (initramfs.subarray(offset, offset + 6).toString("latin1") === "070701") {
		const number = (field: number) =>
			Number.parseInt(
				initramfs.subarray(offset + 6 + field * 8, offset + 14 + field * 8).toString("latin1"),
				16,
			);
		const [sizeBytes, nameBytes] = [number(6), number(11)];
		const name = initramfs.subarray(offset + 110, offset + 110 + nameBytes - 1).toString("latin1");
		offset = aligned(aligned(offset + 110 + nameBytes) + sizeBytes);
		if (name !== "TRAILER!!!") continue;
		while (initramfs[offset] === 0) offset++;
	}
	return offset;
}

/** To four bytes. */
function aligned(offset: number): number {
	return Math.ceil(offset / 4) * 4;
}
