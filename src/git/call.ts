import type { VersionChoice } from "./ref.ts";
import type { TreeEntry } from "./tree.ts";

/** A call that may take long. */
export interface GitCall {
  /** Ends the call; it, and nothing else, decides how long a remote may take. */
  readonly signal?: AbortSignal;
  /**
   * How long the caller waits at most: a transport that cannot be ended ends by itself after so much silence. The source's
   * own limit when left out.
   */
  readonly timeoutMs?: number;
  /** For whom: those who ask for the same take turns with others. */
  readonly share?: string;
}

/** A call that looks at the remote. */
export interface LookCall extends GitCall {
  /** How long ago the remote may have been asked by somebody else; 0 (nothing is shared) when left out. */
  readonly maxAgeMs?: number;
}

/** A call that fetches a revision. */
export interface FetchCall extends GitCall {
  /** The folder that is read. */
  readonly path: string;
  /** Whether the content of a file will be read, by its path below the folder; all of them when left out. */
  readonly wants?: (path: string) => boolean;
}

/** A call that reads files of a fetched revision. */
export interface ReadCall extends GitCall {
  readonly tree: string;
  readonly entries: readonly TreeEntry[];
}

/** A commit of a remote, as much of it as a sync needs. */
export interface Revision {
  readonly commit: string;
  readonly name: string;
  /** The object of an annotated tag. */
  readonly tagObject?: string;
  /**
   * Name of the content of the folder, folders that links bring into it included: equal when nothing of it changed;
   * undefined when the folder is not there.
   */
  readonly tree: string | undefined;
  readonly author: string;
  readonly subject: string;
  /** Milliseconds since 1970, as the committer's machine had it. */
  readonly committedAtMs: number;
  /** Of a range of versions: what became of the tags. */
  readonly versions?: VersionChoice;
}
