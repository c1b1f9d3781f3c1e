import { createHash } from "node:crypto";
import { runGit } from "./command.ts";
import { descends } from "./ancestry.ts";
import { type Access, inheritedEnvironment, openAccess, removeLeftAccess } from "./environment.ts";
import { GitError } from "./git_error.ts";
import { Lanes } from "./lanes.ts";
import { advertisedRefs, missingRef, refQuery, type ResolvedRef } from "./references.ts";
import type { GitRef } from "./ref.ts";
import { placeText, type Remote } from "./remote.ts";
import { Repository } from "./repository.ts";
import { SharedLooks } from "./shared_looks.ts";
import type { SignedObject, Signer, SignerKey } from "./signature.ts";
import type { TreeEntry, TreeFile } from "./tree.ts";

/** A commit of a remote, as much of it as a sync needs. */
export interface Revision {
  readonly commit: string;
  readonly name: string;
  /** The object of an annotated tag. */
  readonly tagObject?: string;
  /** Name of the content of the folder: equal when nothing in the folder changed; undefined when it is not there. */
  readonly tree: string | undefined;
  readonly author: string;
  readonly subject: string;
  /** Milliseconds since 1970, as the committer's machine had it. */
  readonly committedAtMs: number;
}

/** A call that may take long. */
export interface GitCall {
  readonly signal?: AbortSignal;
  /** Limit for this call; the source's own when left out. */
  readonly timeoutMs?: number;
}

/** A call that looks at the remote. */
export interface LookCall extends GitCall {
  /** How long ago the remote may have been asked by somebody else; 0 (nothing is shared) when left out. */
  readonly maxAgeMs?: number;
}

/** What a sync asks of Git. */
export interface GitSource {
  /**
   * Where a ref points to: one `ls-remote`, none for a commit, and none when somebody with the same access asked the same
   * within {@linkcode LookCall.maxAgeMs}.
   */
  resolveRef(remote: Remote, ref: GitRef, call?: LookCall): Promise<ResolvedRef>;
  /** The revision, fetched if the cache does not hold it: one commit deep, without file contents. */
  fetchRevision(
    remote: Remote,
    resolved: ResolvedRef,
    call: GitCall & { readonly path: string },
  ): Promise<Revision>;
  /** All entries of a tree that {@linkcode GitSource.fetchRevision} answered; no network. */
  listTree(remote: Remote, tree: string, call?: GitCall): Promise<TreeEntry[]>;
  /** Contents of entries of that tree; what the cache does not hold is fetched in one request. */
  readFiles(
    remote: Remote,
    call: GitCall & { readonly tree: string; readonly entries: readonly TreeEntry[] },
  ): Promise<TreeFile[]>;
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
}

/** What a {@linkcode gitSource} needs. */
export interface GitSourceOptions {
  /** A folder that only this program uses; made when it is not there. */
  readonly cacheDirectory: string;
  /** Limit for each git command; 60 s when left out. */
  readonly timeoutMs?: number;
  /** Limit for the contents of all files of a revision together; 64 MiB when left out. */
  readonly contentBytesMax?: number;
  /** Environment for git besides what isolates it; PATH and the proxies of this process when left out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Who talks to remotes at the same time; an own set of lanes when left out. */
  readonly lanes?: Lanes;
}

const TIMEOUT_MS = 60_000;
const CONTENT_BYTES_MAX = 64 * 1024 * 1024;
const REFS_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Git remotes by the `git` program, cached in a folder: one bare, shallow, blob-filtered repository a remote and account.
 *
 * # Guarantees
 * Calls on one remote are put in line; a cache that is broken (a killed program leaves locks) is made anew.
 */
