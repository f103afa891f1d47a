import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { describeError, describeWrongOption, NetherdError } from "../agent/errors.ts";
import { benchBoot } from "./boot.ts";
import { benchConfiguration } from "./configuration.ts";
import { benchExecutable } from "./executable.ts";
import { benchImageBuild } from "./image-build.ts";
import { benchImageLink } from "./image-link.ts";
import { benchImageMemory } from "./image-memory.ts";
import { benchImageSpeed } from "./image-speed.ts";
import { benchJoin } from "./join.ts";
import { benchNodeImage } from "./node-image.ts";
import { type Row, renderTable } from "./table.ts";

interface Options {
	/** Of the image that is downloaded. */
	readonly sizeMib: number;
	/** How often each contestant runs. */
	readonly pairs: number;
	/** How often each machine boots. */
	readonly rounds: number;
}

interface Benchmark {
	readonly summary: string;
	run(options: Options): Promise<readonly Row[]>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
	executable: { summary: "size and start of the agent, beside the Node in it", run: benchExecutable },
	configuration: { summary: "lts.conf of 10,000 nodes, beside the ini package", run: benchConfiguration },
	"node-image": { summary: "sizes of what a node downloads, per recipe", run: benchNodeImage },
	"image-build": {
		summary: "time and size of an image by compression, and what two releases share",
		run: benchImageBuild,
	},
	"image-speed": {
		summary: "the image's way into RAM, beside nbdcopy, curl and sha256sum",
		run: benchImageSpeed,
	},
	"image-link": { summary: "the image over 1 Gbit/s with 1 ms, also with 1 % loss", run: benchImageLink },
	boot: {
		summary: "power-on to multi-user by firmware and loader, beside live-boot and LTSP",
		run: benchBoot,
	},
	join: { summary: "from the start of systemd to Ready in a real cluster, by cause", run: benchJoin },
	"image-memory": { summary: "the agent's memory during a download of 4 GiB", run: benchImageMemory },
};

/** Names for several. */
const groups: Readonly<Record<string, readonly string[]>> = {
	image: ["image-speed", "image-link", "image-memory"],
};

const help = `npm run bench [-- NAME ... [--pairs N] [--rounds N] [--size-mib N]]: measures, and prints what was promised beside it

${Object.entries(benchmarks)
	.map(([name, { summary }]) => `  ${name.padEnd(13)}  ${summary}`)
	.join("\n")}
${Object.entries(groups)
	.map(([name, members]) => `  ${name.padEnd(13)}  ${members.join(", ")}`)
	.join("\n")}

Without a name: all of them. --pairs says how often the contestants of image-speed and image-link run (5), --size-mib how
large their image is (1024); --rounds says how often each machine of boot is powered on (3).

Contestants run in turns, so that a busy machine hits all of them; still, only numbers from a quiet one say much: the first
line has the load. A result reads: median (fastest–slowest), rate, processor time of the client per GiB, its peak memory.
`;

async function main(): Promise<void> {
	const { values, positionals } = readArguments();
	if (values.help) {
		process.stdout.write(help);
		return;
	}
	const options = {
		pairs: positive("--pairs", values.pairs),
		rounds: positive("--rounds", values.rounds),
		sizeMib: positive("--size-mib", values["size-mib"]),
	};
	const wanted =
		positionals.length === 0 ? Object.keys(benchmarks) : positionals.flatMap((name) => groups[name] ?? name);
	for (const name of wanted) {
		if (benchmarks[name] !== undefined) continue;
		throw new NetherdError("usage.unknown-command", `there is no benchmark ${JSON.stringify(name)}`, {
			hint: `the benchmarks are ${[...Object.keys(benchmarks), ...Object.keys(groups)].join(", ")}`,
		});
	}
	console.log(
		`${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}, ` +
			`Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)}`,
	);
	for (const name of wanted) {
		const startLoad = loadavg()[0] ?? 0;
		const rows = await benchmarks[name]?.run(options);
		console.log(`\n${name}: ${benchmarks[name]?.summary}\n${renderTable(rows ?? [])}`);
		if (startLoad > availableParallelism()) {
			console.log(`(the machine was busy with other things: load ${startLoad.toFixed(1)} at the start)`);
		}
	}
}

function readArguments() {
	try {
		return parseArgs({
			allowPositionals: true,
			options: {
				help: { type: "boolean", short: "h", default: false },
				pairs: { type: "string", default: "5" },
				rounds: { type: "string", default: "3" },
				"size-mib": { type: "string", default: "1024" },
			},
		});
	} catch (error) {
		throw new NetherdError("usage.bad-option", describeWrongOption(error), {
			hint: "see: npm run bench -- --help",
		});
	}
}

function positive(option: string, text: string): number {
	if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
	throw new NetherdError("usage.bad-option", `${option} ${JSON.stringify(text)} is no positive number`, {
		hint: `write ${option} 5`,
	});
}

main().catch((error: unknown) => {
	process.stderr.write(`bench: ${describeError(error)}\n`);
	process.exitCode = error instanceof NetherdError && error.code.startsWith("usage.") ? 2 : 1;
});
