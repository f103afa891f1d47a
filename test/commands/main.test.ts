import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../agent/commands/command-table.ts";
import type { StagePlan } from "../../agent/plan/plan.ts";

const repository = join(import.meta.dirname, "../..");
const example = join(repository, "examples/lts.conf");
let folder: string;

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "netherd-main-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function agent(...args: string[]) {
	const { exitCode, stdout, stderr } = await execa(process.execPath, ["agent/main.ts", ...args], {
		cwd: repository,
		reject: false,
	});
	return { exitCode, stdout, stderr };
}

function file(name: string, text: string): string {
	const path = join(folder, name);
	writeFileSync(path, text);
	return path;
}

test("a dry run with root=initramfs moves a root of assumed size, and fetches nothing", async () => {
	const { stdout } = await agent("--dry-run", "--conf", example, "--cmdline", "root=initramfs boot=netherd");
	expect(stdout).toContain("assumed   root in the initramfs: 512 MiB");
	expect(stdout).toContain("move files    /netherd/root -> /root  (512 MiB)");
	expect(stdout).not.toContain("fetch image");
});

describe("help", () => {
	test("the overview names every command", async () => {
		const { exitCode, stdout } = await agent("--help");
		expect(exitCode).toBe(0);
		for (const { name, summary } of commands)
			expect(stdout).toMatch(new RegExp(`agent ${name}.*${summary.slice(0, 20)}`));
	});

	test.each(commands)("agent $name --help explains each of its options", async ({ name, options }) => {
		const { exitCode, stdout } = await agent(name, "--help");
		expect(exitCode).toBe(0);
		for (const option of options) expect(stdout).toContain(`--${option.name}`);
	});

	test("no arguments: the overview", async () => {
		expect((await agent()).stdout).toBe((await agent("--help")).stdout);
	});

	test.each([
		[["chek", "x"], "usage.unknown-command"],
		[["check"], "usage.wrong-words"],
		[["check", "--colour", "x"], "usage.bad-option"],
		[["check", "--format", "yaml", "x"], "usage.bad-option"],
		[["--dry-run", "--stage", "late"], "usage.bad-option"],
		[["check", "/no/such/file"], "usage.unreadable-file"],
		[["explain"], "usage.wrong-words"],
		[["explain", "examples/lts.conf", "TIMEZON"], "usage.unknown-key"],
		[["explain", "examples/lts.conf", "--mac", "here"], "usage.bad-option"],
		[["--dry-run", "--facts", "package.json"], "usage.not-facts"],
		[["--dry-run", "--facts", "facts.json", "--mac", "52:54:00:00:00:01"], "usage.bad-option"],
		[["--dry-run", "--diff", "examples/lts.conf"], "usage.bad-option"],
		[["--dry-run", "--diff", "examples/lts.conf", "--all-nodes"], "usage.bad-option"],
		[["--dry-run", "--all-nodes"], "usage.bad-option"],
		[["--dry-run", "--diff", "a", "b", "--all-nodes", "--ip", "10.9.0.7"], "usage.bad-option"],
		[["--dry-run", "--diff", "a", "b", "--conf", "c"], "usage.bad-option"],
		[["--dry-run", "--diff", "a", "b", "c"], "usage.wrong-words"],
		[["--dry-run", "--diff", "/no/such/file", "b"], "usage.unreadable-file"],
	])("agent %j is refused with %s and exit code 2", async (args, code) => {
		const { exitCode, stdout, stderr } = await agent(...args);
		expect(exitCode).toBe(2);
		expect(stderr).toContain(`[${code}]`);
		expect(stderr).toContain("what to do:");
		expect(stdout).toBe("");
	});
});

