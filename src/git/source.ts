import { createHash } from "node:crypto";
import { type AddressPolicy, type Clock, GIT_BUDGETS, systemClock } from "#base";
import { descends } from "./ancestry.ts";
import type { FetchCall, GitCall, LookCall, ReadCall, Revision } from "./call.ts";
import { Clones } from "./clones.ts";
import { removeLeftAccess } from "./environment.ts";
import { GitError, type GitErrorKind } from "./git_error.ts";
import { Lanes, LOOK_LIMITS } from "./lanes.ts";
import { GitProcesses, type ProcessLimits } from "./processes.ts";
import type { Programs } from "./program.ts";
import type { Resolve } from "./addresses.ts";
import { advertisedRefs, missingRef, refQuery, type ResolvedRef } from "./references.ts";
import type { GitRef } from "./ref.ts";
import { placeText, type Remote, remoteScheme } from "./remote.ts";
import { Routes } from "./routes.ts";
import { SharedLooks } from "./shared_looks.ts";
import type { SignedObject, Signer, SignerKey } from "./signature.ts";
import { Transport } from "./transport.ts";
import type { TreeEntry, TreeFile } from "./tree.ts";

/** What a sync asks of Git. */
export interface GitSource {
  /**
   * Where a ref points to: one `ls-remote`, none for a commit, and none when somebody with the same access asked the same
   * within {@linkcode LookCall.maxAgeMs}.
   */
  resolveRef(remote: Remote, ref: GitRef, call?: LookCall): Promise<ResolvedRef>;
  /**
   * The revision with the contents that will be read of it, fetched as far as they are not here: one commit deep. Once it
   * answered, {@linkcode GitSource.listTree} and {@linkcode GitSource.readFiles} wait for nobody.
   */
  fetchRevision(remote: Remote, resolved: ResolvedRef, call: FetchCall): Promise<Revision>;
  /**
   * All entries of a tree that {@linkcode GitSource.fetchRevision} answered, those that links bring into it included; no
   * network.
   */
  listTree(remote: Remote, tree: string, call?: GitCall): Promise<readonly TreeEntry[]>;
  /** Contents of entries of that tree that were wanted of it; no network. */
  readFiles(remote: Remote, call: ReadCall): Promise<TreeFile[]>;
  /**
   * Who signed a fetched commit, or the tag that led to it, with one of these keys; a tag is fetched first.
   *
   * @throws {GitError} `unverified` when it is not signed, or by somebody else
   */
  verifySigner(
    remote: Remote,
    call: GitCall & { readonly object: SignedObject; readonly keys: readonly SignerKey[] },
  ): Promise<Signer>;
  /**
   * Whether a fetched commit has another one among its ancestors; undefined when that cannot be told in a bounded time, of
   * a bounded part of the history.
   */
  descends(
    remote: Remote,
    call: GitCall & { readonly commit: string; readonly ancestor: string },
  ): Promise<boolean | undefined>;
  /**
   * Keeps commits that were fetched for a sync, whatever becomes of them at the remote, and no others of that sync any
   * longer; none: it needs none.
   *
   * # Caveats
   * They go with the clone, when there is too much on the disk, and when it is broken.
   *
   * @param call.sync any text that names the sync
   * @returns the commits that are here
   */
  keep(
    remote: Remote,
    call: GitCall & { readonly sync: string; readonly commits: readonly string[] },
  ): Promise<readonly string[]>;
  /** Removes all that is here of a remote, with what is kept of it. */
  forget(remote: Remote): Promise<void>;
}

/** What a {@linkcode gitSource} needs. */
export interface GitSourceOptions {
  /** A folder that only this program uses; made when it is not there. */
  readonly cacheDirectory: string;
  /** Longest that a call may take whose caller never gives up; an hour when left out. */
  readonly timeoutMs?: number;
  /** Limit for the contents of all files of a revision together; 64 MiB when left out. */
  readonly contentBytesMax?: number;
  /** Most that one fetch may bring; 512 MiB when left out. */
  readonly fetchBytesMax?: number;
  /** Remotes of which something stays here; 500 when left out. */
  readonly clonesMax?: number;
  /** Bytes of all that stays here; 1 GiB when left out. */
  readonly cacheBytesMax?: number;
  /** Environment for git besides what isolates it; PATH and the proxies of this process when left out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Who talks to remotes at the same time; an own set of lanes when left out. */
  readonly lanes?: Lanes;
  /** How many commands go on at the same time that talk to nobody; as this machine has processors when left out. */
  readonly processes?: ProcessLimits;
  /** Who starts git; the thread that uses this source when left out. */
  readonly programs?: Programs;
  /**
   * Which addresses may be asked of those that no flag names; all of them when left out.
   * See {@linkcode Remote.fileAllowed}.
   */
  readonly addresses?: AddressPolicy;
  /** How names are resolved where addresses are checked; as the system does it when left out. */
  readonly resolve?: Resolve;
  /** The real one when left out. */
  readonly clock?: Clock;
}

const DEFAULTS = {
  timeoutMs: 3_600_000,
  contentBytesMax: GIT_BUDGETS.contentBytes,
  fetchBytesMax: GIT_BUDGETS.fetchBytes,
  clonesMax: GIT_BUDGETS.clones,
  cacheBytesMax: GIT_BUDGETS.cacheBytes,
} as const;

