/**
 * How much of everything is read, so that no revision stops the program: files come from whoever may push to a repository.
 * What is over a budget is refused with the number, the limit and where it is. docs/gitops.md names them too.
 */
export const MANIFEST_BUDGETS = {
  /** Bytes of one file: more than the API server takes as one object (etcd holds 1.5 MiB). */
  fileBytes: 4 * 1024 * 1024,
  /** Bytes of all files of a revision. */
  revisionBytes: 32 * 1024 * 1024,
  /** Manifest files of a revision. */
  files: 10_000,
  /** Documents in one file. */
  documents: 5_000,
  /** Values in one file: scalars, lists and maps. */
  nodes: 300_000,
  /** Values in one document, which are in memory at once: about 1.4 kB each. */
  documentNodes: 100_000,
  /** Values in all files of a revision. */
  revisionNodes: 2_000_000,
  /** Members of one map. */
  keys: 20_000,
  /** How deep lists and maps lie in each other. */
  depth: 100,
  /** Values that aliases and merges add to those that are written. */
  aliasedNodes: 20_000,
  /** Characters that variables put into a revision. */
  substitutedChars: 8 * 1024 * 1024,
  /** Objects of a revision. */
  objects: 20_000,
  /** Problems that are kept: the first ones say it. */
  problems: 1_000,
  /** Lines in `include`, `exclude` and `.meshignore` files together. */
  patterns: 2_000,
  /** Characters of one such line. */
  patternChars: 1_000,
  /** Steps of comparing paths with patterns. */
  patternSteps: 20_000_000,
  /** How long reading a revision may take; it goes on beside everything else. */
  readingMs: 60_000,
  /** How long the thread that reads has to notice that it is to end. */
  readingEndMs: 10_000,
  /** How long that thread is kept without anything to do: it takes about 40 MB. */
  readingIdleMs: 60_000,
  /** Bytes of files and variables that are read at once, without that thread: the worst of them take some 50 ms. */
  readingInPlaceBytes: 8 * 1024,
} as const;
