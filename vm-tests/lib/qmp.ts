import { EventEmitter, once } from "node:events";
import { NetherdError } from "../../agent/errors.ts";
import { connectLines, type LineConnection } from "./unix-connection.ts";

interface Message {
	readonly QMP?: object;
	readonly return?: unknown;
	readonly error?: { readonly class: string; readonly desc: string };
	readonly id?: number;
	readonly event?: string;
	readonly data?: Readonly<Record<string, unknown>>;
}

interface Answer {
	readonly resolve: (value: unknown) => void;
	readonly reject: (error: Error) => void;
}

/**
 * QEMU's control socket (QEMU Machine Protocol, qmp-spec). Emits each event of QEMU under its name, such as `RESET`,
 * with the event's data.
 */
export class Qmp extends EventEmitter {
	readonly #answers = new Map<number, Answer>();
	#connection: LineConnection | undefined;
	#lastId = 0;

	/** @throws {NetherdError} `vm.no-socket`, `vm.qmp-refused`. */
	static async connect(path: string): Promise<Qmp> {
		const qmp = new Qmp();
		const greeted = once(qmp, "greeting");
		qmp.#connection = await connectLines(path, (line) => qmp.#take(JSON.parse(line)));
		qmp.#connection.socket.on("close", () => qmp.#closed());
		await greeted;
		await qmp.execute("qmp_capabilities");
		return qmp;
	}

	/** @throws {NetherdError} `vm.qmp-refused`: QEMU's own words, or the machine is gone. */
	execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
		const id = ++this.#lastId;
		const { promise, resolve, reject } = Promise.withResolvers<unknown>();
		this.#answers.set(id, { resolve, reject });
		this.#connection?.send(JSON.stringify({ execute: command, arguments: args, id }));
		return promise;
	}

	#take(message: Message): void {
		if (message.QMP !== undefined) this.emit("greeting");
		if (message.event !== undefined) this.emit(message.event, message.data ?? {});
		const answer = this.#answers.get(message.id ?? 0);
		if (answer === undefined) return;
		this.#answers.delete(message.id ?? 0);
		if (message.error === undefined) answer.resolve(message.return);
		else answer.reject(refused(message.error.desc));
	}

	#closed(): void {
		for (const { reject } of this.#answers.values()) reject(refused("the machine is gone"));
		this.#answers.clear();
	}
}

function refused(words: string): NetherdError {
	return new NetherdError("vm.qmp-refused", `QEMU's control socket: ${words}`, {
		hint: "qemu.log in the scenario's folder has QEMU's messages",
	});
}