describe("--dry-run", () => {
	const arguments_ = ["--dry-run", "--conf", example, "--mac", "52:54:00:00:00:01"];

	test("json has the documented form, and text shows the same actions", async () => {
		const json = JSON.parse((await agent(...arguments_, "--format", "json")).stdout) as {
			stages: StagePlan[];
		};
		expect(json.stages.map(({ name }) => name)).toEqual(["initramfs", "init", "join"]);
		const { stdout: text } = await agent(...arguments_);
		for (const stage of json.stages) {
			expect(text).toContain(`STAGE ${stage.name}`);
			for (const step of stage.steps) {
				expect(["abort", "warn"]).toContain(step.onFailure);
				expect(text).toContain(step.name);
				for (const action of step.actions) {
					if (action.kind !== "putFile") continue;
					expect(text).toContain(`put file      ${action.path}  (${action.mode}`);
					for (const line of action.content.trimEnd().split("\n")) expect(text).toContain(`│ ${line}`);
				}
			}
		}
	});

	test("the same twice, byte for byte", async () => {
		const first = await agent(...arguments_, "--format", "json");
		expect(first.exitCode).toBe(0);
		expect((await agent(...arguments_, "--format", "json")).stdout).toBe(first.stdout);
	});

	test("--stage shows that stage alone", async () => {
		const { stdout } = await agent(...arguments_, "--stage", "init", "--format", "json");
		expect((JSON.parse(stdout) as { stages: StagePlan[] }).stages.map(({ name }) => name)).toEqual(["init"]);
	});

	test("no secret is shown", async () => {
		const conf = file(
			"secret.conf",
			"[default]\nKUBEADM_JOIN_ENDPOINT=10.9.0.1:6443\nKUBEADM_JOIN_TOKEN=abcdef.0123456789abcdef\nKUBEADM_JOIN_CA_CERT_HASH=sha256:" +
				"a".repeat(64) +
				'\nRCFILE_1="kubeadm join --token fedcba.0123456789abcdef x"\n',
		);
		const { stdout, stderr, exitCode } = await agent("--dry-run", "--conf", conf);
		expect(exitCode, stderr).toBe(0);
		expect(stdout).toContain("{secret:kubeadm-join-token}");
		expect(stdout).not.toMatch(/0123456789abcdef/);
	});

	test("an error in lts.conf: nothing is planned, and the place is named", async () => {
		const conf = file("broken.conf", "[default]\nA=1\njunk\n");
		const { exitCode, stdout, stderr } = await agent("--dry-run", "--conf", conf, "--format", "json");
		expect(exitCode).toBe(2);
		expect(stdout).toBe("");
		expect(stderr).toMatch(/lts\.conf:3:1/);
	});

	test.each([
		["OVERLAY_TMPFS_SIZE=lots", "config.invalid"],
		["IMAGE_TMPFS_SIZE=1M", "image.tmpfs-too-small"],
	])("%s ends in %s", async (line, code) => {
		const { exitCode, stderr } = await agent("--dry-run", "--conf", file("bad.conf", `[default]\n${line}\n`));
		expect(exitCode).not.toBe(0);
		expect(stderr).toContain(`[${code}]`);
	});

	test("with the image left on the server, nothing is fetched", async () => {
		const { stdout } = await agent(
			"--dry-run",
			"--conf",
			file("off.conf", "[default]\nLTSP_NBD_TO_RAM=false\n"),
			"--stage",
			"initramfs",
		);
		expect(stdout).toContain("nbd-client");
		expect(stdout).not.toContain("fetch image");
	});
});

describe("--dry-run --diff", () => {
	test("0 without a difference, 1 with one, wherever the option stands", async () => {
		const other = file("other.conf", `${readFileSync(example, "utf8")}[node7]\nTIMEZONE = Europe/Lisbon\n`);
		expect((await agent("--dry-run", "--diff", example, other, "--hostname", "node8")).exitCode).toBe(0);
		const { exitCode, stdout } = await agent("--dry-run", "--hostname", "node7", `--diff=${example}`, other);
		expect(exitCode).toBe(1);
		expect(stdout).toContain("+Europe/Lisbon");
	});

	test("2 with an error in lts.conf", async () => {
		const broken = file("broken.conf", "[default]\njunk\n");
		expect((await agent("--dry-run", "--diff", example, broken, "--all-nodes")).exitCode).toBe(2);
	});
});

