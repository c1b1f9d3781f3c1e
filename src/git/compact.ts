import { GIT_BUDGETS } from "#base";
import { Clone, type CloneCommand } from "./clone.ts";

/** Below this stand the commits that syncs want kept: `<sync>/<commit>`. */
export const KEEP_REFS = "refs/meshwright/keep/";
/** Below this stand commits and tags that were fetched, which keeps them from being thought of as garbage. */
export const FETCHED_REFS = "refs/kept/";

const LIST_BYTES_MAX = GIT_BUDGETS.listBytes;

/** How a clone is made anew. */
export interface Compaction {
  readonly directory: string;
  /** Commits and tags that are still wanted, besides those that syncs keep. */
  readonly wanted: ReadonlySet<string>;
  readonly home: string;
  readonly access: CloneCommand["access"];
  readonly call: Pick<CloneCommand, "action" | "clock" | "signal" | "timeoutMs">;
}

/** A clone with what is still wanted of another one, in one pack: nobody is asked for anything again. */
export async function compactedClone(old: Clone, compaction: Compaction): Promise<Clone> {
  const { access, call, directory, home, wanted } = compaction;
  const run = (
    clone: Clone,
    args: readonly string[],
    stdin = "",
    outputBytesMax = LIST_BYTES_MAX,
  ) => clone.text({ ...call, access, args, stdin, outputBytesMax });
  const listedRefs = (await run(old, ["for-each-ref", "--format=%(objectname) %(refname)"])).split(
    "\n",
  )
    .map((line) => line.split(" "));
  const kept = new Set(
    listedRefs.filter(([_, name = ""]) => name.startsWith(KEEP_REFS))
      .map(([hash = ""]) => hash),
  );
  const refs = listedRefs.filter(([hash = "", name = ""]) =>
    name.startsWith(KEEP_REFS) ||
    (name.startsWith(FETCHED_REFS) && (wanted.has(hash) || kept.has(hash)))
  );
  const tips = [...new Set(refs.map(([hash = ""]) => hash))];
  const fresh = await Clone.create(directory, { format: old.format, home, access, call });
  if (tips.length > 0) {
    const listed = await run(old, [
      "rev-list",
      "--objects",
      "--no-object-names",
      "--missing=print",
      "--stdin",
    ], lines(tips));
    const present = listed.split("\n").filter((line) => line !== "" && !line.startsWith("?"));
    const pack = `${directory}/objects/pack/pack`;
    const packed = await run(old, ["pack-objects", "--quiet", pack], lines(present));
    // What it refers to and does not hold is at the remote.
    await Deno.writeTextFile(`${pack}-${packed.trim()}.promisor`, "");
    const shallow = (await shallowCommits(old)).filter((commit) => tips.includes(commit));
    if (shallow.length > 0) await Deno.writeTextFile(`${directory}/shallow`, lines(shallow));
    const updates = refs.map(([hash = "", name = ""]) => `create ${name} ${hash}`);
    await run(fresh, ["update-ref", "--stdin"], lines(updates));
  }
  await fresh.finish();
  return fresh;
}

/** The commits of a clone whose parents it does not hold. */
async function shallowCommits({ directory }: Clone): Promise<string[]> {
  try {
    return (await Deno.readTextFile(`${directory}/shallow`)).split("\n").filter((line) => line);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
