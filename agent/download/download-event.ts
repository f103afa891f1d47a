/** What a download tells while it runs: plain data, for the console, the log and the server alike. */
export type DownloadEvent =
	| DownloadProgress
	| SourceSetAside
	| SourceGivenUp
	| SourceUsed
	| WrongChunk
	| DownloadComplete;

/** Once a second. */
export interface DownloadProgress {
	readonly kind: "progress";
	/** Bytes that have arrived and have not turned out to be wrong. */
	readonly doneBytes: number;
	readonly sizeBytes: number;
	/** Since the start. */
	readonly elapsedMs: number;
	/** Of the last seconds; undefined while it is not known. */
	readonly bytesPerSecond: number | undefined;
	/** Descriptions of the sources that bytes come from. */
	readonly sources: readonly string[];
}

/** A source brings its first bytes: at the start, as a stand-in, or again after a failure. */
export interface SourceUsed {
	readonly kind: "source-used";
	readonly source: string;
	/** It had failed before. */
	readonly isBack: boolean;
}

interface SourceFailed {
	readonly source: string;
	/** Of the error; `unknown` for an error that is none of ours. */
	readonly code: string;
	readonly message: string;
}

/** A source failed, and is tried again. */
export interface SourceSetAside extends SourceFailed {
	readonly kind: "source-set-aside";
	readonly retryInMs: number;
}

/** A source failed in a way that trying again cannot mend. */
export interface SourceGivenUp extends SourceFailed {
	readonly kind: "source-given-up";
}

/** A chunk came with another hash than the manifest's; it is fetched again. */
export interface WrongChunk {
	readonly kind: "wrong-chunk";
	readonly source: string;
	readonly index: number;
	readonly message: string;
}

export interface DownloadComplete {
	readonly kind: "complete";
	readonly sizeBytes: number;
	readonly elapsedMs: number;
	readonly isVerified: boolean;
	/** Chunks that came wrong and were fetched again. */
	readonly wrongChunks: number;
	/** Times that a source was set aside or given up. */
	readonly sourceFailures: number;
}