/** Lanes for looks and for fetches. */
function lanesFor(given: Lanes | undefined, clock: Clock) {
  return {
    look: given ?? new Lanes(LOOK_LIMITS, clock),
    fetch: given ?? new Lanes({}, clock),
  };
}

/**
 * Git remotes by the `git` program, cached in a folder: one bare, shallow, blob-filtered repository a remote and account.
 *
 * # Guarantees
 * One fetch of a remote at a time; what was fetched is read meanwhile. A clone that is broken (a killed program leaves
 * locks) is made anew. The disk and the memory that remotes take are bounded.
 */
export function gitSource(options: GitSourceOptions): GitSource {
  const { cacheBytesMax, clonesMax, contentBytesMax, fetchBytesMax, timeoutMs } = {
    ...DEFAULTS,
    ...options,
  };
  const { cacheDirectory, clock = systemClock, environment } = options;
  const home = `${cacheDirectory}/home`;
  const looks = new SharedLooks(clock);
  const lanes = lanesFor(options.lanes, clock);
  const routes = new Routes(clock);
  const processes = new GitProcesses(options.processes, options.programs);
  const { addresses, resolve } = options;
  const limits = { fetchBytesMax, timeoutMs, addresses, resolve };
  const shared = { lanes, processes, routes };
  const transport = new Transport({ home, clock, environment, ...shared, ...limits });
  const folder = { directory: cacheDirectory, transport, contentBytesMax };
  const clones = new Clones({ ...folder, clonesMax, bytesMax: cacheBytesMax });
  const ready = prepared(home, clock);
  const repository = async (remote: Remote) => {
    remoteScheme(remote);
    await ready();
    return await clones.repository(remote);
  };
  return {
    resolveRef: async (remote, ref, call = {}) => {
      remoteScheme(remote);
      await ready();
      return await resolvedRef(remote, ref, (question) =>
        looks.ask(lookKey(remote, question), {
          ...call,
          look: (signal) => transport.list(remote, (url) => question(url), { ...call, signal }),
        }));
    },
    fetchRevision: async (remote, resolved, call) => {
      const revision = await (await repository(remote)).revision(resolved, { ...call, remote });
      await clones.trim(remote);
      return revision;
    },
    listTree: async (remote, tree, call = {}) =>
      await (await repository(remote)).list(tree, { ...call, remote }),
    readFiles: async (remote, call) => await (await repository(remote)).read({ ...call, remote }),
    verifySigner: async (remote, call) =>
      await (await repository(remote)).verify({ ...call, remote }),
    descends: async (remote, call) => {
      const own = await repository(remote);
      const raw = (commit: string) => own.raw(commit, { ...call, remote });
      return await descends({ remote, transport, raw, ...call });
    },
    keep: async (remote, { commits, sync, ...call }) => {
      const name = createHash("sha256").update(sync).digest("hex").slice(0, 16);
      return await (await repository(remote)).keep(name, commits, { ...call, remote });
    },
    forget: async (remote) => {
      await ready();
      await clones.forget(remote);
    },
  };
}

/** Makes the folder, and removes what a killed program left in it: once, and again as long as that fails. */
function prepared(home: string, clock: Pick<Clock, "now">): () => Promise<void> {
  let preparing: Promise<void> | undefined;
  const prepare = async () => {
    await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    await removeLeftAccess(home, clock.now());
  };
  return async () => {
    preparing ??= prepare();
    try {
      await preparing;
    } catch (error) {
      preparing = undefined;
      throw error;
    }
  };
}

type Question = (url: string) => readonly string[];

async function resolvedRef(
  remote: Remote,
  ref: GitRef,
  list: (question: Question) => Promise<Uint8Array>,
): Promise<ResolvedRef> {
  const query = refQuery(ref);
  if (query === undefined) return { commit: ref.commit ?? "", name: "commit" };
  const { refs, headName } = await advertisedRefs(
    await list((url) => [...query.flags, url, ...query.patterns]),
  );
  const resolved = await query.resolve(refs);
  if (resolved !== undefined) return named(resolved, headName);
  // Only now, for a helpful message, ask for all of them.
  const { refs: all } = await advertisedRefs(await list((url) => [url]));
  throw await missingRef(ref, all, placeText(remote));
}

/** A question and who asks it; hashed, as it holds credentials. */
function lookKey(remote: Remote, question: Question): string {
  const { account, caPem, credentials, fileAllowed, url } = remote;
  const asked = JSON.stringify([account, caPem, credentials, fileAllowed, url, question("")]);
  return createHash("sha256").update(asked).digest("hex");
}

/** A default branch is shown by its own name. */
function named(resolved: ResolvedRef, headName: string | undefined): ResolvedRef {
  if (resolved.name !== "HEAD" || headName === undefined) return resolved;
  return { ...resolved, name: headName.replace(/^refs\/heads\//, "") };
}

/** Kinds of failures that end when the remote, or what is asked of it, changes. */
const REMOTE_FAULTS: readonly GitErrorKind[] = [
  "not_found",
  "no_access",
  "no_ref",
  "no_path",
  "host_unknown",
  "unverified",
  "not_git",
  "redirected",
  "refused_address",
];

/** Whether an error says that the remote, not this program, has to change. */
export function isRemoteFault(error: unknown): boolean {
  return error instanceof GitError && REMOTE_FAULTS.includes(error.kind);
}
