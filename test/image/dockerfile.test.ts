import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { programPackages } from "../../server/programs.ts";
import { repository } from "../../tools/cache.ts";
import { ensureDebianPackages } from "../../tools/debian-packages.ts";

/** What only the scenario dockerfile-boot-to-join can show is not here: that it builds, and that its result boots. */

const read = (file: string): string => readFileSync(join(repository, file), "utf8");

interface Instruction {
	readonly name: string;
	/** Without options such as `--mount`. */
	readonly text: string;
	readonly options: readonly string[];
	/** Name of the stage, empty before the first. */
	readonly stage: string;
}

const instructions = parse(read("image/Dockerfile"));
const of = (name: string, stage?: string) =>
	instructions.filter((each) => each.name === name && (stage === undefined || each.stage === stage));

function parse(dockerfile: string): Instruction[] {
	const text = dockerfile
		.split("\n")
		.filter((line) => !line.startsWith("#"))
		.join("\n")
		.replaceAll(/\\\n\s*/g, "");
	let stage = "";
	return text
		.split("\n")
		.filter((line) => line.trim() !== "")
		.map((line) => {
			const [name = "", ...words] = line.split(" ");
			if (name === "FROM") stage = words[2] ?? "";
			const options = words.filter((word, index) => word.startsWith("--") && index < 3);
			return { name, options, text: words.slice(options.length).join(" "), stage };
		});
}

describe("build arguments", () => {
	// A stage's ARG without a value takes the one before the first stage.
	const withValue = of("ARG").filter(({ text }) => text.includes("="));
	const declared = new Map(withValue.map(({ text }) => text.split("=") as [string, string]));

	test("each has one default", () => {
		const names = of("ARG").map(({ text }) => text.split("=")[0]);
		expect([...new Set(names)].sort()).toEqual([...declared.keys()].sort());
		expect(withValue).toHaveLength(declared.size);
	});
	const table = [...read("docs/dockerfile.md").matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)];
	const documented = new Map(table.map(([, name = "", value = ""]) => [name, value.trim()]));

	test("every one is in the documentation's table, and the table has no others", () => {
		expect([...documented.keys()].sort()).toEqual([...declared.keys()].sort());
	});

	test("their defaults are those of the table", () => {
		for (const [name, value] of declared) {
			const said = documented.get(name) ?? "";
			if (value === "") expect(said).toBe("empty");
			else if (said.startsWith("`")) expect(said).toBe(`\`${value}\``);
		}
	});

	test("repository and key are of the same version of Kubernetes", () => {
		const [location, key] = ["KUBERNETES_REPOSITORY", "KUBERNETES_KEY"].map((name) => declared.get(name));
		expect(key).toBe(`${location}Release.key`);
		const minor = /:\/(v1\.\d+)\//.exec(location ?? "")?.[1];
		expect(documented.get("KUBERNETES_REPOSITORY")).toContain(minor);
		expect(documented.get("KUBERNETES_KEY")).toContain(minor);
	});

	test("no folder that a default names is missing", () => {
		expect(globSync(`${declared.get("DKMS_SOURCES")}/`, { cwd: repository })).toHaveLength(1);
		expect(globSync(`image/recipes/${declared.get("RECIPE")}.conf`, { cwd: repository })).toHaveLength(1);
	});
});

