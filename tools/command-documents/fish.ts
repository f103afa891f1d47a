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

/** A completion for fish. */
export function fishCompletion(): string {
	const withValue = [
		...new Set(
			commands.flatMap(({ options }) => options.filter(({ value }) => value).map(({ name }) => `--${name}`)),
		),
	];
	const pairs = commands
		.flatMap(({ options }) => options)
		.filter((option) => valueWords(option).length === 2)
		.map(({ name }) => `--${name}`);
	return `# fish completion for netherd-agent
# ${generatedNote}

# Whether the command is one of these; without any: whether there is none yet.
function __netherd_agent_command
	set -l words (commandline -opc)
	test (count $argv) -eq 0; and test (count $words) -lt 2; and return 0
	test (count $words) -ge 2; and contains -- $words[2] $argv
end

# Whether none of these options is there.
function __netherd_agent_without
	for word in (commandline -opc)
		contains -- (string replace -r '=.*' '' -- $word) $argv; and return 1
	end
	return 0
end

# Whether the cursor is at the value of this option.
function __netherd_agent_value
	test (commandline -opc)[-1] = $argv[1]; or string match -q -- "$argv[1]=*" (commandline -ct)
end

# Whether the word at the cursor is the second one of an option that takes two.
function __netherd_agent_second
	set -l words (commandline -opc)
	test (count $words) -ge 4; and contains -- $words[-2] ${pairs.join(" ")}
end

# How many words the command has so far, without options and what belongs to them.
function __netherd_agent_place
	set -l place 0
	set -l skip 0
	for word in (commandline -opc)[3..-1]
		if test $skip -gt 0
			set skip (math $skip - 1)
		else if contains -- $word ${pairs.join(" ")}
			set skip 2
		else if contains -- $word ${withValue.filter((name) => !pairs.includes(name)).join(" ")}
			set skip 1
		else if not string match -q -- '-*' $word
			set place (math $place + 1)
		end
	end
	test $place -eq $argv[1]
end

${programs.map(forProgram).join("\n\n")}
`;
}

function forProgram(program: string): string {
	const line = (condition: string, rest: string) => `complete -c ${program} -n '${condition}' ${rest}`;
	return [
		`complete -c ${program} -f`,
		...commands.map(({ name, summary }) => line("__netherd_agent_command", firstWord(name, summary))),
		...globalOptions.map(({ name, help }) => line("__netherd_agent_command", firstWord(`--${name}`, help))),
		...commands.flatMap((command) => [
			...optionsOf(command).flatMap((option) => optionLines(option, command, line)),
			...(command.positionals ?? []).map((word, index) =>
				line(
					`__netherd_agent_command ${command.name}; and __netherd_agent_place ${index}`,
					valueArguments(word).replace(/^-x /, ""),
				),
			),
		]),
	].join("\n");
}

function firstWord(name: string, help: string): string {
	return name.startsWith("--") ? `-l ${name.slice(2)} -d ${quoted(help)}` : `-a ${name} -d ${quoted(help)}`;
}

type Line = (condition: string, rest: string) => string;

function optionLines(option: OptionDescription, command: CommandDescription, line: Line): string[] {
	const [word] = valueWords(option);
	const unfit = [option.name, ...conflictsOf(option, command)].map((name) => `--${name}`);
	const needed =
		option.onlyWith === undefined ? "" : `; and not __netherd_agent_without --${option.onlyWith}`;
	const condition = `__netherd_agent_command ${command.name}; and __netherd_agent_without ${unfit.join(" ")}${needed}`;
	const describe = `-d ${quoted(option.help)}`;
	const isCommand = `__netherd_agent_command ${command.name}`;
	return [
		line(condition, `-l ${option.name} ${word === undefined ? "" : "-r "}${describe}`),
		...(word === undefined
			? []
			: [
					line(
						`${isCommand}; and __netherd_agent_value --${option.name}`,
						`-l ${option.name} ${valueArguments(word)}`,
					),
				]),
		...valueWords(option)
			.slice(1)
			.map((second) => line(`${isCommand}; and __netherd_agent_second`, valueArguments(second))),
	];
}

function valueArguments(word: string): string {
	const kind = wordKind(word);
	switch (kind.kind) {
		case "choice":
			return `-x -a ${quoted(kind.choices.join(" "))}`;
		case "file":
			return "-r -F";
		case "folder":
			return "-x -a '(__fish_complete_directories)'";
		case "key":
			return `-x -a ${quoted(keyWords.join(" "))}`;
		case "text":
			return "-x";
	}
}

function quoted(text: string): string {
	return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
