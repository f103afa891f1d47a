import { type ShellToken, splitShellLine } from "./shell-words.ts";

/** What becomes of a shell line that joins a cluster. */
export type JoinLine =
	| {
			/** Key of lts.conf → value. */
			readonly keys: ReadonlyMap<string, string>;
			/** The other commands of the line; empty: there are none. */
			readonly rest: string;
	  }
	/** Why no keys can stand for it. */
	| { readonly problem: string };

/** Whether a shell line joins a cluster. */
export function joinsInShell(line: string): boolean {
	return /(?:^|[\s;&|(/!"'])kubeadm\s+(?:-\S+\s+)*join\b/.test(withoutComment(line));
}

/**
 * Reads `kubeadm join …` in a line of a shell: alone, as one of several commands with `;` between them, with a retry loop or
 * `|| true` around it, with its output sent elsewhere.
 */
export function readJoinLine(line: string): JoinLine {
	const tokens = splitShellLine(line);
	if (tokens === undefined) {
		return { problem: "the line has a backslash, $(…), `…`, or quotes that can't be told apart" };
	}
	const commands = splitAt(tokens, ";");
	const at = commands.findIndex((command) => findJoin(command) >= 0);
	const joining = commands[at] ?? [];
	const loop = loopAround(commands, at);
	const command = withoutWrapping(joining.slice(loop.isLoop ? 1 : 0));
	if ("problem" in command) return command;
	const words = command.words.slice(findJoin(command.words) + 1);
	if (!isPlainStart(command.words.slice(0, findJoin(command.words)))) {
		return { problem: "something before kubeadm join decides whether it runs" };
	}
	const keys = readArguments(words.map(({ text }) => text));
	if ("problem" in keys) return keys;
	if (commands.slice(loop.last + 1).some((each) => each.length > 0)) {
		return { problem: "what follows kubeadm join in the line waits for it" };
	}
	const others = commands.slice(0, at);
	if (others.flat().some((token) => findJoin([token]) >= 0 || token.text === "kubeadm")) {
		return { problem: "the line has more than one command of kubeadm" };
	}
	if (others.some(opensBlock)) {
		return { problem: "the line has an if, a loop or a block around kubeadm join" };
	}
	return {
		keys,
		rest: others
			.map((each) => textOf(line, each))
			.filter(Boolean)
			.join("; "),
	};
}

/** Index of the word `join`. */
function findJoin(tokens: readonly ShellToken[]): number {
	const at = tokens.findIndex(({ kind, text }) => kind === "word" && /^(?:\/\S*\/)?kubeadm$/.test(text));
	if (at < 0) return -1;
	return tokens.findIndex(({ text }, index) => index > at && text === "join");
}

function splitAt(tokens: readonly ShellToken[], operator: string): ShellToken[][] {
	const parts: ShellToken[][] = [[]];
	for (const token of tokens) {
		if (token.kind === "operator" && token.text === operator) parts.push([]);
		else parts.at(-1)?.push(token);
	}
	return parts;
}

/** `until kubeadm join …; do sleep 5; done`, `while ! …; do …; done`: the agent has its own. */
function loopAround(commands: readonly ShellToken[][], at: number) {
	const first = commands[at]?.[0]?.text;
	const isLoop = first === "until" || first === "while";
	const body = commands.slice(at + 1, at + 3);
	const isPlain = /^do sleep \d+[smh]?$/.test(words(body[0])) && words(body[1]) === "done";
	return { isLoop: isLoop && isPlain, last: isLoop && isPlain ? at + 2 : at };
}

function words(tokens: readonly ShellToken[] | undefined): string {
	return (tokens ?? []).map(({ text }) => text).join(" ");
}

/** Takes away where the output goes, `|| true`, and `&`. */
function withoutWrapping(command: readonly ShellToken[]): { words: ShellToken[] } | { problem: string } {
	const kept: ShellToken[] = [];
	for (let i = 0; i < command.length; i++) {
		const token = command[i];
		if (token === undefined) break;
		if (token.kind === "word") {
			kept.push(token);
			continue;
		}
		if (/^(?:&|\d)?>>?$/.test(token.text)) i++;
		else if (token.text === "||" && /^(?:true|:|sleep \d+)$/.test(words(command.slice(i + 1)))) break;
		else if (token.text === "|" && /^(?:logger|tee)\b/.test(command[i + 1]?.text ?? "")) break;
		else if (!/^\d>&\d$/.test(token.text) && !(token.text === "&" && i === command.length - 1)) {
			return { problem: `${token.text} ties kubeadm join to another command` };
		}
	}
	return { words: kept };
}

const harmlessStarts = new Set(["sudo", "exec", "nohup", "time", "!", "-E"]);

function isPlainStart(tokens: readonly ShellToken[]): boolean {
	return tokens
		.slice(0, -1)
		.every(({ text }) => harmlessStarts.has(text) || /^KUBECONFIG=|^PATH=/.test(text));
}

function opensBlock(command: readonly ShellToken[]): boolean {
	return /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|\{|\}|function)$/.test(
		command[0]?.text ?? "",
	);
}

function textOf(line: string, command: readonly ShellToken[]): string {
	return line.slice(command[0]?.start ?? 0, command.at(-1)?.end ?? 0);
}

/** Options that a key stands for. */
const optionKeys: Readonly<Record<string, string>> = {
	token: "KUBEADM_JOIN_TOKEN",
	"discovery-token-ca-cert-hash": "KUBEADM_JOIN_CA_CERT_HASH",
	"node-name": "NODE_NAME",
	"cri-socket": "KUBERNETES_CRI_SOCKET",
	config: "KUBEADM_JOIN_CONFIG",
	patches: "KUBEADM_PATCHES",
	"experimental-patches": "KUBEADM_PATCHES",
	"discovery-token": "KUBEADM_JOIN_TOKEN",
	"tls-bootstrap-token": "KUBEADM_JOIN_TOKEN",
};

function readArguments(args: readonly string[]): ReadonlyMap<string, string> | { problem: string } {
	const keys = new Map<string, string>();
	const pending = [...args];
	for (let word = pending.shift(); word !== undefined; word = pending.shift()) {
		const [, option, joined] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? [];
		if (option === undefined) {
			if (keys.has("KUBEADM_JOIN_ENDPOINT")) return { problem: `kubeadm join has a second address, ${word}` };
			keys.set("KUBEADM_JOIN_ENDPOINT", word);
			continue;
		}
		// How much it says, which the agent's log has.
		if (option === "v") {
			if (joined === undefined) pending.shift();
			continue;
		}
		const key = Object.hasOwn(optionKeys, option) ? optionKeys[option] : undefined;
		if (key === undefined) return { problem: `no key stands for --${option}` };
		const value = joined ?? pending.shift() ?? "";
		const before = keys.get(key);
		const isList = key === "KUBEADM_JOIN_CA_CERT_HASH";
		if (before !== undefined && before !== value && !isList)
			return { problem: `--${option} says two things` };
		keys.set(key, before === undefined || !isList ? value : `${before} ${value}`);
	}
	const isComplete =
		keys.has("KUBEADM_JOIN_CONFIG") ||
		["KUBEADM_JOIN_ENDPOINT", "KUBEADM_JOIN_TOKEN", "KUBEADM_JOIN_CA_CERT_HASH"].every((key) =>
			keys.has(key),
		);
	return isComplete
		? keys
		: { problem: "it has no address, no --token or no --discovery-token-ca-cert-hash" };
}

function withoutComment(line: string): string {
	return line.replace(/^\s*#.*$/, "");
}
