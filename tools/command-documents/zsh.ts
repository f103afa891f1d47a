import {
	type CommandDescription,
	commands,
	type OptionDescription,
	wordKind,
} from "../../agent/commands/command-table.ts";
import {
	conflictsOf,
	generatedNote,
	globalOptions,
	keyWords,
	optionsOf,
	programs,
	valueWords,
} from "./programs.ts";

/** A completion for zsh's own system (zshcompsys(1)). */
export function zshCompletion(): string {
	const words = [
		...commands.map(({ name, summary }) => [name, summary] as const),
		...globalOptions.map(({ name, help }) => [`--${name}`, help] as const),
	];
	return `#compdef ${programs.join(" ")}
# ${generatedNote}

_netherd_agent() {
	local -a commands=(
${words.map(([name, help]) => `		${quoted(`${name.replaceAll(":", "\\:")}:${help}`)}`).join("\n")}
	)
	local -a keys=(${keyWords.join(" ")})
	if ((CURRENT == 2)); then
		_describe -t commands command commands
		return
	fi
	local command=$words[2]
	# What makes sense only beside an option that is there.
	local -a more=()
	shift words
	((CURRENT--))
	case $command in
${commands.map(commandCase).join("\n")}
	esac
}

_netherd_agent "$@"
`;
}

function commandCase(command: CommandDescription): string {
	const options = optionsOf(command);
	const conditional = options.filter(({ onlyWith }) => onlyWith !== undefined);
	const specs = [
		...options.filter(({ onlyWith }) => onlyWith === undefined).map((option) => optionSpec(option, command)),
		...(command.positionals ?? []).map((word, index) => {
			const optional = word.startsWith("[") ? ":" : "";
			return `${index + 1}:${optional}${message(word)}:${action(word)}`;
		}),
	];
	return [
		`	${command.name})`,
		...conditional.map(
			(option) => `		((words[(I)--${option.onlyWith}])) && more+=(${quoted(optionSpec(option, command))})`,
		),
		"		_arguments $more \\",
		...specs.map((spec, index) => `			${quoted(spec)}${index === specs.length - 1 ? "" : " \\"}`),
		"		;;",
	].join("\n");
}

function optionSpec(option: OptionDescription, command: CommandDescription): string {
	const name = `--${option.name}`;
	const conflicts = [option.name, ...conflictsOf(option, command)].map((each) => `--${each}`);
	const values = valueWords(option).map((word) => `:${message(word)}:${action(word)}`);
	const equals = values.length === 1 ? "=" : "";
	return `(${conflicts.join(" ")})${name}${equals}[${option.help.replace(/[[\]:]/g, "\\$&")}]${values.join("")}`;
}

function message(word: string): string {
	return word.includes("|") ? "one of these" : word.replace(/[[\]]/g, "").toLowerCase();
}

function action(word: string): string {
	const kind = wordKind(word);
	switch (kind.kind) {
		case "choice":
			return `(${kind.choices.join(" ")})`;
		case "file":
			return "_files";
		case "folder":
			return "_path_files -/";
		case "key":
			return "compadd -M 'm:{a-z}={A-Z}' -a keys";
		case "text":
			return "";
	}
}

function quoted(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
