import { cpus, release, totalmem } from "node:os";
import { describeError, NetherdError } from "../agent/errors.ts";
import { benchConfiguration } from "./configuration.ts";
import { benchExecutable } from "./executable.ts";
import { benchImage } from "./image.ts";
import { benchJoin } from "./join.ts";
import { benchNodeImage } from "./node-image.ts";
import { type Row, renderTable } from "./table.ts";

interface Benchmark {
	readonly summary: string;
	run(): Promise<readonly Row[]>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
	executable: { summary: "size and start of the agent, beside the Node in it", run: benchExecutable },
	configuration: { summary: "lts.conf of 10,000 nodes, beside the ini package", run: benchConfiguration },
	"node-image": { summary: "sizes of what a node downloads, per recipe", run: benchNodeImage },
	join: { summary: "from systemd to Ready in a real cluster, by cause", run: benchJoin },
	image: { summary: "the image's way into RAM, beside nbdcopy and sha256sum", run: () => benchImage() },
};

const help = `npm run bench [-- NAME ...]: measures, and prints what was promised beside it

${Object.entries(benchmarks)
	.map(([name, { summary }]) => `  ${name.padEnd(12)}  ${summary}`)
	.join("\n")}

Without a name: all of them. How long a boot takes is printed by npm start.
`;

async function main(names: readonly string[]): Promise<void> {
	if (names.includes("--help")) {
		process.stdout.write(help);
		return;
	}
	const wanted = names.length === 0 ? Object.keys(benchmarks) : names;
	for (const name of wanted) {
		if (benchmarks[name] !== undefined) continue;
		throw new NetherdError("usage.unknown-command", `there is no benchmark ${JSON.stringify(name)}`, {
			hint: `the benchmarks are ${Object.keys(benchmarks).join(", ")}`,
		});
	}
	console.log(
		`${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}, Node ${process.versions.node}`,
	);
	for (const name of wanted) {
		const rows = await benchmarks[name]?.run();
		console.log(`\n${name}: ${benchmarks[name]?.summary}\n${renderTable(rows ?? [])}`);
	}
}

main(process.argv.slice(2)).catch((error: unknown) => {
	process.stderr.write(`bench: ${describeError(error)}\n`);
	process.exitCode = error instanceof NetherdError && error.code.startsWith("usage.") ? 2 : 1;
});
