import { type MeshSync, resourceOf } from "#api";
import { errorText, idText, keyFromText, keyText, withoutValues } from "#base";
import { type Preview, previewed, secretsIn, syncManifests } from "#gitops";
import { manifestProblemText, manifestsOnce, type ReadManifests, selectedFiles } from "#manifests";
import type { PodRestart } from "#plan";
import { type ClusterSession, openSession, SESSION_FLAGS } from "./cluster_session.ts";
import { actionOf, restartText } from "./diff_changes.ts";
import { markdownChanges } from "./diff_markdown.ts";
import { changeDiff } from "./diff_text.ts";
import { restartsOf } from "./diff_restarts.ts";
import { UsageError } from "./flag.ts";
import { outputFlag, SETTINGS_FLAGS, text } from "./flags.ts";
import { folderTree } from "./folder_tree.ts";
import {
  distinctFiles,
  emptyProblems,
  type NamedFiles,
  namedFiles,
  namedFolder,
} from "./named_files.ts";
import type { Output } from "./output.ts";
import { backendNamesFrom, settingsFrom } from "./settings.ts";
import type { Invocation, Verb } from "./verb.ts";

/** Exit codes as those of `kubectl diff`. */
const EXIT = { same: 0, differs: 1, failed: 2 } as const;

/** `meshwright diff PATH...` */
export const diffVerb: Verb = {
  name: "diff",
  summary: "Show what applying manifests would change, and which pods restart",
  words: "PATH...",
  description: [
    "Asks the API server by dry runs; nothing is written. Values of Secrets are masked.",
    "With --sync the manifests are taken as that MeshSync would apply them, with its variables and the",
    "keys of its encrypted files (you must be allowed to read those), of a folder PATH the files that its",
    "include, exclude and .meshignore leave, what it would delete is shown too, and what it does not reach is an error",
    "(its status says as whom it acts: actsAs). markdown is for a comment on a pull request: what changes, which pods",
    "restart, the part of the graph that changes, and what becomes odd by it. Exit code 0: no difference,",
    "1: differences, 2: an error.",
  ],
  flags: [
    text("sync", "DIFF_SYNC", "", "NAME", "MeshSync whose folder PATH is: NAME or NAMESPACE/NAME"),
    ...SESSION_FLAGS,
    ...SETTINGS_FLAGS,
    outputFlag(["text", "json", "markdown"]),
  ],
  async run(invocation) {
    if (invocation.words.length === 0) throw new UsageError("Name what to compare: diff PATH...");
    try {
      return await compare(invocation);
    } catch (error) {
      if (error instanceof UsageError || invocation.signal.aborted) throw error;
      // 1 would say that there are differences.
      invocation.output.note(`meshwright diff: ${errorText(error)}`);
      return EXIT.failed;
    }
  },
};

async function compare(invocation: Invocation): Promise<number> {
  const { flags, output, signal, words } = invocation;
  await using session = await openSession({ flags, output });
  const sync = await syncFrom(flags.text("sync"), session, signal);
  const { documents, problems } = await readNamed(words, { ...session, signal, sync });
  const secrets = secretsIn(documents);
  const discreet: Output = {
    out: (line) => output.out(line),
    note: (line) => output.note(withoutValues(line, secrets)),
  };
  problems.forEach((problem) => discreet.note(manifestProblemText(problem)));
  if (problems.length > 0) return EXIT.failed;
  try {
    return await compareRead(documents, sync, { ...invocation, session, output: discreet });
  } catch (error) {
    if (error instanceof UsageError || signal.aborted) throw error;
    // Whatever somebody else answered, and whatever made words of it. Without a cause, which has them too.
    throw new Error(withoutValues(errorText(error), secrets));
  }
}

async function compareRead(
  documents: ReadManifests["documents"],
  sync: MeshSync | undefined,
  { flags, output, session, signal }: Invocation & { readonly session: ClusterSession },
): Promise<number> {
  const { cluster, namespace } = session;
  const named = sync === undefined ? {} : { sync };
  const previews = await previewed(documents, { cluster, namespace, signal, ...named });
  const settings = await settingsFrom(flags);
  const names = backendNamesFrom(flags);
  const restarts = await restartsOf(previews, { cluster, settings, names, signal });
  const format = flags.text("output");
  if (format === "markdown") {
    markdownChanges({ previews, restarts }).forEach((line) => output.out(line));
    const isChange = previews.some((preview) => changeDiff(preview).length > 0);
    return isChange ? EXIT.differs : EXIT.same;
  }
  const isDifferent = format === "json"
    ? printJson(previews, restarts, output)
    : printText(previews, restarts, output);
  return isDifferent ? EXIT.differs : EXIT.same;
}

/** Manifests as they are, or as a MeshSync reads them; with a problem for each path under which there are none. */
async function readNamed(
  words: readonly string[],
  { cluster, signal, sync }: Pick<ClusterSession, "cluster"> & {
    readonly signal: AbortSignal;
    readonly sync: MeshSync | undefined;
  },
): Promise<Pick<ReadManifests, "documents" | "problems">> {
  const named = sync === undefined ? await namedFiles(words) : await filesFor(sync, words);
  const files = distinctFiles(named);
  const read = sync === undefined
    ? await manifestsOnce({}, files)
    : await syncManifests(files, { acting: cluster, signal, sync });
  const problems = [
    ...named.flatMap((word) => word.problems),
    ...emptyProblems(named, read),
    ...read.problems,
  ];
  return { documents: read.documents, problems };
}

/** Of a folder the files that the patterns of a MeshSync and `.meshignore` leave. */
async function filesFor(sync: MeshSync, words: readonly string[]): Promise<NamedFiles[]> {
  const named = await Promise.all(words.map(async (word) => {
    const folder = await namedFolder(word);
    if (folder === undefined) return await namedFiles([word]);
    const { files, problems } = await selectedFiles(await folderTree(folder), sync.spec);
    return [{ word, isFolder: true, files, problems }];
  }));
  return named.flat();
}

async function syncFrom(
  name: string,
  { cluster, namespace }: ClusterSession,
  signal: AbortSignal,
): Promise<MeshSync | undefined> {
  if (name === "") return undefined;
  const key = name.includes("/") ? keyFromText(name) : { namespace, name };
  const sync = await cluster.get(resourceOf("MeshSync"), key, signal);
  if (sync === undefined) {
    throw new Error(`Cannot find MeshSync ${keyText(key)}: it does not exist`);
  }
  return sync as MeshSync;
}

function printText(
  previews: readonly Preview[],
  restarts: readonly PodRestart[],
  output: Output,
): boolean {
  let isDifferent = false;
  for (const preview of previews) {
    if (preview.note !== undefined) output.note(`${idText(preview.id)}: ${preview.note}`);
    const lines = changeDiff(preview);
    isDifferent ||= lines.length > 0;
    lines.forEach((line) => output.out(line));
  }
  restarts.forEach((restart) => output.out(`restarts ${restartText(restart)}`));
  if (isDifferent && restarts.length === 0) output.out("restarts no pods");
  return isDifferent;
}

function printJson(
  previews: readonly Preview[],
  restarts: readonly PodRestart[],
  output: Output,
): boolean {
  const changes = previews.flatMap((preview) => {
    const diff = changeDiff(preview);
    const { id, note } = preview;
    if (diff.length === 0) return [];
    return [{ object: id, action: actionOf(preview), diff: diff.join("\n"), note }];
  });
  output.out(JSON.stringify({ changes, restarts }));
  return changes.length > 0;
}
