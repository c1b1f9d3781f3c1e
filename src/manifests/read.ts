import { allFindings, type Findings, isMeshKind, storable } from "#api";
import {
  groupOf,
  isPlainObject,
  type KubeObject,
  MANIFEST_BUDGETS,
  secretTexts,
  withoutValues,
} from "#base";
import { type FileEdit, type ParsedFile, type YamlDocument, yamlDocuments } from "./decode.ts";
import { duplicateProblems } from "./duplicates.ts";
import { fileSizeMessage } from "./files.ts";
import { foreignText, OVERLAY, OVERLAY_GROUP, templateProblem, untypedText } from "./foreign.ts";
import { exportWarnings } from "./left_alone.ts";
import {
  type Manifest,
  type ManifestFile,
  type ManifestOrigin,
  type ManifestProblem,
  problemOf,
} from "./manifest.ts";
import { emptyKeyWarnings, generalProblems } from "./object_rules.ts";
import { secretNameProblems } from "./secret_names.ts";
import { decryptFile, type SopsKey, sopsKeys } from "./sops.ts";
import {
  type GrowthBudget,
  secretValues,
  substituteVariables,
  type Variables,
} from "./variables.ts";

/** What files hold. */
export interface ReadManifests {
  readonly documents: readonly Manifest[];
  /** What keeps them from being applied, by file and line. */
  readonly problems: readonly ManifestProblem[];
  /** What is worth saying and harmless, e.g. a field that nobody knows. */
  readonly warnings: readonly ManifestProblem[];
  /** Values in all of them: scalars, lists and maps; absent where reading did not come to its end. */
  readonly nodes?: number;
}

/** What to do with values before they are taken. */
export interface ReadOptions {
  /** What `${NAME}` stands for; nothing is replaced when left out. */
  readonly variables?: Variables;
  /** Data keys of encrypted files, by path. */
  readonly sopsKeys?: ReadonlyMap<string, SopsKey>;
  readonly onStep?: OnFileStep;
}

/** Called between two pieces of work with the file that is read, so that somebody can end it: by an error. */
export type OnFileStep = (file: string) => void;

/**
 * The objects in files, with all that is wrong with them. All of the files are read, whatever they are called; lists are taken
 * apart; every kind is checked for what all objects need, ours for all rules. What is over a budget of `MANIFEST_BUDGETS` is
 * a problem.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { manifestProblemText, readManifests } from "#manifests";
 * const text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {debug: on}\n";
 * assertEquals(readManifests([{ path: "a.yaml", text }]).problems.map(manifestProblemText), [
 *   "a.yaml:3: ConfigMap/ metadata.name: is missing; give the object a name",
 *   'a.yaml:4: ConfigMap/ metadata.labels["debug"]: must be text, but is on; put it in quotes',
 * ]);
 * ```
 */
export function readManifests(
  files: readonly ManifestFile[],
  options: ReadOptions = {},
): ReadManifests {
  const read = readFiles([...files].sort((a, b) => a.path < b.path ? -1 : 1), options);
  const { documents } = read;
  const step = (manifest: Manifest) => options.onStep?.(manifest.file);
  const findings = documents.map((manifest) => {
    step(manifest);
    return documentFindings(manifest);
  });
  const problems = [
    ...read.problems,
    ...findings.flatMap((found) => found.problems),
    ...duplicateProblems(documents),
  ];
  const warnings = findings.flatMap((found) => found.warnings);
  return {
    // An API server would refuse in an apply what it drops otherwise.
    documents: documents.map((manifest) => {
      step(manifest);
      return { ...manifest, object: storable(named(manifest.object)) };
    }),
    problems: sorted(problems).slice(0, MANIFEST_BUDGETS.problems),
    warnings: sorted(warnings).slice(0, MANIFEST_BUDGETS.problems),
    nodes: read.nodes,
  };
}

/** With a text for a name, as those who take objects expect it: what is none was a problem. */
function named(object: KubeObject): KubeObject {
  if (typeof object.metadata.name === "string") return object;
  return { ...object, metadata: { ...object.metadata, name: "" } };
}

/** What a reader of files needs from a cluster: values for `${NAME}`, and keys for what SOPS encrypted. */
export interface ReadInputs {
  /** Absent when none are declared, so that nothing is replaced. */
  readonly variables?: Variables;
  /** age identities; absent when encrypted files are not to be read. */
  readonly identities?: readonly string[];
}

/** For whom files are read, and how. */
export interface ReadingCall {
  readonly signal?: AbortSignal;
  /** Whose share of the time it takes: a namespace. */
  readonly share?: string;
  /** Names the content, for who remembers how long reading it took. */
  readonly key?: string;
  readonly onStep?: OnFileStep;
}

