import { type Document, isMap, isScalar, parseAllDocuments, parseDocument } from "yaml";
import { FAIL } from "../control_plane.ts";
import type { SampleFile } from "./samples.ts";

/** An edit that a person could make, with a mistake in it that only running pods show. */
export interface SickChange {
  /** Name of the file. */
  readonly file: string;
  /** The function that it holds. */
  readonly component: string;
  /** The edit with the mistake. */
  readonly sick: string;
  /** The edit without it. */
  readonly mended: string;
  /** What the edit is about: how far the function may scale. */
  readonly from: number;
  readonly to: number;
}

/** How pods with the mistake look. */
const REASON = "CrashLoopBackOff";

/**
 * The first function that scales by itself and has a file of its own may scale twice as far, and its pods crash.
 *
 * @throws {Error} when the samples hold no such function
 */
export function sickChange(files: readonly SampleFile[]): SickChange {
  const [change] = files.flatMap(changesOf);
  if (change === undefined) {
    throw new Error(
      "Cannot make a sample function sick: they need a Function with maxReplicas in a file of its own",
    );
  }
  return change;
}

function changesOf({ name, text }: SampleFile): SickChange[] {
  const [document, ...others] = parseAllDocuments(text);
  if (document === undefined || others.length > 0 || document.get("kind") !== "Function") return [];
  const node = document.getIn(["spec", "maxReplicas"], true);
  const [start, end] = isScalar(node) ? node.range ?? [] : [];
  if (!isScalar(node) || start === undefined) return [];
  const from = Number(node.value);
  const to = from * 2;
  const mended = text.slice(0, start) + String(to) + text.slice(end);
  const sick = withEntry(mended, ["spec", "pod", "annotations"], `${FAIL}: ${REASON}`);
  const component = String(document.getIn(["metadata", "name"]));
  return [{ file: name, component, sick, mended, from, to }];
}

/** A text with one more entry in a mapping, which is made where it is not there: the rest stays as its author wrote it. */
function withEntry(text: string, path: readonly string[], entry: string): string {
  const { missing, start } = deepest(parseDocument(text), path);
  const column = start - (text.lastIndexOf("\n", start - 1) + 1);
  const lines = [...missing.map((key) => `${key}:`), entry]
    .map((line, depth) => "  ".repeat(depth) + line);
  const inserted = lines.map((line) => `${line}\n${" ".repeat(column)}`);
  return text.slice(0, start) + inserted.join("") + text.slice(start);
}

/** Where the innermost mapping of a path that is there begins, and the keys below it. */
function deepest(
  document: Document,
  path: readonly string[],
): { readonly start: number; readonly missing: readonly string[] } {
  let node: unknown = document.contents;
  let depth = 0;
  while (depth < path.length && isMap(node)) {
    const child = node.get(path[depth], true);
    if (!isMap(child)) break;
    node = child;
    depth++;
  }
  // The first key, not the comment above it.
  const [first] = isMap(node) ? node.items : [];
  const [start] = isScalar(first?.key) ? first.key.range ?? [] : [];
  if (start === undefined) throw new Error("Cannot edit a mapping without keys");
  return { start, missing: path.slice(depth) };
}
