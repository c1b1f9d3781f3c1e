import { isMeshKind, problems as meshProblems, storable, warnings as meshWarnings } from "#api";
import { groupOf, idText, isPlainObject, keyOf, type KubeObject } from "#base";
import { type FileEdit, type ParsedFile, type YamlDocument, yamlDocuments } from "./decode.ts";
import { type Manifest, type ManifestFile, type ManifestProblem, problemOf } from "./manifest.ts";
import { decryptFile, isSopsText, type SopsKey, sopsKey } from "./sops.ts";
import { secretValues, substituteVariables, type Variables, withoutValues } from "./variables.ts";

/** What files hold. */
export interface ReadManifests {
  readonly documents: readonly Manifest[];
  /** What keeps them from being applied, by file and line. */
  readonly problems: readonly ManifestProblem[];
  /** What is worth saying and harmless, e.g. a field that nobody knows. */
  readonly warnings: readonly ManifestProblem[];
}

/** What to do with values before they are taken. */
export interface ReadOptions {
  /** What `${NAME}` stands for; nothing is replaced when left out. */
  readonly variables?: Variables;
  /** Data keys of encrypted files, by path. */
  readonly sopsKeys?: ReadonlyMap<string, SopsKey>;
}

/**
 * The objects in files, with all that is wrong with them. All of the files are read, whatever they are called; lists are taken
 * apart; every kind is checked for what all objects need, ours for all rules.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { manifestProblemText, readManifests } from "#gitops";
 * const text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {debug: on}\n";
 * assertEquals(readManifests([{ path: "a.yaml", text }]).problems.map(manifestProblemText), [
 *   "a.yaml:3: ConfigMap/ metadata.name: is missing; give the object a name",
 *   'a.yaml:4: ConfigMap/ metadata.labels["debug"]: must be a text, but is true; put it in quotes',
 * ]);
 * ```
 */
export function readManifests(
  files: readonly ManifestFile[],
  options: ReadOptions = {},
): ReadManifests {
  const read = [...files].sort((a, b) => a.path < b.path ? -1 : 1)
    .map((file) => readFile(file, options));
  const documents = read.flatMap((file) => file.documents);
  const problems = [
    ...read.flatMap((file) => file.problems),
    ...documents.flatMap(documentProblems),
    ...duplicateProblems(documents),
  ];
  const warnings = documents.filter(isMesh).flatMap((manifest) =>
    meshWarnings(manifest.object).map(({ path, message }) => problemOf(manifest, message, path))
  );
  return {
    // An API server would refuse in an apply what it drops otherwise.
    documents: documents.map((manifest) => ({ ...manifest, object: storable(manifest.object) })),
    problems: sorted(problems),
    warnings: sorted(warnings),
  };
}

/** What a reader of files needs from a cluster: values for `${NAME}`, and keys for what SOPS encrypted. */
export interface ReadInputs {
  /** Absent when none are declared, so that nothing is replaced. */
  readonly variables?: Variables;
  /** age identities; absent when encrypted files are not to be read. */
  readonly identities?: readonly string[];
}

/** Reads files with the variables and keys that were found for a MeshSync. */
export async function manifestsWith(
  inputs: ReadInputs,
  files: readonly ManifestFile[],
): Promise<ReadManifests> {
  const { identities, variables } = inputs;
  return readManifests(files, {
    ...(variables === undefined ? {} : { variables }),
    sopsKeys: await sopsKeys(files, identities),
  });
}

/** The data keys of encrypted files; none where no key is named, so that such files are refused. */
async function sopsKeys(
  files: readonly ManifestFile[],
  identities: ReadInputs["identities"],
): Promise<Map<string, SopsKey>> {
  const keys = new Map<string, SopsKey>();
  if (identities === undefined) return keys;
  for (const { path, text } of files.filter((file) => isSopsText(file.text))) {
    const key = await sopsKey(text, identities);
    if (key !== undefined) keys.set(path, key);
  }
  return keys;
}

/**
 * A problem for each object that is there a second time, naming both places.
 *
 * @param manifests objects with their final namespaces
 */
export function duplicateProblems(manifests: readonly Manifest[]): ManifestProblem[] {
  const first = new Map<string, Manifest>();
  const problems: ManifestProblem[] = [];
  for (const manifest of manifests) {
    const { object } = manifest;
    const id = `${groupOf(object.apiVersion)} ${idText({ kind: object.kind, ...keyOf(object) })}`;
    const other = first.get(id);
    if (other === undefined) first.set(id, manifest);
    else {
      const message = `is given twice, first in ${other.file}:${other.line}; remove one of them`;
      problems.push(problemOf(manifest, message));
    }
  }
  return problems;
}

interface ReadFile {
  readonly documents: readonly Manifest[];
  readonly problems: readonly ManifestProblem[];
}

function readFile(file: ManifestFile, options: ReadOptions): ReadFile {
  if (file.text.startsWith("version https://git-lfs.github.com/spec/v1")) {
    const message =
      "is a Git LFS pointer, whose content is not fetched; store manifests in Git itself";
    return { documents: [], problems: [{ file: file.path, line: 1, message }] };
  }
  const { edit, secrets } = valueEdit(file.path, options);
  const { documents, problems } = yamlDocuments(file.text, edit);
  const split = documents.flatMap((document) => objectsOf(file, document));
  return {
    documents: split.filter((item): item is Manifest => "object" in item)
      .map((manifest) => secrets.length === 0 ? manifest : { ...manifest, secrets }),
    problems: [
      ...problems.map(({ line, message }) => ({
        file: file.path,
        line,
        message: withoutValues(message, secrets),
      })),
      ...split.filter((item): item is ManifestProblem => !("object" in item)),
    ],
  };
}

