/**
 * How much of everything is taken, so that nobody from outside stops the program. What is over a budget is refused with the
 * number, the limit and where it is. `docs/operations.md` names each of them; what a definition can say, definitions say too
 * (`src/api/limits.ts`).
 *
 * @module
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Of a revision: files come from whoever may push to a repository. */
export const MANIFEST_BUDGETS = {
  /** Bytes of one file: more than the API server takes as one object (etcd holds 1.5 MiB). */
  fileBytes: 4 * MIB,
  /** Bytes of all files of a revision. */
  revisionBytes: 32 * MIB,
  /** Manifest files of a revision. */
  files: 10_000,
  /** Documents in one file. */
  documents: 5_000,
  /** Values in one file: scalars, lists and maps. */
  nodes: 300_000,
  /** Values in one document, which are in memory at once: about 1.4 kB each. */
  documentNodes: 100_000,
  /** Values in one file that variables or decryption change, which are in memory at once. */
  editedNodes: 100_000,
  /** Values in all files of a revision. */
  revisionNodes: 2_000_000,
  /** Members of one map. */
  keys: 20_000,
  /** How deep lists and maps lie in each other. */
  depth: 100,
  /** Values that aliases and merges add to those that are written. */
  aliasedNodes: 20_000,
  /** Characters that variables put into a revision. */
  substitutedChars: 8 * MIB,
  /** Objects of a revision. */
  objects: 20_000,
  /** Problems that are kept: the first ones say it. */
  problems: 1_000,
  /** Lines in `include`, `exclude` and `.meshignore` files together. */
  patterns: 2_000,
  /** Characters of one such line. */
  patternChars: 1_000,
  /** Characters of all `.meshignore` files together. */
  ignoreChars: 256 * KIB,
  /** Steps of comparing paths with patterns. */
  patternSteps: 20_000_000,
  /** How long reading a revision may take; it goes on beside everything else. */
  readingMs: 60_000,
  /** How long the thread that reads has to notice that it is to end. */
  readingEndMs: 10_000,
  /** How long that thread is kept without anything to do: it takes about 40 MB. */
  readingIdleMs: 5_000,
  /** Bytes of files and variables that are read at once, without that thread: the worst of them take some 50 ms. */
  readingInPlaceBytes: 8 * KIB,
} as const;

/** Of a remote: it sends what it likes. */
export const GIT_BUDGETS = {
  /** Bytes of packs that one fetch brings; it ends while it runs. */
  fetchBytes: 512 * MIB,
  /** Bytes of the contents of a revision, unpacked. */
  contentBytes: 64 * MIB,
  /** Bytes of a larger content are not held in memory while it is unpacked. */
  bigFileBytes: MIB,
  /** Memory for unpacking. */
  packWindowBytes: 32 * MIB,
  /** Memory of a git program with what it started: a server may send without end what it keeps. */
  commandMemoryBytes: 128 * MIB,
  /** Memory of all git programs at the same time: the one that takes most ends first. */
  commandsMemoryBytes: 192 * MIB,
  /** The largest piece of memory: an answer that git reads as a whole before it looks at it. */
  commandPieceBytes: 64 * MIB,
  /** How long the thread that starts git stays when nobody needs it. */
  threadIdleMs: 10_000,
  /** Characters of the path of a file: no longer one can be checked out. */
  pathChars: 4_096,
  /** Files of a folder. */
  folderFiles: 100_000,
  /** Files and folders of a repository in which links are followed. */
  repositoryEntries: 250_000,
  /** Bytes of what git lists. */
  listBytes: 64 * MIB,
  /** Bytes of the refs that a remote names. */
  refsBytes: 32 * MIB,
  /** Bytes of all answers about refs that are kept for others who ask the same. */
  refsKeptBytes: 16 * MIB,
  /** Commands that talk to nobody at the same time: twice as many as there are processors, and no more than this. */
  commands: 8,
  /** Of one namespace: as many as there are processors, and no more than this. */
  commandsOfShare: 4,
  /** Looks at remotes at the same time: they take little. Three quarters of them for one namespace. */
  looks: 32,
  /** Looks without an answer for three seconds, which are waited for beside the others; three quarters for one namespace. */
  waitingLooks: 64,
  /** Remotes that are fetched from at the same time. */
  remotes: 16,
  /** By one namespace: twice as many as there are processors, and no more than this. */
  remotesOfShare: 8,
  /** Remotes that have not answered for three seconds and are waited for beside the others; half of them for one namespace. */
  waitingRemotes: 24,
  /** Of those that kept somebody waiting in vain, how many are asked at the same time; half of them for one namespace. */
  slowRemotes: 8,
  /** Remotes of which something stays on the disk: the ones that were used least recently go. */
  clones: 500,
  /** Bytes of all that stays on the disk; the same. */
  cacheBytes: 1024 * MIB,
} as const;

