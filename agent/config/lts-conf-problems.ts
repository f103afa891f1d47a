import { visible } from "./findings.ts";
import type { Problem } from "./reporter.ts";
import type { ShellTextProblem } from "./shell-text.ts";

/** Everything that the parser of lts.conf can say, in one place. */

const quotesHint = 'Write \\" for a quote that belongs to the value.';
const shortHint = "Split it: several numbered keys of one family (PREINIT_01, PREINIT_02 …) take its place.";
const nodesHint = "Use LIKE and patterns such as [node*] instead of one section with all keys for each node.";
const textHint = "Save the file as plain UTF-8 text. It must not be compressed, encrypted or UTF-16.";

export const problems = {
	include: error(
		"include",
		"include is not supported",
		"Copy the lines of the other file into this one. LTSP 5 knows the word, but never got it to work.",
	),
	singleQuote: error(
		"single-quote",
		"a single quote outside of double quotes",
		"Put the value in double quotes; inside them a single quote is a plain character.",
	),
	openQuote: error(
		"unterminated-quote",
		"this quote is never closed",
		'A quoted value ends on its own line. Add the closing ", or write \\" for a quote that belongs to the value.',
	),
	missingKey: error("missing-key", "no key before =", 'Write KEY = "value".'),
	strayBracket: error(
		"unexpected-bracket",
		"a ] without a section name before it",
		"Put a value that holds brackets in double quotes, or write a section as [name].",
	),
	emptySectionName: error("empty-section-name", "a section without a name", "Write [name] or [default]."),
	badSection: error(
		"bad-section",
		"[ does not start a section name",
		"Write [name]; the name stands in double quotes when it holds a bracket, # or =.",
	),
	secondEquals: error(
		"unquoted-character",
		"a second = in this line",
		"Put a value that holds = in double quotes, and every KEY = VALUE on a line of its own.",
	),
	bracketInValue: error(
		"unquoted-character",
		"a ] in a value without quotes",
		"Put the value in double quotes.",
	),
	quotedBehindValue: error(
		"text-after-value",
		"a quoted text behind a value",
		'Put the whole value in double quotes, with \\" for a quote inside.',
	),
	valueOnNextLine: warning(
		"value-on-next-line",
		"this is taken as the value of the key in a line above",
		"Write key and value on one line.",
	),
	innerQuote: warning(
		"inner-quote",
		"a quote inside of the quotes; as in LTSP 5 it is not part of the value",
		quotesHint,
	),
	notUtf8: error("not-text", "bytes that are not UTF-8", textHint),
	byteOrderMark: warning(
		"byte-order-mark",
		"the file starts with a byte order mark",
		"Save it as UTF-8 without a byte order mark; LTSP 5 cannot read it.",
	),

	unclosedSection: (name: string) =>
		error(
			"unclosed-section",
			`the section [${visible(name)} has no ]`,
			"Close the name with ]. After a name in quotes, no further quote may stand on the line.",
		),
	sectionNameTooLong: (length: number, limit: number) =>
		error(
			"section-name-too-long",
			`this section name has ${length} characters, more than ${limit}`,
			"Use a shorter name.",
		),
	sectionInLine: (name: string) =>
		warning(
			"section-in-line",
			`section [${visible(name)}] starts here, in the middle of a line`,
			"If the bracket belongs to the value, put the value in double quotes; else start a new line before it.",
		),
	textAfterValue: (text: string) =>
		error(
			"text-after-value",
			`unexpected text behind the value: ${visible(text)}`,
			"A value is one quoted text; a comment behind it starts with #.",
		),
	missingEquals: (text: string) =>
		error(
			"missing-equals",
			`${visible(text)} is neither a section, a comment nor KEY = VALUE`,
			'Write KEY = "value", or start the line with #.',
		),
	missingValue: (key: string) =>
		error(
			"missing-value",
			`${visible(key)} has no value`,
			`Write ${visible(key)} = "" for an empty value, or NONE to unset what other sections say.`,
		),
	unquotedStart: (key: string, sign: string) =>
		error(
			"unquoted-character",
			`the value of ${visible(key)} starts with ${sign}`,
			"Put the value in double quotes.",
		),
	badKey: (text: string) =>
		error(
			"bad-key",
			`${visible(text)} is not a key`,
			"A key is letters, digits and _, and does not start with a digit.",
		),
	keyTooLong: (length: number, limit: number) =>
		error("key-too-long", `this key has ${length} characters, more than ${limit}`, "Use a shorter key."),
	valueTooLong: (limit: number) =>
		error("value-too-long", `this value is longer than ${limit} bytes`, shortHint),
	lineTooLong: (limit: number) =>
		error("line-too-long", `this line is longer than ${limit} characters`, shortHint),
	keyBeforeSection: (key: string) =>
		error(
			"key-before-section",
			`${visible(key)} stands before the first section`,
			"Start the file with [default].",
		),
	tooManySections: (limit: number) => error("too-large", `more than ${limit} sections`, nodesHint),
	tooManyEntries: (limit: number) => error("too-large", `more than ${limit} KEY = VALUE lines`, nodesHint),
	fileTooLarge: (length: number, limit: number) =>
		error("too-large", `the file has ${length} characters, more than ${limit}`, nodesHint),
	controlCharacter: (character: string, others: number) =>
		error(
			"not-text",
			`a control character, ${visible(character)}${others > 0 ? ` (and ${others} more)` : ""}: this is not a text file`,
			textHint,
		),
} as const;

export const shellTextProblems: { readonly [Kind in ShellTextProblem["kind"]]: Problem } = {
	unbalanced: error("unterminated-quote", "the quotes in this value do not come in pairs", quotesHint),
	"not-one-word": error(
		"text-between-quotes",
		"this stands outside of the quotes in the value, which runs from the first to the last quote of the line",
		'Write one quoted value a line, \\" for a quote inside it, and no quotes in a comment behind it.',
	),
	"trailing-backslash": error(
		"trailing-backslash",
		"a backslash at the end of the value",
		"Write \\\\ for a backslash. A value cannot go on in the next line.",
	),
	"open-substitution": error(
		"open-substitution",
		"this command substitution is never closed",
		"Close it with ) or `, or write \\$( or \\` if it is plain text.",
	),
};

function error(code: string, message: string, hint: string): Problem {
	return { severity: "error", code, message, hint };
}

function warning(code: string, message: string, hint: string): Problem {
	return { severity: "warning", code, message, hint };
}