/** Reads files with the variables and keys that were found for a MeshSync. */
export async function manifestsWith(
  inputs: ReadInputs,
  files: readonly ManifestFile[],
  { onStep }: ReadingCall = {},
): Promise<ReadManifests> {
  const { identities, variables } = inputs;
  return readManifests(files, {
    ...(variables === undefined ? {} : { variables }),
    sopsKeys: await sopsKeys(files, identities, onStep),
    ...(onStep === undefined ? {} : { onStep }),
  });
}

type ReadFile = Required<Omit<ReadManifests, "warnings">>;

/** One file after the other, until there is too much. */
function readFiles(files: readonly ManifestFile[], options: ReadOptions): ReadFile {
  const budget: GrowthBudget = { charsLeft: MANIFEST_BUDGETS.substitutedChars };
  const documents: Manifest[] = [];
  const problems: ManifestProblem[] = [];
  let [bytes, nodes] = [0, 0];
  for (const file of files) {
    options.onStep?.(file.path);
    bytes += byteLength(file.text);
    const over = overBudget({ bytes, nodes, objects: documents.length });
    if (over !== undefined) {
      problems.push({ file: file.path, line: 1, message: over });
      break;
    }
    const read = readFile(file, options, budget);
    nodes += read.nodes;
    documents.push(...read.documents);
    problems.push(...read.problems);
  }
  return { documents, problems, nodes };
}

