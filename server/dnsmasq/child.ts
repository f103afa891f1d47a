import { confined } from "../confine.ts";
import type { ServiceContext } from "../service.ts";
import { SupervisedChild } from "../supervised-child.ts";
import { createDnsmasqReader } from "./log-reader.ts";

/**
 * A dnsmasq that does one thing, as nobody, with the capabilities that this thing needs; its log becomes events.
 *
 * @param input Its whole configuration.
 */
export function dnsmasqChild(
	name: string,
	input: string,
	capabilities: readonly string[],
	{ programs, emit }: Pick<ServiceContext, "programs" | "emit">,
): SupervisedChild {
	const read = createDnsmasqReader();
	const argv = ["--keep-in-foreground", "--log-facility=-", "--conf-file=-"];
	return new SupervisedChild(
		{
			name,
			argv: confined(programs.setpriv, [programs.dnsmasq, ...argv], { capabilities }),
			input,
			ready: { line: /^dnsmasq\[\d+\]: started, / },
			onLine(line) {
				emit({ event: "service.output", service: name, line });
				const event = read(line);
				if (event !== undefined) emit(event);
			},
		},
		emit,
	);
}