describe("check", () => {
	test("nothing wrong", async () => {
		const { exitCode, stdout } = await agent("check", file("good.conf", "[default]\nHOSTNAME=node1\n"));
		expect([exitCode, stdout]).toEqual([0, expect.stringContaining("nothing wrong")]);
	});

	test("an unknown key is a warning with its place and the nearest key; --strict makes it count", async () => {
		const conf = file("typo.conf", "[default]\nTIMEZON=Europe/Prague\n");
		const { exitCode, stdout } = await agent("check", conf);
		expect(exitCode).toBe(0);
		expect(stdout).toContain(`${conf}:2:1: warning`);
		expect(stdout).toContain("TIMEZONE");
		expect((await agent("check", "--strict", conf)).exitCode).toBe(1);
	});

	test("errors: 2, several in one run, as json too", async () => {
		const conf = file("mistakes.conf", "[default]\nA=\njunk\nB='x'\n");
		const { exitCode, stdout } = await agent("check", "--format", "json", conf);
		expect(exitCode).toBe(2);
		const { findings } = JSON.parse(stdout) as { findings: Record<string, unknown>[] };
		expect(findings.map(({ line }) => line)).toEqual([2, 3, 4]);
		for (const finding of findings) {
			expect(Object.keys(finding)).toEqual(["severity", "code", "file", "line", "column", "message", "hint"]);
		}
	});
});

describe("explain", () => {
	test("a page, and json with the same values", async () => {
		const arguments_ = ["explain", example, "--mac", "52:54:00:00:00:01"];
		const { exitCode, stdout } = await agent(...arguments_);
		expect(exitCode).toBe(0);
		const json = JSON.parse((await agent(...arguments_, "--format", "json")).stdout) as {
			values: Record<string, string>;
			origins: Record<string, { file: string | null }>;
		};
		const fromFile = Object.entries(json.values).filter(([key]) => json.origins[key]?.file === example);
		expect(fromFile.length).toBeGreaterThan(10);
		for (const [key, value] of fromFile) expect(stdout).toContain(`${key} = ${value}\n`);
	});
});

test("facts describes this machine, and what it prints can be planned from", async () => {
	const { exitCode, stdout, stderr } = await agent("facts");
	expect(exitCode, stderr).toBe(0);
	const facts = JSON.parse(stdout) as { stage: string; hardware: { threads: number } };
	expect(facts.stage).toBe("init");
	expect(facts.hardware.threads).toBe(availableParallelism());
	const plan = await agent("--dry-run", "--facts", file("facts.json", stdout), "--format", "json");
	expect(plan.exitCode, plan.stderr).toBe(0);
});

describe("commands that change the machine refuse to run here", () => {
	test("boot", async () => {
		const { exitCode, stderr } = await agent("boot");
		expect(exitCode).toBe(1);
		expect(stderr).toContain("[boot.not-in-initramfs]");
	});

	test("init, where systemd runs", async () => {
		// Should it not refuse: nothing here can be written or named, and what would reboot ends this namespace.
		const script = `
			set -e
			mount -t tmpfs tmpfs /run
			mkdir -p /run/systemd/system
			mount -o remount,bind,ro /
			set +e
			"$@"
			echo "exit $?"
			ls /run`;
		const { stdout, stderr } = await execa(
			"unshare",
			[
				...["--mount", "--uts", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"],
				...[process.execPath, join(repository, "agent/main.ts"), "init"],
			],
			{ reject: false },
		);
		expect(stderr).toContain("[boot.system-running]");
		expect(stdout).toMatch(/^exit 1\n/);
		expect(stdout).not.toContain("netherd");
	});
});

test("the version is the package's", async () => {
	const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
		version: string;
	};
	expect((await agent("--version")).stdout).toBe(version);
});
