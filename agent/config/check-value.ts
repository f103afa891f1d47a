import { isEssential } from "./essential-services.ts";
import { visible } from "./findings.ts";
import { readFstabLine } from "./fstab-line.ts";
import { readImageSources } from "./image-sources.ts";
import {
	readCriSocket,
	readEndpoint,
	readKubeletArgument,
	readNodeAddresses,
	readPath,
} from "./join-values.ts";
import { readKernelCommandLineWords } from "./kernel-parameters.ts";
import { isPublicWord, type KeyDefinition, type KeyType } from "./key-definition.ts";
import { isDnsSubdomain, readLabel, readTaint } from "./kubernetes-labels.ts";
import { readModuleLine } from "./module-line.ts";
import {
	holdsInvalidSecret,
	holdsSecret,
	isSecretMarker,
	withoutSampleSecrets,
	withSampleSecrets,
} from "./secret-marker.ts";
import { looksSecret } from "./secret-shapes.ts";
import { readKernelParameters } from "./sysctl-line.ts";
import {
	isAddress,
	isHost,
	isHostName,
	knownAtBoot,
	type Reading,
	readBoolean,
	readChoice,
	readDurationMs,
	readInteger,
	readList,
	readSize,
} from "./values.ts";

/** What is wrong with a value, in words. An error: no node that gets this value can be booted with it. */
export interface ValueProblem {
	readonly severity: "error" | "warning";
	readonly message: string;
}

/**
 * Checks a value, after expansion, against the type of its key. An empty value means "not set", as in LTSP 5's shell.
 * Lines that LTSP 5 copies into a file as they are get a warning only. In the place of a secret that is filled in later, a
 * sample of its form is looked at; whether the secret itself has the form was found out when it was taken out.
 */
export function checkValue(definition: KeyDefinition, value: string): ValueProblem | undefined {
	if (value.trim() === "" || value.includes(knownAtBoot)) return undefined;
	if (isPublicWord(definition, value)) return undefined;
	if (shownTypes.has(definition.type) && (holdsSecret(value) || looksSecret(value))) {
		return asError(
			"looks like a secret, and would be shown by name only: six characters, a dot, sixteen characters",
		);
	}
	if (!holdsSecret(value)) return checkText(definition, value);
	if (definition.secret && isSecretMarker(value.trim())) {
		return holdsInvalidSecret(value) ? asError("does not have the form that its key asks for") : undefined;
	}
	const problem = checkText(definition, withSampleSecrets(value));
	return problem && { ...problem, message: withoutSampleSecrets(problem.message) };
}

/** `KEY: VALUE: what is wrong`; without the value where it is a secret, or where the problem names its part. */
export function describeProblem(
	{ secret, type }: KeyDefinition,
	key: string,
	value: string,
	{ message }: ValueProblem,
): string {
	if (type === "image-sources") return `${key}: ${message}`;
	return `${key}: ${secret ? "the value" : visible(value)}: ${message}`;
}

/** What becomes an argument of a program or part of a path, where no secret is put in. */
const shownTypes: ReadonlySet<KeyType> = new Set([
	"hostname",
	"hostname-part",
	"image",
	"image-sources",
	"kernel-parameters",
	"node-name",
	"endpoints",
	"path",
	"cri-socket",
	"label",
	"taint",
]);

function checkText(definition: KeyDefinition, value: string): ValueProblem | undefined {
	if (definition.type === "boolean") {
		const { warning } = readBoolean(value);
		return warning === undefined ? undefined : { severity: "warning", message: warning };
	}
	if (definition.type === "choice") return asError(problemOf(readChoice(value, definition.choices ?? [])));
	return checks[definition.type]?.(value.trim());
}

type Check = (value: string) => ValueProblem | undefined;

