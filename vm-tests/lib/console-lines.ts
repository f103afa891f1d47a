/** A line of a machine's serial console. */
export interface ConsoleLine {
	/** Milliseconds from power-on to the arrival of the line's first byte. */
	readonly atMs: number;
	/** Printable text: no escape sequences, no line end, blanks at the end removed. */
	readonly text: string;
}

// SeaBIOS, iPXE and edk2 draw with ANSI sequences; "go to row, column" starts a new line there, and so does a cleared or
// reset screen: what stood before may lack its line end, which a UART that is set up anew by the next program drops.
const escapeByte = String.fromCharCode(0x1b);
const newScreens = new RegExp(`${escapeByte}(?:\\[\\d*;\\d*[Hf]|\\[2J|c)`, "g");
// ECMA-48: control sequences (CSI, section 5.4), control strings (OSC, section 5.6); ECMA-35: the short ones.
const sequences = new RegExp(
	`${escapeByte}(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|[ -/]*[0-Z\\\\^-~])`,
	"g",
);
const undecided = new RegExp(`(?:${escapeByte}(?:\\[[0-?]*[ -/]*|\\][^\\x07]*|[ -/]*)|\\r+)$`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** Cuts a serial console's bytes, as they arrive, into lines. A carriage return alone ends a line too: progress displays use it. */
export class ConsoleLines {
	readonly #decoder = new TextDecoder("utf-8");
	#pending = "";
	#partial: ConsoleLine | undefined;

	/** The line that has no end yet, such as a prompt or a countdown. */
	get partial(): ConsoleLine | undefined {
		return this.#partial;
	}

	/** Takes the next bytes and returns the lines that they end, without empty ones. */
	push(bytes: Uint8Array, atMs: number): ConsoleLine[] {
		const input = this.#pending + this.#decoder.decode(bytes, { stream: true });
		const cut = input.search(undecided);
		this.#pending = cut === -1 ? "" : input.slice(cut);
		const text = (cut === -1 ? input : input.slice(0, cut))
			.replace(newScreens, "\n")
			.replace(sequences, "")
			.replace(controls, "");
		const [first = "", ...rest] = text.split(/\r*\n|\r+/);
		const lines: ConsoleLine[] = [];
		this.#append(first, atMs);
		for (const part of rest) {
			if (this.#partial !== undefined) lines.push(trimmed(this.#partial));
			this.#partial = undefined;
			this.#append(part, atMs);
		}
		return lines.filter((line) => line.text !== "");
	}

	#append(text: string, atMs: number): void {
		if (text === "") return;
		this.#partial = { atMs: this.#partial?.atMs ?? atMs, text: (this.#partial?.text ?? "") + text };
	}
}

function trimmed(line: ConsoleLine): ConsoleLine {
	return { ...line, text: line.text.trimEnd() };
}