/** What is too much up to here, and how much there may be. */
function overBudget(
  sum: { readonly bytes: number; readonly nodes: number; readonly objects: number },
): string | undefined {
  const { objects, revisionBytes, revisionNodes } = MANIFEST_BUDGETS;
  const checks: readonly (readonly [number, number, string])[] = [
    [sum.bytes, revisionBytes, "bytes"],
    [sum.nodes, revisionNodes, "values"],
    [sum.objects, objects, "objects"],
  ];
  const over = checks.find(([count, max]) => count > max);
  if (over === undefined) return undefined;
  const [count, max, noun] = over;
  return `with this file there are ${count} ${noun}, ${max} at most in all files together; ` +
    "give parts of them to MeshSyncs of their own";
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function readFile(file: ManifestFile, options: ReadOptions, budget: GrowthBudget): ReadFile {
  const refused = (problem: { readonly line: number; readonly message: string }): ReadFile => ({
    documents: [],
    problems: [{ file: file.path, ...problem }],
    nodes: 0,
  });
  const bytes = byteLength(file.text);
  if (bytes > MANIFEST_BUDGETS.fileBytes) {
    return refused({ line: 1, message: fileSizeMessage(bytes) });
  }
  const foreign = foreignText(file.text);
  if (foreign !== undefined) return refused(foreign);
  const { edit, secrets } = valueEdit(file.path, options, budget);
  const onStep = () => options.onStep?.(file.path);
  const { documents, nodes, problems } = yamlDocuments(file.text, edit, onStep);
  const template = problems.length > 0 ? templateProblem(file.text) : undefined;
  if (template !== undefined) return refused(template);
  const split = documents.flatMap((document) => objectsOf(file, document));
  return {
    documents: split.filter((item): item is Manifest => "object" in item)
      .map((manifest) => discreet(manifest, secrets)),
    problems: [
      ...problems.map(({ line, message }) => ({
        file: file.path,
        line,
        message: withoutValues(message, secrets),
      })),
      ...split.filter((item): item is ManifestProblem => !("object" in item)),
    ],
    nodes,
  };
}

/** Shorter words of a Secret are words of every message; what is said of a Secret repeats no value of it anyhow. */
function isTelling(text: string): boolean {
  return text.length >= 6 || /^\d{4,}$/.test(text);
}

/** A manifest that knows what no message may repeat; a Secret's own values are among that. */
function discreet(manifest: Manifest, secrets: readonly string[]): Manifest {
  const own = secretTexts(manifest.object).filter(isTelling);
  if (own.length > 0) return { ...manifest, secrets: [...secrets, ...own] };
  return secrets.length === 0 ? manifest : { ...manifest, secrets };
}

/** Decrypts first; what was encrypted holds no variables. Afterwards `secrets` holds what no message may repeat. */
function valueEdit(
  path: string,
  { sopsKeys, variables }: ReadOptions,
  budget: GrowthBudget,
): { readonly edit?: FileEdit; readonly secrets: readonly string[] } {
  const secrets = variables === undefined ? [] : secretValues(variables);
  if (variables === undefined && sopsKeys?.has(path) !== true) return { secrets };
  const edit = (file: ParsedFile) => {
    const key = sopsKeys?.get(path);
    if (key !== undefined && "message" in key) return [{ line: 1, message: key.message }];
    const opened = key === undefined ? undefined : decryptFile(file, key.dataKey);
    secrets.push(...opened?.secrets ?? []);
    if (opened !== undefined && opened.problems.length > 0) return opened.problems;
    if (variables === undefined) return [];
    const names = secretNameProblems(file, variables);
    const sealed = opened?.sealed ?? new Set();
    return [...names, ...substituteVariables(file, variables, { budget, sealed })];
  };
  return { edit, secrets };
}

/** What is found in a document: objects, and what should be some. */
type Found = Manifest | ManifestProblem;

/** A part of a document that is one object, or a list of them. */
interface Part {
  readonly value: unknown;
  /** Where it is in the document, for lines: empty, or ending with a dot. */
  readonly base: string;
  /** What an item of a list is that says nothing about it. */
  readonly type?: { readonly apiVersion: unknown; readonly kind: string };
}

function objectsOf(file: ManifestFile, document: YamlDocument): readonly Found[] {
  const { value } = document;
  const isHeadless = isPlainObject(value) && value["apiVersion"] === undefined &&
    value["kind"] === undefined && value["items"] === undefined;
  // package.json, tsconfig.json and their like are no manifests that went wrong.
  if (isHeadless && /\.json$/i.test(file.path)) return [];
  return objectsIn({ value, base: "" }, { document, file });
}

/** The object of a part, or the objects of a list, which `kubectl` knows by its `items`, in lists too. */
function objectsIn(
  { base, type, value }: Part,
  from: { readonly file: ManifestFile; readonly document: YamlDocument },
): readonly Found[] {
  const { document, file } = from;
  const at = {
    file: file.path,
    line: base === "" ? document.line : document.lineOf(base.slice(0, -1)),
  };
  if (!isPlainObject(value)) {
    const message = base === ""
      ? "is no object; write apiVersion, kind and metadata"
      : "an item of the list is no object";
    return [{ ...at, message }];
  }
  const isTyped = value["apiVersion"] !== undefined || value["kind"] !== undefined;
  const whole = isTyped || type === undefined ? value : { ...value, ...type };
  const items = whole["items"];
  if (items === undefined) {
    return [manifestOf(whole, {
      ...at,
      lineOf: (path) => document.lineOf(base + path),
      sourceOf: (path) => document.sourceOf(base + path),
      origin: originOf(document, base),
    })];
  }
  const untyped = untypedText(whole, { file: file.path });
  if (untyped !== undefined) return [{ ...at, message: untyped.message }];
  if (items === null) return [];
  if (!Array.isArray(items)) {
    return [{
      ...at,
      kind: String(whole["kind"]),
      path: `${base}items`,
      message: "must be a list",
    }];
  }
  const itemType = {
    apiVersion: whole["apiVersion"],
    kind: String(whole["kind"]).replace(/List$/, ""),
  };
  return items.flatMap((item, index) =>
    objectsIn({ value: item, base: `${base}items[${index}].`, type: itemType }, from)
  );
}

function originOf({ chunk, line }: YamlDocument, base: string): ManifestOrigin {
  const { isJson, offset, text } = chunk;
  return { offset, length: text.length, isJson, line, base };
}

function manifestOf(value: Record<string, unknown>, place: Omit<Manifest, "object">): Found {
  const { apiVersion, kind, metadata } = value;
  const at = { file: place.file, line: place.line };
  const untyped = untypedText(value, place);
  if (untyped !== undefined) {
    const { member = "", message } = untyped;
    return { ...at, line: member === "" ? at.line : place.lineOf(member), message };
  }
  if (groupOf(String(apiVersion)) === OVERLAY_GROUP) return { ...at, message: OVERLAY };
  if (!isPlainObject(metadata)) {
    const message = metadata === undefined || metadata === null ? "is missing" : "must be a map";
    const line = place.lineOf("metadata");
    return { ...at, line, kind: String(kind), name: "", path: "metadata", message };
  }
  // `labels:` with nothing behind it is no labels.
  const given = Object.fromEntries(
    Object.entries(metadata).filter(([, member]) => member !== null),
  );
  const object = { ...value, apiVersion, kind, metadata: given } as unknown as KubeObject;
  return { ...place, object };
}

/** What is wrong with a document, and what is worth a word. */
interface DocumentFindings {
  readonly problems: readonly ManifestProblem[];
  readonly warnings: readonly ManifestProblem[];
}

const NOTHING: Findings = { problems: [], warnings: [] };

function documentFindings(manifest: Manifest): DocumentFindings {
  const general = generalProblems(manifest);
  const mesh = isMeshKind(manifest.object) ? allFindings(manifest.object) : NOTHING;
  const placed = (found: Findings["problems"]) =>
    found.map(({ path, message }) => problemOf(manifest, message, path));
  return {
    problems: general.length > 0 ? general : placed(mesh.problems),
    warnings: [
      ...exportWarnings(manifest),
      ...emptyKeyWarnings(manifest),
      ...placed(mesh.warnings),
    ],
  };
}

function sorted(problems: readonly ManifestProblem[]): ManifestProblem[] {
  return [...problems].sort((a, b) =>
    a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1
  );
}
