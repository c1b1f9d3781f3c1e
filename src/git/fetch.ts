import type { GitCall } from "./call.ts";
import type { Clone } from "./clone.ts";
import { FETCHED_REFS } from "./compact.ts";
import { GitError } from "./git_error.ts";
import type { ResolvedRef } from "./references.ts";
import type { Remote } from "./remote.ts";
import { missingContents, type RevisionTree, type RunLocal } from "./revision_tree.ts";
import type { Transport } from "./transport.ts";

/** Where something is fetched from, and into what. */
export interface Fetch {
  readonly remote: Remote;
  /** The remote, for messages. */
  readonly place: string;
  readonly transport: Transport;
  readonly clone: Clone;
  readonly call: GitCall;
  /** Runs commands in the clone that talk to nobody. */
  readonly run: RunLocal;
}

/** A commit or a tag to fetch. */
export interface WantedObject {
  readonly hash: string;
  readonly fullName?: string;
}

const FETCH = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"] as const;
const ARRIVED = "refs/arrived";

/** Whether a clone holds a commit or a tag that was fetched. */
export async function holdsObject({ run }: Pick<Fetch, "run">, hash: string): Promise<boolean> {
  return (await run(["for-each-ref", "--count=1", `${FETCHED_REFS}${hash}`])).length > 0;
}

/** Fetches a commit or a tag without files, unless the clone holds it. */
export async function fetchObject(fetch: Fetch, { fullName, hash }: WantedObject): Promise<void> {
  const { place, run } = fetch;
  if (await holdsObject(fetch, hash)) return;
  const kept = `${FETCHED_REFS}${hash}`;
  const flags = ["--depth=1", "--filter=blob:none", "origin"];
  try {
    await ask(fetch, [...FETCH, ...flags, `+${hash}:${kept}`]);
  } catch (error) {
    // A server that gives nothing by its hash: take what the name points to, if that is still it.
    if (!isRefused(error) || fullName === undefined) throw error;
    await ask(fetch, [...FETCH, ...flags, `+${fullName}:${ARRIVED}`]);
    const found = decoded(await run(["rev-parse", ARRIVED, `${ARRIVED}^{}`]));
    const [tip = "", got = ""] = found.trim().split("\n");
    if (tip !== hash && got !== hash) {
      const message = `Cannot fetch ${hash} of ${place}: ${fullName} moved on to ${got} meanwhile`;
      throw new GitError("moved", message);
    }
    await run(["update-ref", kept, hash]);
  }
}

/**
 * A tag can name anything.
 *
 * @throws {GitError} `no_ref` when what was fetched is no commit
 */
export async function checkCommit(
  { place, run }: Pick<Fetch, "place" | "run">,
  { commit, name }: ResolvedRef,
): Promise<void> {
  const type = decoded(await run(["cat-file", "-t", commit])).trim();
  if (type === "commit") return;
  const what = type === "blob"
    ? "a file (blob)"
    : type === "tree"
    ? "a folder (tree)"
    : `a ${type}`;
  const message = `Cannot follow ${name} of ${place}: it names ${what}, not a commit; ` +
    "follow one that names a commit";
  throw new GitError("no_ref", message);
}

/** Fetches contents that a clone does not hold. */
export async function fetchContents(
  fetch: Fetch,
  { found, resolved }: { readonly found: RevisionTree; readonly resolved: ResolvedRef },
): Promise<void> {
  const { place, run } = fetch;
  const stdin = `${found.missing.join("\n")}\n`;
  const args = [...FETCH, "--filter=blob:none", "--stdin", "origin"];
  const config = [["fetch.negotiationAlgorithm", "noop"]] as const;
  try {
    await ask(fetch, args, { stdin, config });
  } catch (error) {
    // A server of before protocol 2, or an sshd that does not pass the version on, gives no single contents.
    if (!isRefused(error)) throw error;
    const from = resolved.fullName ?? resolved.commit;
    const flags = ["--refetch", "--no-filter", "--depth=1", "origin", `+${from}:${ARRIVED}`];
    await ask(fetch, [...FETCH, ...flags]);
    const still = await missingContents(run, found.searched);
    if (!found.missing.some((blob) => still.has(blob))) return;
    const message =
      `Cannot fetch the files of ${resolved.commit} of ${place}: ${resolved.name} moved`;
    throw new GitError("moved", message, { cause: error });
  }
}

async function ask(
  { call, clone, remote, transport }: Fetch,
  args: readonly string[],
  more: {
    readonly stdin?: string;
    readonly config?: readonly (readonly [string, string])[];
  } = {},
): Promise<void> {
  await transport.fetch(remote, { clone, call, command: { ...more, args: () => args } });
}

function isRefused(error: unknown): boolean {
  return error instanceof GitError && error.kind === "no_ref";
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