const checks: { readonly [Type in KeyType]?: Check } = {
	size: (value) => asError(problemOf(readSize(value))),
	duration: (value) => asError(problemOf(readDurationMs(value))),
	"time-limit": (value) => {
		const reading = readDurationMs(value);
		const isShort = "value" in reading && reading.value < 1000;
		return asError(isShort ? "a limit of less than a second" : problemOf(reading));
	},
	"small-number": (value) => asError(problemOf(readInteger(value, { minimum: 1, maximum: 16 }))),
	addresses: eachWord(isAddress, "is not an IP address"),
	host: (value) => asError(isHost(value) ? undefined : "not an IP address or a host name"),
	hosts: eachWord(isHost, "is not an IP address or a host name"),
	services: eachWord((word) => !isEssential(word), "is a service that no node can do without"),
	// LTSP 5 takes the first word of HOSTNAME.
	hostname: (value) => asError(isHostName(value.split(/\s+/)[0] ?? "") ? undefined : "not a host name"),
	"hostname-part": shaped(/^[A-Za-z0-9_.-]{1,60}$/, "not part of a host name"),
	domains: eachWord((word) => isHostName(word.replace(/\.$/, "")), "is not a domain name"),
	timezone: shaped(
		/^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9][\w+-]*(?:\/[\w+-]+)*$/,
		"not a time zone such as Europe/Prague",
	),
	image: shaped(
		/^[A-Za-z0-9][\w.-]{0,127}(?:\/[A-Za-z0-9][\w.+~-]{0,127})?$/,
		"not an image: NAME or NAME/VERSION",
	),
	"image-sources": (value) => asError(problemOf(readImageSources(value))),
	"kernel-parameters": (value) => asError(problemOf(readKernelCommandLineWords(value))),
	"fstab-line": (value) => {
		const reading = readFstabLine(value);
		return "warning" in reading ? asWarning(reading.warning) : asError(problemOf(reading));
	},
	"hosts-line": (value) => {
		const [address = "", name] = value.split(/\s+/);
		const isGood = value.startsWith("#") || (isAddress(address) && name !== undefined);
		return asWarning(isGood ? undefined : "not a line of /etc/hosts: ADDRESS NAME …");
	},
	"cron-line": (value) => asWarning(isCronLine(value) ? undefined : "not a crontab line with a user field"),
	module: (value) => asError(problemOf(readModuleLine(value))),
	sysctl: (value) => asError(problemOf(readKernelParameters(value))),
	"ssh-key": (value) =>
		asWarning(
			/(?:^|\s)(?:ssh|ecdsa|sk)-[\w@.-]+\s+[A-Za-z0-9+/]{16,}={0,2}(?:\s|$)/.test(value)
				? undefined
				: "not a public key as ssh-keygen writes it",
		),
	"password-hash": (value) =>
		asError(
			/^(?:\$\w+\$[^:\s]+|_?[A-Za-z0-9./]{13,20}|[!*])$/.test(value)
				? undefined
				: "not a password hash as mkpasswd prints it",
		),
	endpoints: eachReading(readEndpoint),
	"bootstrap-token": shaped(
		/^[a-z0-9]{6}\.[a-z0-9]{16}$/,
		"not a bootstrap token: 6 characters, a dot, 16 characters",
	),
	"ca-cert-hashes": eachWord(
		(word) => /^sha256:[0-9a-f]{64}$/i.test(word),
		"is not sha256: and 64 hexadecimal digits",
	),
	path: (value) => asError(problemOf(readPath(value))),
	"node-name": (value) =>
		asError(
			isDnsSubdomain(value)
				? undefined
				: "not the name of a Node: lower case letters, digits, - and . (RFC 1123), at most 253 characters",
		),
	"node-addresses": (value) => asError(problemOf(readNodeAddresses(value))),
	"cri-socket": (value) => asError(problemOf(readCriSocket(value))),
	label: (value) => asError(problemOf(readLabel(value))),
	taint: (value) => asError(problemOf(readTaint(value))),
	argument: (value) => asError(problemOf(readKubeletArgument(value))),
};

/** Five time fields or an @word, a user, a command; a comment or a variable is a line of a crontab, too. */
function isCronLine(value: string): boolean {
	if (/^#|^[A-Za-z_]\w*\s*=/.test(value)) return true;
	const fields = value.split(/\s+/);
	return value.startsWith("@") ? fields.length >= 3 : fields.length >= 7;
}

function shaped(pattern: RegExp, message: string): Check {
	return (value) => asError(pattern.test(value) ? undefined : message);
}

function eachWord(isGood: (word: string) => boolean, message: string): Check {
	return (value) => {
		const bad = readList(value).find((word) => !isGood(word));
		return asError(bad === undefined ? undefined : `${bad} ${message}`);
	};
}

function eachReading(read: (word: string) => Reading<unknown>): Check {
	return (value) => {
		for (const word of readList(value)) {
			const problem = problemOf(read(word));
			if (problem !== undefined) return asError(`${visible(word)} ${problem}`);
		}
		return undefined;
	};
}

function problemOf(reading: Reading<unknown>): string | undefined {
	return "problem" in reading ? reading.problem : undefined;
}

function asError(message: string | undefined): ValueProblem | undefined {
	return message === undefined ? undefined : { severity: "error", message };
}

function asWarning(message: string | undefined): ValueProblem | undefined {
	return message === undefined ? undefined : { severity: "warning", message };
}
