import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { repository } from "../../tools/cache.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** As root in a container that may not read what others own. */
const withoutOverride = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];

const digest = `
	const { digestRoot } = await import(${JSON.stringify(join(repository, "image/digest-root.ts"))});
	console.log(await digestRoot(process.argv[1], 1_700_000_000).catch(({ code, message }) => code + " " + message));`;

test("a root with a file that cannot be read has no digest: the file is named", async () => {
	const root = temporaryFolder();
	chmodSync(root, 0o755);
	const file = join(root, "theirs");
	writeFileSync(file, "content", { mode: 0o644 });
	chownSync(file, 1234, 1234);
	const run = async () => {
		const node = [process.execPath, "--input-type=module", "--eval", digest, root];
		return (await execa(withoutOverride[0] ?? "", [...withoutOverride.slice(1), ...node])).stdout;
	};
	expect(await run()).toMatch(/^[0-9a-f]{64}$/);
	chmodSync(file, 0o600);
	expect(await run()).toMatch(
		/^image\.root-unreadable cannot read the root\n[\s\S]*theirs.*Permission denied/,
	);
});
