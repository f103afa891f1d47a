import { type CommandDescription, commands, wordKind } from "../../agent/commands/command-table.ts";
import {
	conflictsOf,
	generatedNote,
	globalOptions,
	keyWords,
	optionsOf,
	programs,
	valueWords,
} from "./programs.ts";

/** A completion for bash that needs nothing but bash. */
export function bashCompletion(): string {
	return `# bash completion for netherd-agent
# ${generatedNote}

# Answers for the kind of word that is wanted: file, folder, key, text, or the choices themselves.
_netherd_agent_words() {
	case $1 in
	file | folder)
		compopt -o filenames 2>/dev/null
		local action=-f
		[[ $1 == folder ]] && action=-d
		mapfile -t COMPREPLY < <(compgen "$action" -- "$2")
		;;
	key) mapfile -t COMPREPLY < <(compgen -W '${keyWords.join(" ")}' -- "\${2^^}") ;;
	text) ;;
	*) mapfile -t COMPREPLY < <(compgen -W "\${1//|/ }" -- "$2") ;;
	esac
}

# Offers an option that is not there yet: option, the options that it needs, the options that it can't stand beside.
_netherd_agent_option() {
	local other
	[[ $given == *" $1 "* ]] && return
	for other in $2; do [[ $given == *" $other "* ]] || return; done
	for other in $3; do [[ $given == *" $other "* ]] && return; done
	offered+=" $1"
}

_netherd_agent() {
	local current=\${COMP_WORDS[COMP_CWORD]} command= given=' ' offered= word glue= place=0 index
	# Kinds of the words that belong to the option before the cursor.
	local -a wanted=()
	COMPREPLY=()
	# ':' and '=' are words of their own to bash, with what stands around them.
	for ((index = 1; index < COMP_CWORD; index++)); do
		word=\${COMP_WORDS[index]}
		if [[ $word =~ ^[:=]+$ ]]; then
			glue=$word
		elif [[ -n $glue && ($glue != '=' || \${#wanted[@]} == 0) ]]; then
			glue=
		elif [[ -z $command ]]; then
			command=$word
		elif ((\${#wanted[@]} > 0)); then
			wanted=("\${wanted[@]:1}") glue=
		elif [[ $word == --* ]]; then
			given+="$word "
			case "$command $word" in
${commands.flatMap(valueCases).join("\n")}
			esac
		else
			((place += 1))
		fi
	done
	[[ $current =~ ^[:=]+$ ]] && glue=$current current=
	if [[ -n $glue && $glue != '=' ]]; then
		return
	elif [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(compgen -W '${[...commands.map(({ name }) => name), ...globalOptions.map(({ name }) => `--${name}`)].join(" ")}' -- "$current")
		return
	elif ((\${#wanted[@]} > 0)); then
		_netherd_agent_words "\${wanted[0]}" "$current"
		return
	elif [[ $current == -* ]]; then
		case $command in
${commands.flatMap(optionCases).join("\n")}
		esac
		mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$current")
		return
	fi
	case "$command $place" in
${commands.flatMap(positionalCases).join("\n")}
	esac
}

complete -F _netherd_agent ${programs.join(" ")}
`;
}

function valueCases(command: CommandDescription): string[] {
	return command.options.flatMap((option) => {
		const words = valueWords(option);
		if (words.length === 0) return [];
		return [`			'${command.name} --${option.name}') wanted=(${words.map(kindWord).join(" ")}) ;;`];
	});
}

function optionCases(command: CommandDescription): string[] {
	const lines = optionsOf(command).map((option) => {
		const needs = option.onlyWith === undefined ? "" : `--${option.onlyWith}`;
		const conflicts = conflictsOf(option, command).map((name) => `--${name}`);
		return `			_netherd_agent_option --${option.name} '${needs}' '${conflicts.join(" ")}'`;
	});
	return [`		${command.name})`, ...lines, "			;;"];
}

function positionalCases({ name, positionals = [] }: CommandDescription): string[] {
	return positionals.map(
		(word, index) => `	'${name} ${index}') _netherd_agent_words ${kindWord(word)} "$current" ;;`,
	);
}

function kindWord(word: string): string {
	const kind = wordKind(word);
	return kind.kind === "choice" ? `'${kind.choices.join("|")}'` : kind.kind;
}
