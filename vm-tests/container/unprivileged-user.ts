import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isolated, runTool } from "../../image/run-tool.ts";
import { repository } from "../../tools/cache.ts";

const name = "builder";
/** No user of this machine; nor are those that it may be in its containers (subuid(5)). */
const id = 2_000_000;
const subordinates = "2001000:65536";

const failure = {
	code: "vm.container-build-failed",
	hint: "see the last lines: the user's files could not be copied",
};

/**
 * A user without any privilege, as `useradd` would make one: with an entry in /etc/passwd, subordinate user IDs and a home.
 * Its home and these files are mounted for its programs alone, so this machine does not know it.
 */
export class UnprivilegedUser {
	/** As its programs see it. */
	readonly home = `/home/${name}`;
	readonly #folder: string;

	private constructor(folder: string) {
		this.#folder = folder;
	}

	/**
	 * @param folder For its home; to be removed as root.
	 * @throws {NetherdError} `vm.container-build-failed`.
	 */
	static async create(folder: string): Promise<UnprivilegedUser> {
		const user = new UnprivilegedUser(folder);
		mkdirSync(folder, { recursive: true });
		const write = (file: string, text: string) => {
			writeFileSync(join(folder, file), text);
			chmodSync(join(folder, file), 0o644);
		};
		const added = (file: string, line: string) => `${readFileSync(file, "utf8").trimEnd()}\n${line}\n`;
		write("passwd", added("/etc/passwd", `${name}:x:${id}:${id}::${user.home}:/bin/sh`));
		write("group", added("/etc/group", `${name}:x:${id}:`));
		for (const file of ["subuid", "subgid"]) write(file, `${name}:${subordinates}\n`);
		write("as-user.sh", asUser(user.home));
		for (const path of ["tmp", "run"]) mkdirSync(user.path(path), { recursive: true });
		chmodSync(join(folder, "home"), 0o755);
		await user.#own("");
		return user;
	}

	/** Copies files and folders of this machine to a folder of its home; the copies are its own. */
	async copy(from: readonly string[], to: string): Promise<void> {
		mkdirSync(this.path(to), { recursive: true });
		await runTool(["cp", "--archive", `--target-directory=${this.path(to)}`, ...from], failure);
		await this.#own(to);
	}

	/** Copies the repository as it is set up, without its history and what is built. */
	async copyRepository(to: string): Promise<void> {
		const names = readdirSync(repository).filter((name) => name !== ".cache" && name !== ".git");
		await this.copy(
			names.map((name) => join(repository, name)),
			to,
		);
	}

	/** @returns What runs a program as this user, in a folder of its home. */
	argv(cwd: string, command: readonly string[]): [string, ...string[]] {
		return [
			...isolated,
			"sh",
			join(this.#folder, "as-user.sh"),
			this.#folder,
			join(this.home, cwd),
			...command,
		];
	}

	/** Where a path of its home is on this machine. */
	path(path: string): string {
		return join(this.#folder, "home", name, path);
	}

	async #own(path: string): Promise<void> {
		await runTool(["chown", "--recursive", `${id}:${id}`, this.path(path)], failure);
	}
}

function asUser(home: string): string {
	const environment = [
		...["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", `HOME=${home}`, `USER=${name}`],
		...[`TMPDIR=${home}/tmp`, `XDG_RUNTIME_DIR=${home}/run`],
	];
	return `set -e
folder=$1 cwd=$2
shift 2
for file in passwd group subuid subgid; do mount --bind "$folder/$file" "/etc/$file"; done
mount --bind "$folder/home" ${dirname(home)}
cd "$cwd"
exec setpriv --reuid=${id} --regid=${id} --clear-groups --inh-caps=-all env -i ${environment.join(" ")} "$@"
`;
}
