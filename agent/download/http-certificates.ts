import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { certificatesFile } from "../paths.ts";
import { badCertificates } from "./http-errors.ts";

/**
 * Who may vouch for a server of https, as PEM: the authorities that Node knows (Mozilla's), and those of the file that
 * the image build put into the initramfs.
 *
 * @throws {NetherdError} `http.bad-certificates`
 */
export function trustedCertificates(file: string = certificatesFile): readonly string[] {
	if (!existsSync(file)) return rootCertificates;
	try {
		const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
		const own = readFileSync(file, "utf8").match(pem) ?? [];
		if (own.length === 0) throw new Error("no certificate in it");
		for (const each of own) new X509Certificate(each);
		return [...rootCertificates, ...own];
	} catch (error) {
		throw badCertificates(file, error);
	}
}
