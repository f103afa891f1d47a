import { setTimeout as sleep } from "node:timers/promises";
import { NetherdError } from "../errors.ts";
import {
	maximumSignatureFileBytes,
	type Purpose,
	signatureEnding,
	signatureTooLarge,
} from "../trust/signature-file.ts";
import { verifySignedFile } from "../trust/verify.ts";
import { type HttpGetLimits, httpGet } from "./http-get.ts";
import type { Trust, Verification } from "./verification.ts";

/** A file from a server that may be read. */
export interface FetchedFile {
	readonly text: string;
	readonly verification: Verification;
}

/** File and signature are two requests: between them somebody may change both. */
const pausesMs = [1_000, 2_000];

/**
 * A file from a server, verified before anybody looks into it; undefined when the server has none.
 *
 * @throws {NetherdError} `trust.*`; `server.unreachable`, `server.refused`, `server.answer-too-large`.
 */
export async function getSignedFile(
	url: string,
	purpose: Purpose,
	trust: Trust,
	limits: HttpGetLimits,
): Promise<FetchedFile | undefined> {
	for (let attempt = 0; ; attempt++) {
		try {
			return await getOnce(url, purpose, trust, limits);
		} catch (error) {
			const pauseMs = pausesMs[attempt];
			const mayBeAnEdit = error instanceof NetherdError && error.code === "trust.signature-wrong";
			if (!mayBeAnEdit || pauseMs === undefined) throw error;
			limits.onRetry(`${url} does not fit its signature; again in ${pauseMs / 1000} s`);
			await sleep(pauseMs);
		}
	}
}

async function getOnce(
	url: string,
	purpose: Purpose,
	trust: Trust,
	limits: HttpGetLimits,
): Promise<FetchedFile | undefined> {
	const content = await httpGet(url, limits);
	if (content === undefined) return undefined;
	const text = () => content.toString("utf8");
	if (trust.kind === "anybody") return { text: text(), verification: { notVerified: trust.why } };
	const signaturesFrom = `${url}${signatureEnding}`;
	const signatures = await getSignatures(signaturesFrom, limits);
	const signedBy = verifySignedFile(
		{ purpose, content, signatures, whereFrom: url, signaturesFrom },
		trust.keys,
	);
	return { text: text(), verification: { signedBy } };
}

async function getSignatures(url: string, limits: HttpGetLimits): Promise<Buffer | undefined> {
	try {
		return await httpGet(url, { ...limits, maximumBytes: maximumSignatureFileBytes });
	} catch (error) {
		const isTooLarge = error instanceof NetherdError && error.code === "server.answer-too-large";
		throw isTooLarge ? signatureTooLarge(url) : error;
	}
}
