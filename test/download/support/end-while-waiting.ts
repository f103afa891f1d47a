import { constants, openSync, read } from "node:fs";
import { promisify } from "node:util";
import { untilItAnswers, waitsForKernel } from "../../../agent/download/unanswered.ts";
import { endProcess } from "../../../agent/host/end-process.ts";

/* Ends with exit code 7 while a thread waits for a FIFO that nobody writes to: end-while-waiting.ts FIFO. */

const file = openSync(process.argv[2] ?? "", constants.O_RDWR);
void untilItAnswers(promisify(read)(file, Buffer.alloc(1), 0, 1, null));
setTimeout(() => {
	process.exitCode = 7;
	if (waitsForKernel()) endProcess(7);
}, 50);