/** Of the callers of a port. */
export const HTTP_BUDGETS = {
  /** Connections to one port at the same time: many more than probes, scrapers and an API server have. */
  connections: 256,
  /** How long headers may take. */
  headersMs: 10_000,
  /** How long a whole request may take. */
  requestMs: 20_000,
  /** Requests of one connection that are answered at the same time: who waits for each answer has one. */
  requestsOfConnection: 4,
  /** How long an answer may take until all of it is sent. */
  answerMs: 30_000,
  /** Bytes of a review for the webhook. An API server takes objects of 3 MB at most; a review holds two. */
  reviewBytes: 8 * MIB,
  /** Bytes of all reviews that are read at the same time. */
  reviewsBytes: 32 * MIB,
  /** Reviews at the same time. */
  reviews: 192,
  /** Of one sender. */
  reviewsOfSender: 128,
  /** How long a review may take to arrive: longer than an API server waits. */
  reviewMs: 5_000,
  /** Bytes of a call of the receiver. Git services list commits in it: a push of thousands is a few megabytes. */
  callBytes: 5 * MIB,
  /** Bytes of all calls that are read at the same time. */
  callsBytes: 16 * MIB,
  /** Calls at the same time. */
  calls: 64,
  /** Of one sender, and of one namespace. */
  callsOfSender: 32,
  /** How long a call may take to arrive. */
  callMs: 10_000,
  /** MeshSyncs that one call has look at their repository at once: as many as a tenant's namespace may have. */
  wokenByCall: 100,
} as const;

/** Of those who look at the console. */
export const CONSOLE_BUDGETS = {
  /** Who is told live what changes, at the same time. */
  viewers: 64,
  /** Of one user, where users are known. */
  viewersOfUser: 16,
  /** How long an event may wait for somebody who does not read. */
  unreadMs: 30_000,
  /** Namespaces about which the API server is asked for one viewer who may not look at all of them. */
  viewedNamespaces: 256,
  /** Questions about rights at the same time. */
  rightsQuestions: 8,
  /** ConfigMaps with addresses of Pulsar that are read. */
  pulsarConfigs: 256,
  /** Explanations of one sender in a burst; then one each tenth of a second. */
  explanations: 20,
} as const;

/** Of the MeshSyncs of a tenant's namespace: the platform's have no such limits. */
export const TENANT_BUDGETS = {
  /** MeshSyncs of one namespace that are followed, the oldest first: each of them has one pass at a time. */
  syncs: 100,
  /** How long a pass of one of them may take: it holds a place among all passes. */
  timeoutMs: 1_800_000,
} as const;

/** Of a Pulsar cluster that functions are imported from: it answers what it likes. */
export const IMPORT_BUDGETS = {
  /** Bytes of one answer: a list of names, or the configuration of one component. */
  adminAnswerBytes: 4 * MIB,
  /** Functions, sources and sinks in all. */
  components: 5_000,
  /** Bytes of one package, which is in memory while it is looked at and sent on. */
  packageBytes: 256 * MIB,
  /** How long one answer may take to arrive. */
  adminAnswerMs: 30_000,
  /** How long a package may take to arrive, and to be sent on. */
  packageMs: 600_000,
} as const;
