import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { NetherdError } from "../../agent/errors.ts";
import { repository } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";
import { type Farm, farmNetwork } from "./farm.ts";

/** Where the stand-in API server of a farm listens. */
export const standInEndpoint = `${farmNetwork.address}:6443`;

const startLimitMs = 120_000;

/**
 * Starts a stand-in for the API server that `joinKeys` of the scenarios name. It ends with the farm.
 *
 * @throws {NetherdError} `vm.stand-in-api-failed`.
 */
export async function startStandInApi(farm: Farm, folder: string): Promise<void> {
	await ensureDebianPackages(["openssl"], "make the certificate of the stand-in API server");
	const [certificate, key] = [join(folder, "stand-in-api.crt"), join(folder, "stand-in-api.key")];
	await execa("openssl", [
		...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
		...["-subj", "/CN=stand-in API server", "-addext", `subjectAltName=IP:${farmNetwork.address}`],
		...["-keyout", key, "-out", certificate],
	]);
	const [address = "", port = ""] = standInEndpoint.split(":");
	const program = farm.start(
		[
			process.execPath,
			join(repository, "vm-tests/lib/stand-in-api-server.ts"),
			address,
			port,
			certificate,
			key,
		],
		join(folder, "stand-in-api.log"),
	);
	const giveUpAtMs = performance.now() + startLimitMs;
	while (!program.lines.some(({ text }) => text === "listening")) {
		if (program.process.exitCode !== null || performance.now() > giveUpAtMs) {
			throw new NetherdError("vm.stand-in-api-failed", "the stand-in API server did not start", {
				hint: `its words are in ${folder}/stand-in-api.log`,
			});
		}
		await sleep(50);
	}
}