/** Decrypts first; what was encrypted holds no variables. Afterwards `secrets` holds what no message may repeat. */
function valueEdit(
  path: string,
  { sopsKeys, variables }: ReadOptions,
): { readonly edit: FileEdit; readonly secrets: readonly string[] } {
  const secrets = variables === undefined ? [] : secretValues(variables);
  const edit = (file: ParsedFile) => {
    const key = sopsKeys?.get(path);
    if (key !== undefined && "message" in key) return [{ line: 1, message: key.message }];
    const opened = key === undefined ? undefined : decryptFile(file, key.dataKey);
    secrets.push(...opened?.secrets ?? []);
    if (opened !== undefined && opened.problems.length > 0) return opened.problems;
    if (variables === undefined) return [];
    return substituteVariables(file, variables, opened?.sealed ?? new Set());
  };
  return { edit, secrets };
}

/** The object of a document, or the objects of a list; a problem where it is none. */
function objectsOf(
  file: ManifestFile,
  document: YamlDocument,
): readonly (Manifest | ManifestProblem)[] {
  const { value } = document;
  const at = { file: file.path, line: document.line };
  if (!isPlainObject(value)) {
    return [{ ...at, message: "is no object; write apiVersion, kind and metadata" }];
  }
  const isHeadless = value["apiVersion"] === undefined && value["kind"] === undefined;
  // package.json, tsconfig.json and their like are no manifests that went wrong.
  if (isHeadless && /\.json$/i.test(file.path)) return [];
  const items = value["items"];
  const kind = value["kind"];
  if (typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)) {
    return items.map((item, index) => {
      const base = `items[${index}]`;
      const line = document.lineOf(base);
      return isPlainObject(item)
        ? manifestOf(item, {
          file: file.path,
          line,
          lineOf: (path) => document.lineOf(`${base}.${path}`),
        })
        : { ...at, line, message: "an item of the list is no object" };
    });
  }
  return [manifestOf(value, { ...at, lineOf: document.lineOf })];
}

function manifestOf(
  value: Record<string, unknown>,
  place: Omit<Manifest, "object">,
): Manifest | ManifestProblem {
  const { apiVersion, kind, metadata } = value;
  const missing = (["apiVersion", "kind"] as const).filter((name) =>
    typeof value[name] !== "string" || value[name] === ""
  );
  const at = { file: place.file, line: place.line };
  if (missing.length > 0) {
    return { ...at, message: `is no Kubernetes object: ${missing.join(" and ")} missing` };
  }
  if (!isPlainObject(metadata)) {
    return { ...at, kind: String(kind), name: "", path: "metadata", message: "is missing" };
  }
  const name = typeof metadata["name"] === "string" ? metadata["name"] : "";
  const object = { ...value, apiVersion, kind, metadata: { ...metadata, name } } as KubeObject;
  return { ...place, object };
}

function documentProblems(manifest: Manifest): ManifestProblem[] {
  const { object } = manifest;
  const unread = unreadable(object);
  if (unread !== undefined) return [problemOf(manifest, unread)];
  const general = metadataProblems(manifest);
  if (!isMesh(manifest) || general.length > 0) return general;
  return meshProblems(object).map(({ path, message }) => problemOf(manifest, message, path));
}

/** Objects that only another program can make sense of. */
function unreadable(object: KubeObject): string | undefined {
  if (groupOf(object.apiVersion) === "kustomize.config.k8s.io") {
    return "overlays of kustomize are not built here; commit the result of `kustomize build`";
  }
  if (isPlainObject(object["sops"])) {
    return "is encrypted with SOPS; name the Secret with its age key in spec.decryption.secretRef";
  }
  return undefined;
}

function metadataProblems(manifest: Manifest): ManifestProblem[] {
  const metadata: Readonly<Record<string, unknown>> = { ...manifest.object.metadata };
  const problems: ManifestProblem[] = [];
  if (metadata["name"] === "") {
    const message = metadata["generateName"] === undefined
      ? "is missing; give the object a name"
      : "is missing: generateName makes a new object each time; give a name";
    problems.push(problemOf(manifest, message, "metadata.name"));
  }
  const { namespace } = metadata;
  if (namespace !== undefined && typeof namespace !== "string") {
    problems.push(problemOf(manifest, textExpected(namespace), "metadata.namespace"));
  }
  for (const member of ["labels", "annotations"]) {
    const map = metadata[member];
    if (map === undefined || map === null) continue;
    if (!isPlainObject(map)) {
      problems.push(problemOf(manifest, "must hold names and texts", `metadata.${member}`));
      continue;
    }
    for (const [name, value] of Object.entries(map)) {
      if (typeof value === "string") continue;
      problems.push(problemOf(manifest, textExpected(value), `metadata.${member}["${name}"]`));
    }
  }
  return problems;
}

function textExpected(value: unknown): string {
  const isScalar = typeof value === "boolean" || typeof value === "number";
  const shown = isScalar ? `, but is ${value}; put it in quotes` : "";
  return `must be a text${shown}`;
}

function isMesh(manifest: Manifest): boolean {
  return isMeshKind(manifest.object);
}

function sorted(problems: readonly ManifestProblem[]): ManifestProblem[] {
  return [...problems].sort((a, b) =>
    a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1
  );
}
