import {
  type ManifestFile,
  type ManifestProblem,
  manifestProblemText,
  readManifests,
} from "#gitops";
import { UsageError } from "./flag.ts";
import { outputFlag } from "./flags.ts";
import type { Verb } from "./verb.ts";

/** `meshwright validate` */
export const validateVerb: Verb = {
  name: "validate",
  summary: "Check manifests without a cluster",
  words: "PATH...",
  description: [
    "Reads files, and folders with all that is below them: *.yaml, *.yml and *.json.",
    "Each problem is a line `file:line: Kind/name field.path: what is wrong, and what to do`.",
    "Warnings go to standard error and do not count. Exit code 1 when there is a problem.",
  ],
  flags: [outputFlag(["text", "json"])],
  async run({ flags, words, output }) {
    if (words.length === 0) throw new UsageError("Name what to check: meshwright validate PATH...");
    const files = (await Promise.all(words.map(filesAt))).flat();
    const { documents, problems, warnings } = readManifests(files);
    if (flags.text("output") === "json") {
      output.out(JSON.stringify({ objects: documents.length, problems, warnings }));
    } else {
      problems.forEach((problem) => output.out(manifestProblemText(problem)));
      warnings.forEach((warning) => output.note(`warning: ${manifestProblemText(warning)}`));
      output.note(summary(files, { objects: documents.length, problems }));
    }
    return problems.length === 0 ? 0 : 1;
  },
};

function summary(
  files: readonly ManifestFile[],
  { objects, problems }: {
    readonly objects: number;
    readonly problems: readonly ManifestProblem[];
  },
): string {
  return `${counted(files.length, "file")}, ${counted(objects, "object")}, ${
    counted(problems.length, "problem")
  }`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The manifests at a path: the file itself whatever its name, or what a folder holds. */
export async function filesAt(path: string): Promise<ManifestFile[]> {
  if (!await isFolder(path)) {
    const name = /\.(ya?ml|json)$/i.test(path) ? path : `${path}.yaml`;
    return [{ path: name, text: await Deno.readTextFile(path) }];
  }
  const files: ManifestFile[] = [];
  for await (const entry of Deno.readDir(path)) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const below = `${path.replace(/\/$/, "")}/${entry.name}`;
    if (entry.isDirectory) files.push(...await filesAt(below));
    else if (/\.(ya?ml|json)$/i.test(entry.name)) {
      files.push({ path: below, text: await Deno.readTextFile(below) });
    }
  }
  return files;
}

/** Whether a path leads to a folder. @throws {UsageError} when it leads nowhere */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${String(error)}`, { cause: error });
  }
}