export function gitSource(options: GitSourceOptions): GitSource {
  const home = `${options.cacheDirectory}/home`;
  const repositories = new Map<string, Repository>();
  const limits = {
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    bytesMax: options.contentBytesMax ?? CONTENT_BYTES_MAX,
  };
  const looks = new SharedLooks();
  const lanes = options.lanes ?? new Lanes();
  let swept: Promise<void> | undefined;
  const open = async (remote: Remote): Promise<Access> => {
    await Deno.mkdir(home, { recursive: true, mode: 0o700 });
    await (swept ??= removeLeftAccess(home));
    const inherited = options.environment ?? inheritedEnvironment();
    return await openAccess(remote, { home, inherited });
  };
  const repository = (remote: Remote): Repository => {
    const key = createHash("sha256").update(`${remote.account ?? ""}\n${remote.url}`).digest("hex")
      .slice(0, 32);
    const known = repositories.get(key) ??
      new Repository({
        directory: `${options.cacheDirectory}/${key}.git`,
        home,
        lanes,
        limits,
        open,
      });
    repositories.set(key, known);
    return known;
  };
  return {
    resolveRef: async (remote, ref, call = {}) => {
      return await resolvedRef(remote, ref, (args) =>
        looks.ask(lookKey(remote, args), {
          ...call,
          look: (signal) =>
            lanes.take(async () => {
              await using access = await open(remote);
              return await listRemote({ remote, access, args, home, ...limits, ...call, signal });
            }, { place: remote.url, signal }),
        }));
    },
    fetchRevision: (remote, resolved, call) => repository(remote).revision(remote, resolved, call),
    listTree: (remote, tree, call = {}) => repository(remote).list(remote, tree, call),
    readFiles: (remote, call) => repository(remote).read(remote, call),
    verifySigner: (remote, call) => repository(remote).verify(remote, call),
    descends: (remote, call) =>
      lanes.take(
        () => descends({ remote, home, open, ...call, of: repository(remote) }),
        { place: remote.url, ...(call.signal === undefined ? {} : { signal: call.signal }) },
      ),
  };
}

async function resolvedRef(
  remote: Remote,
  ref: GitRef,
  list: (args: readonly string[]) => Promise<string>,
): Promise<ResolvedRef> {
  const query = refQuery(ref);
  if (query === undefined) return { commit: ref.commit ?? "", name: "commit" };
  const { refs, headName } = advertisedRefs(
    await list([...query.flags, remote.url, ...query.patterns]),
  );
  const resolved = query.resolve(refs);
  if (resolved !== undefined) return named(resolved, headName);
  // Only now, for a helpful message, ask for all of them.
  throw missingRef(ref, advertisedRefs(await list([remote.url])).refs, placeText(remote));
}

/** A question and who asks it; hashed, as it holds credentials. */
function lookKey(remote: Remote, args: readonly string[]): string {
  const { account, caPem, credentials, fileAllowed } = remote;
  const asked = JSON.stringify([account, caPem, credentials, fileAllowed, args]);
  return createHash("sha256").update(asked).digest("hex");
}

interface ListOptions extends GitCall {
  readonly remote: Remote;
  readonly access: Access;
  readonly args: readonly string[];
  readonly home: string;
  readonly timeoutMs: number;
}

async function listRemote(options: ListOptions): Promise<string> {
  const output = await runGit({
    ...options.access,
    args: ["ls-remote", "--quiet", ...options.args],
    action: `Cannot look at ${placeText(options.remote)}`,
    directory: options.home,
    timeoutMs: options.timeoutMs,
    outputBytesMax: REFS_BYTES_MAX,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return new TextDecoder().decode(output);
}

/** A default branch is shown by its own name. */
function named(resolved: ResolvedRef, headName: string | undefined): ResolvedRef {
  if (resolved.name !== "HEAD" || headName === undefined) return resolved;
  return { ...resolved, name: headName.replace(/^refs\/heads\//, "") };
}

/** Whether an error says that the remote, not this program, has to change. */
export function isRemoteFault(error: unknown): boolean {
  return error instanceof GitError &&
    ["not_found", "no_access", "no_ref", "no_path", "host_unknown", "unverified"].includes(
      error.kind,
    );
}