describe("secrets and privileges", () => {
	test("the key is mounted for the one step that signs, and no other instruction names it", () => {
		const naming = instructions.filter(({ text, options }) =>
			/secret|\.pem|key$/i.test(`${text} ${options}`),
		);
		expect(naming.filter(({ name }) => !["ARG", "ADD"].includes(name))).toEqual([
			expect.objectContaining({
				name: "RUN",
				stage: "boot-tree",
				options: ["--mount=type=secret,id=signing-key,required=true"],
			}),
		]);
	});

	test("nothing is mounted but the secret, so that a builder's cache sees every change", () => {
		const mounts = instructions.flatMap(({ options }) =>
			options.filter((each) => each.startsWith("--mount")),
		);
		expect(mounts).toHaveLength(1);
	});

	test("neither Dockerfile nor scripts mount, unshare, make devices or run debootstrap", () => {
		const files = ["image/Dockerfile", ...globSync("image/container/*.sh", { cwd: repository })];
		const forbidden = /^[^#]*(\b(un)?mount |unshare|mknod|\w*debootstrap|--privileged|sudo)/m;
		expect(files.filter((file) => forbidden.test(read(file).replaceAll(/--mount=\S+/g, "")))).toEqual([]);
	});

	test("before the first package is installed in the nodes' system, services are told not to start", () => {
		const script = read("image/container/base.sh");
		expect(script.indexOf("policy-rc.d")).toBeGreaterThan(0);
		expect(script.indexOf("policy-rc.d")).toBeLessThan(script.indexOf("apt-get"));
	});
});

describe("stages", () => {
	test("are these, in this order, and the documentation has them", () => {
		const stages = of("FROM").map(({ stage }) => stage);
		expect(stages).toEqual(["programs", "base", "builder", "node", "boot-tree", "companion"]);
		const table = [...read("docs/dockerfile.md").matchAll(/^\| `([a-z-]+)` \| (?:base image|`)/gm)];
		expect(table.map(([, name]) => name)).toEqual(stages);
	});

	test("each copies from one before it", () => {
		const stages = of("FROM").map(({ stage }) => stage);
		for (const { stage, options } of of("COPY")) {
			const from = options
				.map((option) => /^--from=(.*)$/.exec(option)?.[1])
				.find((name) => name !== undefined);
			if (from === undefined) continue;
			expect(stages.slice(0, stages.indexOf(stage))).toContain(from);
		}
	});

	test("the last has the companion, the boot tree and the packages that the companion needs", () => {
		expect(of("COPY", "companion").map(({ text }) => text)).toEqual([
			"/out/companion/ /",
			"/srv/netherd/ /srv/netherd/",
		]);
		const words = of("RUN", "companion")[0]?.text.split(" ") ?? [];
		expect(words).toEqual(expect.arrayContaining(Object.values(programPackages)));
	});

	test("it starts as deploy/ starts it", () => {
		const manifest = read("deploy/kubernetes/3-deployment.yaml");
		const list = (key: string) => {
			const block = new RegExp(`^ +${key}:\\n((?: +- \\S+\\n)+)`, "m").exec(manifest)?.[1] ?? "";
			return [...block.matchAll(/- (\S+)/g)].map(([, word]) => word);
		};
		expect(JSON.parse(of("ENTRYPOINT")[0]?.text ?? "")).toEqual(list("command"));
		const args = JSON.parse(of("CMD")[0]?.text ?? "") as string[];
		expect(list("args").slice(0, args.length)).toEqual(args);
	});
});

describe("scripts", () => {
	beforeAll(() => ensureDebianPackages(["shellcheck"], "check the shell scripts"));

	test("every script is used, and every script that is used is there", () => {
		const used = of("RUN").flatMap(({ text }) =>
			[...text.matchAll(/[\w./-]+\/([\w-]+\.sh)/g)].map((each) => each[1]),
		);
		const there = globSync("image/container/*.sh", { cwd: repository }).map((file) => basename(file));
		expect([...new Set(used)].sort()).toEqual(there.sort());
	});

	test("shellcheck has nothing to say about what the Dockerfile runs", async () => {
		const script = of("RUN")
			.map(({ text }) => `(${text})`)
			.join("\n");
		const declared = of("ARG").map(({ text }) => `${text.split("=")[0]}=value`);
		const { stdout } = await execa("shellcheck", ["--shell=sh", "--exclude=SC2034", "-"], {
			input: `${declared.join("\n")}\n${script}\n`,
			reject: false,
		});
		expect(stdout).toBe("");
	});
});

test("keys, and what is not needed to build it, stay out of the build's context", () => {
	const ignored = read(".dockerignore").split("\n");
	expect(ignored).toEqual(expect.arrayContaining([".git", ".cache", "**/signing-key*.pem", "**/.npmrc"]));
	expect(ignored).not.toContain("node_modules");
});
