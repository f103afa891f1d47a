/** Calls into the kernel that have not returned. */
let unanswered = 0;

/** Counts what may never return: a thread that waits for a dead disk cannot be ended, and a process waits for its threads. */
export async function untilItAnswers<T>(call: Promise<T>): Promise<T> {
	unanswered += 1;
	try {
		return await call;
	} finally {
		unanswered -= 1;
	}
}

/** Whether the process would not come to its end by itself. */
export function waitsForKernel(): boolean {
	return unanswered > 0;
}
