import { isGitAbort, runGit } from "./command.ts";
import type { Access } from "./environment.ts";
import { GitError } from "./git_error.ts";
import { placeText, type Remote } from "./remote.ts";
import { configText, type Repository } from "./repository.ts";
import type { GitCall } from "./source.ts";

/** Two commits of a remote. */
export interface AncestryQuestion extends GitCall {
  readonly remote: Remote;
  readonly commit: string;
  readonly ancestor: string;
  /** The cache, which may hold them. */
  readonly of: Pick<Repository, "raw">;
  /** A folder that only this program uses. */
  readonly home: string;
  open(remote: Remote): Promise<Access>;
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
  const { home, open, remote, signal } = question;
  const directory = await Deno.makeTempDir({ dir: home, prefix: "access-history-" });
  try {
    await using access = await open(remote);
    const run = async (args: readonly string[], stdin?: string) =>
      await runGit({
        env: access.env,
        config: access.config,
        secrets: access.secrets,
        action: `Cannot read the history of ${placeText(remote)}`,
        args: [`--git-dir=${directory}`, ...args],
        directory: home,
        timeoutMs: Math.min(TIMEOUT_MS, question.timeoutMs ?? TIMEOUT_MS),
        outputBytesMax: COMMITS_BYTES_MAX,
        ...(stdin === undefined ? {} : { stdin }),
        ...(signal === undefined ? {} : { signal }),
      });
    await run(["init", "--quiet", "--bare", "--initial-branch=none", "--template="]);
    await Deno.writeTextFile(`${directory}/config`, configText(remote.url));
    await provide(question, { commit: way.to, run });
    const flags = [`--depth=${DEPTH}`, "--filter=tree:0", "origin"];
    await run([...FETCH, ...flags, `+${way.from}:refs/from`]);
    const listed = await run(["cat-file", "--batch-all-objects", "--batch"]);
    return isReached(way, parentsOf(listed), await cutOff(directory));
  } catch (error) {
    if (!(error instanceof GitError) || isGitAbort(error, signal)) throw error;
    return undefined;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const FETCH = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"] as const;

type Run = (args: readonly string[], stdin?: string) => Promise<Uint8Array>;

/** Puts a commit in place, as somebody has it who has all of its history. */
async function provide(
  { of, remote, ...call }: AncestryQuestion,
  { commit, run }: { readonly commit: string; readonly run: Run },
): Promise<void> {
  const raw = await of.raw(remote, commit, call);
  await run(["hash-object", "-t", "commit", "-w", "--stdin"], raw);
  // Fails for a commit that is no UTF-8: as a text it does not come back as it was.
  await run(["update-ref", "refs/to", commit]);
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
