import type { GitCall } from "./call.ts";
import { Clone, formatOf } from "./clone.ts";
import { isGitAbort } from "./command.ts";
import { GitError } from "./git_error.ts";
import { placeText, type Remote } from "./remote.ts";
import type { Transport } from "./transport.ts";

/** Two commits of a remote. */
export interface AncestryQuestion extends GitCall {
  readonly remote: Remote;
  readonly commit: string;
  readonly ancestor: string;
  readonly transport: Transport;
  /** A commit as Git keeps it. */
  raw(commit: string): Promise<Uint8Array>;
}

/** Commits that are looked through, counted from the newer one in one line of descent. */
const DEPTH = 250;
const TIMEOUT_MS = 20_000;
const COMMITS_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Whether a commit has another one among its ancestors; undefined when that cannot be told.
 *
 * The cache knows no ancestry, as it is one commit deep. Asked is the remote: it sends the commits (nothing else) that
 * somebody who has the ancestor lacks. If the one descends from the other, these lead to it, and if not, they cannot.
 *
 * # Guarantees
 * A bounded time, and {@linkcode DEPTH} commits of one line at most: where these do not decide, there is no answer.
 */
export async function descends(question: AncestryQuestion): Promise<boolean | undefined> {
  const { commit, ancestor } = question;
  if (commit === ancestor) return true;
  // A repository has hashes of one kind: the remote was made anew.
  if (formatOf(commit) !== formatOf(ancestor)) return false;
  const there = await leads(question, { from: commit, to: ancestor });
  if (there !== undefined) return there;
  // Who has a commit lacks none of its ancestors, so a branch that went back to one sends nothing.
  const isRewound = await leads(question, { from: ancestor, to: commit });
  return isRewound === true ? false : undefined;
}

interface Way {
  readonly from: string;
  readonly to: string;
}

async function leads(question: AncestryQuestion, way: Way): Promise<boolean | undefined> {
  const { remote, signal, transport } = question;
  const { home } = transport;
  const directory = await Deno.makeTempDir({ dir: home, prefix: "access-history-" });
  const call = transport.localCall(`Cannot read the history of ${placeText(remote)}`, question);
  const access = transport.local;
  try {
    const clone = await Clone.create(directory, { format: formatOf(way.to), home, access, call });
    const run = (args: readonly string[], stdin?: Uint8Array) =>
      clone.run({
        ...{ ...call, access, args, outputBytesMax: COMMITS_BYTES_MAX },
        ...(stdin === undefined ? {} : { stdin }),
      });
    // As somebody has it who has all of its history.
    await run(["hash-object", "-t", "commit", "-w", "--stdin"], await question.raw(way.to));
    await run(["update-ref", "refs/to", way.to]);
    const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", `--depth=${DEPTH}`];
    const args = ["fetch", ...flags, "--filter=tree:0", "origin", `+${way.from}:refs/from`];
    const timeoutMs = Math.min(TIMEOUT_MS, question.timeoutMs ?? TIMEOUT_MS);
    const { share = "" } = question;
    const bounded = signal === undefined ? { share, timeoutMs } : { share, timeoutMs, signal };
    await transport.fetch(remote, { clone, call: bounded, command: { args: () => args } });
    const listed = await run(["cat-file", "--batch-all-objects", "--batch"]);
    return isReached(way, parentsOf(listed), await cutOff(directory));
  } catch (error) {
    if (!(error instanceof GitError) || isGitAbort(error, signal)) throw error;
    return undefined;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The commits whose parents were left out for their depth. */
async function cutOff(directory: string): Promise<ReadonlySet<string>> {
  try {
    return new Set((await Deno.readTextFile(`${directory}/shallow`)).split("\n"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Set();
    throw error;
  }
}

/** The parents of each commit in an answer of `git cat-file --batch`. */
function parentsOf(output: Uint8Array): Map<string, readonly string[]> {
  const parents = new Map<string, readonly string[]>();
  const decoder = new TextDecoder("latin1");
  for (let at = 0; at < output.length;) {
    const lineEnd = output.indexOf(10, at);
    const [hash = "", type = "", size = "0"] = decoder.decode(output.subarray(at, lineEnd))
      .split(" ");
    const start = lineEnd + 1;
    const end = start + Number(size);
    if (type === "commit") {
      const [header = ""] = decoder.decode(output.subarray(start, end)).split("\n\n");
      parents.set(hash, [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, one = ""]) => one));
    }
    at = end + 1;
  }
  return parents;
}

function isReached(
  { from, to }: Way,
  parents: ReadonlyMap<string, readonly string[]>,
  cut: ReadonlySet<string>,
): boolean | undefined {
  const seen = new Set<string>();
  const ahead = [from];
  let isCut = false;
  for (let commit = ahead.pop(); commit !== undefined; commit = ahead.pop()) {
    if (seen.has(commit)) continue;
    seen.add(commit);
    const own = parents.get(commit) ?? [];
    if (own.includes(to)) return true;
    if (cut.has(commit)) isCut = true;
    else ahead.push(...own);
  }
  return isCut || !parents.has(from) ? undefined : false;
}
