import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { fstab } from "../../agent/init/45-fstab.ts";
import { makeTestRoot, planStep, planText, planUnchecked, type TestRoot } from "../lib/plan-step.ts";

let root: TestRoot | undefined;
afterEach(() => root?.remove());

const ltsConf = `
FSTAB_01_SSH = "/dev/vg0/ssh /etc/ssh ext4 defaults,nofail 0 2"
FSTAB_02_DATA = "LABEL=data /var/lib/big\\\\040data/ xfs nofail,noatime"
FSTAB_10 = "192.0.2.1:/home /home nfs defaults,nolock 0 0"
FSTAB_03_SWAP = "/dev/sda2 none swap sw 0 0"
`;

test("the proc line, the entries in order, and their mount points", () => {
	expect(planText(fstab, ltsConf)).toMatchInlineSnapshot(`
		"put file      /etc/fstab  (0644, 201 B)
		  because FSTAB_01_SSH (lts.conf:3 [default]) … FSTAB_10 (lts.conf:5 [default]), 4 keys
		  │ proc /proc proc defaults 0 0
		  │ /dev/vg0/ssh /etc/ssh ext4 defaults,nofail 0 2
		  │ LABEL=data /var/lib/big\\040data/ xfs nofail,noatime
		  │ /dev/sda2 none swap sw 0 0
		  │ 192.0.2.1:/home /home nfs defaults,nolock 0 0
		make folder   /etc/ssh  (0755)
		  because FSTAB_01_SSH (lts.conf:3 [default])
		make folder   /var/lib/big data  (0755)
		  because FSTAB_02_DATA (lts.conf:4 [default])
		make folder   /home  (0755)
		  because FSTAB_10 (lts.conf:5 [default])"
	`);
});

test("without entries the image's fstab goes, too", () => {
	expect(planText(fstab, "")).toMatchInlineSnapshot(`
		"put file      /etc/fstab  (0644, 29 B)
		  because CONFIGURE_FSTAB (default)
		  │ proc /proc proc defaults 0 0"
	`);
});

test("CONFIGURE_FSTAB = false leaves everything as the image has it", () => {
	expect(planStep(fstab, `CONFIGURE_FSTAB = false\n${ltsConf}`)).toEqual([]);
});

test("mount(8)'s library reads the file as it was meant", async () => {
	root = makeTestRoot();
	await root.run(fstab, ltsConf);
	const shown = execFileSync(
		"findmnt",
		[
			"--tab-file",
			join(root.path, "etc/fstab"),
			"--noheadings",
			"--list",
			"--output",
			"SOURCE,TARGET,FSTYPE",
		],
		{ encoding: "utf8" },
	);
	expect(shown.replace(/ +/g, " ")).toMatchInlineSnapshot(`
		"proc /proc proc
		/dev/vg0/ssh /etc/ssh ext4
		LABEL=data /var/lib/big data/ xfs
		/dev/sda2 none swap
		192.0.2.1:/home /home nfs
		"
	`);
	expect(statSync(join(root.path, "var/lib/big data")).isDirectory()).toBe(true);
});

test.each([
	["too few fields", "LABEL=data /data", []],
	["too many fields", "LABEL=data /data ext4 defaults 0 2 # data", ["/data"]],
	["a word for the order of checks", "LABEL=data /data ext4 defaults 0 second", ["/data"]],
])("as in LTSP 5, a line with %s is copied", (_, line, folders) => {
	const [file, ...others] = planStep(fstab, `FSTAB_1 = "${line}"`);
	expect(file).toMatchObject({ path: "/etc/fstab", content: `proc /proc proc defaults 0 0\n${line}\n` });
	expect(others.map((operation) => "path" in operation && operation.path)).toEqual(folders);
});

test.each(["/data/../../etc", "data", "/data/\\\\056\\\\056/etc", "/data\\\\000"])(
	"the mount point %s",
	(mountPoint) => {
		expect(() => planStep(fstab, `FSTAB_1 = "LABEL=data ${mountPoint} ext4 defaults 0 0"`)).toThrow(
			expect.objectContaining({ code: "config.invalid" }),
		);
	},
);

test("the step looks at mount points for itself, too", () => {
	expect(() => planUnchecked(fstab, "FSTAB_1", "LABEL=data /data/../../etc ext4")).toThrow(
		expect.objectContaining({
			code: "init.bad-fstab",
			message: expect.stringContaining("FSTAB_1 (lts.conf:2 [default])"),
		}),
	);
});

test("a mount point below a link of the image stays in the root", async () => {
	const outside = mkdtempSync(join(tmpdir(), "netherd-outside-"));
	try {
		root = makeTestRoot();
		symlinkSync(outside, join(root.path, "srv"));
		await root.run(fstab, 'FSTAB_1 = "LABEL=data /srv/data ext4 nofail 0 0"');
		expect(readdirSync(outside)).toEqual([]);
		expect(existsSync(join(root.path, outside, "data"))).toBe(true);
	} finally {
		rmSync(outside, { recursive: true });
	}
});

test("an entry with a secret is for root's eyes", async () => {
	root = makeTestRoot();
	await root.run(
		fstab,
		`
KUBEADM_JOIN_TOKEN = abcdef.0123456789abcdef
FSTAB_1 = "//nas/data /data cifs username=node,password=$KUBEADM_JOIN_TOKEN 0 0"
`,
	);
	expect(root.read("etc/fstab")).toContain("password=abcdef.0123456789abcdef");
	expect(statSync(join(root.path, "etc/fstab")).mode & 0o777).toBe(0o600);
});
