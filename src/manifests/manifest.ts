import { type KubeObject, withoutValues } from "#base";

/** A file of a revision, or of a folder on disk. */
export interface ManifestFile {
  readonly path: string;
  readonly text: string;
}

/** The document of an object in its file, for who looks for lines in it later. */
export interface ManifestOrigin {
  /** Where its text begins in the file, and how long it is. */
  readonly offset: number;
  readonly length: number;
  readonly isJson: boolean;
  /** The line of the document's first value. */
  readonly line: number;
  /** Where the object is in the document: empty, or ending with a dot. */
  readonly base: string;
}

/** An object with the place that says so. */
export interface Manifest {
  readonly object: KubeObject;
  readonly file: string;
  readonly line: number;
  /** Line of a field (`spec.functions[2].name`), or of the nearest one above it. */
  readonly lineOf: (path: string) => number;
  /** What a file has as the value of a field, where that is one word without quotes. */
  readonly sourceOf?: (path: string) => string | undefined;
  readonly origin?: ManifestOrigin;
  /** Values in it that no message may repeat. */
  readonly secrets?: readonly string[];
}

/** Something wrong in a file, with its place. */
export interface ManifestProblem {
  readonly file: string;
  /** Counted from 1; 0 for what is about a whole file or folder. */
  readonly line: number;
  readonly kind?: string;
  readonly name?: string;
  /** The field, where it is about one. */
  readonly path?: string;
  readonly message: string;
}

/**
 * A problem in one line: `file:line: Kind/name field.path: what is wrong`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { manifestProblemText } from "#manifests";
 * const problem = { file: "meshes/a.yaml", line: 7, kind: "Function", name: "a", path: "spec.java", message: "is missing" };
 * assertEquals(manifestProblemText(problem), "meshes/a.yaml:7: Function/a spec.java: is missing");
 * assertEquals(manifestProblemText({ file: "a.yaml", line: 1, message: "not valid YAML" }), "a.yaml:1: not valid YAML");
 * assertEquals(manifestProblemText({ file: "meshes", line: 0, message: "holds no manifests" }), "meshes: holds no manifests");
 * ```
 */
export function manifestProblemText(problem: ManifestProblem): string {
  const object = problem.kind === undefined ? "" : `${problem.kind}/${problem.name ?? ""}`;
  const subject = [object, problem.path ?? ""].filter((part) => part !== "").join(" ");
  const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}`;
  return `${place}: ${subject === "" ? "" : `${subject}: `}${problem.message}`;
}

/** A problem with an object that was read. */
export function problemOf(manifest: Manifest, message: string, path?: string): ManifestProblem {
  const secrets = manifest.secrets ?? [];
  const name: unknown = manifest.object.metadata.name;
  return {
    file: manifest.file,
    line: path === undefined ? manifest.line : manifest.lineOf(path),
    kind: withoutValues(String(manifest.object.kind), secrets),
    name: typeof name === "string" ? withoutValues(name, secrets) : "",
    ...(path === undefined ? {} : { path }),
    message: withoutValues(message, secrets),
  };
}
