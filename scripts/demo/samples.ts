import { RESOURCES } from "#api";
import { isPlainObject } from "#base";
import { type Document, isScalar, parseAllDocuments } from "yaml";

/** A file for the demo's repository. */
export interface SampleFile {
  readonly name: string;
  readonly text: string;
}

/** An edit that a person could make: one function gets more pods, another one goes. */
export interface SampleChange {
  /** The file after the edit. */
  readonly edited: SampleFile;
  /** Name of the file to remove. */
  readonly removed: string;
  readonly scaled: {
    /** Name of the resource that the mesh's item becomes. */
    readonly name: string;
    readonly from: number;
    readonly to: number;
  };
}

/** The YAML files of a folder, sorted by name. */
export async function readSamples(folder: URL): Promise<SampleFile[]> {
  const files: SampleFile[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !/\.ya?ml$/.test(name)) continue;
    files.push({ name, text: await Deno.readTextFile(new URL(name, folder)) });
  }
  return files.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Whether a file holds resources of ours, and not only what they need (namespaces, configuration). */
export function holdsMesh({ text }: SampleFile): boolean {
  return parseAllDocuments(text).some((document) =>
    RESOURCES.some(({ kind }) => kind === document.get("kind"))
  );
}

/**
 * What to change in the samples: the first function of a mesh that scales by hand gets twice its pods, the first
 * function outside a mesh that scales by hand goes.
 *
 * @throws {Error} when the samples hold no such functions
 */
export function sampleChange(files: readonly SampleFile[]): SampleChange {
  const [scaled] = files.flatMap((file) =>
    parseAllDocuments(file.text).flatMap((document) => scaling(file, document))
  );
  const removed = files.find(({ text }) => {
    const [document, ...others] = parseAllDocuments(text);
    return others.length === 0 && document?.get("kind") === "Function" &&
      !document.hasIn(["spec", "maxReplicas"]);
  });
  if (scaled === undefined || removed === undefined) {
    throw new Error(
      "Cannot change the sample meshes: they need a FunctionMesh with a function that has replicas " +
        "and no maxReplicas, and a Function without maxReplicas in a file of its own",
    );
  }
  return { ...scaled, removed: removed.name };
}

/** Twice the replicas, in the text itself: the rest of the file stays as its author wrote it. */
function scaling(file: SampleFile, document: Document): Omit<SampleChange, "removed">[] {
  if (document.get("kind") !== "FunctionMesh") return [];
  const content: unknown = document.toJS();
  const spec = isPlainObject(content) ? content["spec"] : undefined;
  const functions = isPlainObject(spec) ? spec["functions"] : undefined;
  return (Array.isArray(functions) ? functions : []).flatMap((item: unknown, index) => {
    const node = document.getIn(["spec", "functions", index, "replicas"], true);
    if (!isPlainObject(item) || "maxReplicas" in item || !isScalar(node)) return [];
    const from = Number(node.value);
    const [start, end] = node.range ?? [];
    if (!(from > 0) || start === undefined || end === undefined) return [];
    const to = from * 2;
    const text = file.text.slice(0, start) + String(to) + file.text.slice(end);
    const name = `${document.getIn(["metadata", "name"])}-${item["name"]}`;
    return [{ edited: { name: file.name, text }, scaled: { name, from, to } }];
  });
}
