import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { buildExecutable } from "../../../image/executable.ts";
import { cacheFolder, repository } from "../../../tools/cache.ts";
import { unpackSystem } from "./root.ts";

/** When builds say that they were made; seconds since 1970. */
export const sourceDateEpoch = "1750000000";

/** A system as a folder, and what makes images of it. */
export class SystemToBuild implements Disposable {
	/** On the disk of .cache. */
	readonly folder: string;
	readonly system: string;
	readonly key: string;
	/** The agent's program. */
	readonly agent: string;

	private constructor(folder: string, agent: string) {
		this.folder = folder;
		this.system = join(folder, "system");
		this.key = join(folder, "key.pem");
		this.agent = agent;
	}

	static async unpack(): Promise<SystemToBuild> {
		mkdirSync(cacheFolder, { recursive: true });
		const folder = mkdtempSync(join(cacheFolder, "test-source-"));
		const made = new SystemToBuild(folder, (await buildExecutable("agent")).path);
		await unpackSystem(made.system);
		await execa(process.execPath, [join(repository, "image/main.ts"), "keygen", made.key]);
		return made;
	}

	/** `image build SOURCE`, quickly, without boot loaders. */
	command(source: string, tree: string, ...more: string[]): [string, ...string[]] {
		const words = buildWords(source, tree, this.key);
		return [process.execPath, join(repository, "image/main.ts"), ...words, ...more];
	}

	async build(source: string, tree: string, ...more: string[]) {
		const [program, ...words] = this.command(source, tree, ...more);
		return await execa(program, words, { reject: false, env: { SOURCE_DATE_EPOCH: sourceDateEpoch } });
	}

	[Symbol.dispose](): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

export function buildWords(source: string, tree: string, key: string): string[] {
	return ["build", source, "--out", tree, "--recipe", "test", "--fast", "--loaders", "none", "--key", key];
}
