import { fieldSteps, MANIFEST_BUDGETS } from "#base";
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { isMergeKey, nodeValue, scalarOf } from "./node_value.ts";
import { memberName, scalarValue } from "./scalar.ts";
import {
  type Chunk,
  chunks,
  type LineAt,
  lineIndex,
  type OffsetProblem,
  type ParsedChunk,
  parsedChunk,
} from "./yaml_syntax.ts";

/** A YAML document as a value that still knows its lines. */
export interface YamlDocument {
  readonly value: unknown;
  /** Line of its first value, counted from 1. */
  readonly line: number;
  /** Line of a field (`spec.functions[2].name`), or of the nearest one above it that is there. */
  readonly lineOf: (path: string) => number;
  /** What a field is in the file, where that is one word without quotes; undefined for anything else. */
  readonly sourceOf: (path: string) => string | undefined;
  /** Its text, and where that is. */
  readonly chunk: Chunk;
}

/** Something that is no YAML, or not the YAML that Kubernetes reads. */
export interface YamlProblem {
  readonly line: number;
  readonly message: string;
}

/** What a file holds. */
export interface DecodedFile {
  readonly documents: YamlDocument[];
  readonly problems: YamlProblem[];
  /** How many values were read. */
  readonly nodes: number;
}

/** A file whose syntax is right, before its values are taken. */
export interface ParsedFile {
  readonly text: string;
  /** Offsets in them are those in the text. */
  readonly documents: readonly Document.Parsed[];
  /** Line of a position in the text. */
  readonly lineAt: (offset: number) => number;
}

/** Called between two pieces of work, so that somebody can end it: by an error. */
export type OnStep = () => void;

/** Changes the values of a file in place, and answers what is wrong with them. */
export type FileEdit = (file: ParsedFile) => readonly YamlProblem[];

/** The documents of a file as the parser sees them; those that it cannot make sense of are left out. */
export function parsedDocuments(text: string): ParsedFile {
  const lineAt = lineIndex(text);
  const { documents, nodes } = MANIFEST_BUDGETS;
  const parsed = chunks(text).slice(0, documents).map((chunk) => parsedChunk(chunk, nodes));
  return { text, documents: parsed.flatMap(({ document }) => document ?? []), lineAt };
}

/** What YAML makes of a text without quotes where one value is expected; a list or a map is a text all the same. */
export function plainScalar(text: string): unknown {
  const { document, problems } = parsedChunk({ text, offset: 0, isJson: false }, 1);
  const contents = document?.contents;
  const isPlain = problems.length === 0 && isScalar(contents) && contents.type === "PLAIN";
  if (!isPlain || contents.source !== text) return text;
  const read = scalarValue({ text, isPlain });
  if ("message" in read) return text;
  return typeof read.value === "number" && !Number.isFinite(read.value) ? text : read.value;
}

/**
 * The documents of a file, read as `kubectl` does: separated by lines of `---`, or one JSON object behind another; a byte
 * order mark before any of them; YAML 1.1 with Go's numbers (`on` and `yes` are true, `0644` and `0o644` octal, but `10:30` and
 * `2026-01-01` texts). Keys that are given twice, and numbers that JSON cannot hold, are problems. Empty documents are left
 * out. What is over a budget of {@linkcode MANIFEST_BUDGETS} is not read.
 *
 * @param edit called once, when the syntax of all documents is right
 */
export function yamlDocuments(
  text: string,
  edit?: FileEdit,
  onStep: OnStep = () => {},
): DecodedFile {
  const lineAt = lineIndex(text);
  const all = chunks(text);
  const { documents: documentsMax } = MANIFEST_BUDGETS;
  if (all.length > documentsMax) {
    const message = `the file has ${all.length} documents, ${documentsMax} at most`;
    const line = lineAt(all[documentsMax]?.offset ?? 0);
    return { documents: [], problems: [{ line, message }], nodes: 0 };
  }
  return edit === undefined
    ? decoded(all, lineAt, onStep)
    : edited(all, { edit, lineAt, onStep, text });
}

/** One document after another, so that only the nodes of one are in memory. */
function decoded(all: readonly Chunk[], lineAt: LineAt, onStep: OnStep): DecodedFile {
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  let nodes = 0;
  for (const chunk of all) {
    onStep();
    const parsed = parsedChunk(chunk, MANIFEST_BUDGETS.nodes - nodes);
    nodes += parsed.nodes;
    const read = valueOf(parsed, { chunk, lineAt });
    documents.push(...read.documents);
    problems.push(...read.problems);
    if (problems.length >= MANIFEST_BUDGETS.problems || nodes > MANIFEST_BUDGETS.nodes) break;
  }
  return { documents, problems, nodes };
}

/** All documents first, then their values as the edit leaves them: so many fewer, as the nodes of all are in memory. */
function edited(
  all: readonly Chunk[],
  { edit, lineAt, onStep, text }: {
    readonly edit: FileEdit;
    readonly onStep: OnStep;
    readonly lineAt: LineAt;
    readonly text: string;
  },
): DecodedFile {
  const { editedNodes } = MANIFEST_BUDGETS;
  const parsed: { readonly chunk: Chunk; readonly found: ParsedChunk }[] = [];
  let nodes = 0;
  for (const chunk of all) {
    onStep();
    const found = parsedChunk(chunk, editedNodes - nodes, editedNodes);
    nodes += found.nodes;
    parsed.push({ chunk, found });
    if (nodes > editedNodes) break;
  }
  const broken = parsed.flatMap(({ found }) => found.problems);
  const located = broken.map(({ message, offset }) => ({ line: lineAt(offset), message }));
  const documents = parsed.flatMap(({ found }) => found.document ?? []);
  const problems = broken.length > 0 ? located : edit({ text, documents, lineAt });
  if (problems.length > 0) return { documents: [], problems: [...problems], nodes };
  const read = parsed.map(({ chunk, found }) => {
    onStep();
    return valueOf(found, { chunk, lineAt });
  });
  return {
    documents: read.flatMap((file) => file.documents),
    problems: read.flatMap((file) => file.problems),
    nodes,
  };
}

function valueOf(
  parsed: ParsedChunk,
  from: { readonly chunk: Chunk; readonly lineAt: LineAt },
): Omit<DecodedFile, "nodes"> {
  const { document } = parsed;
  const located = (problems: readonly OffsetProblem[]) =>
    problems.map(({ message, offset }) => ({ line: from.lineAt(offset), message }));
  if (document === undefined) return { documents: [], problems: located(parsed.problems) };
  const { chunk } = from;
  const read = nodeValue(document.contents, () => chunk.isJson && isJsonText(chunk.text));
  if ("problems" in read) return { documents: [], problems: located(read.problems) };
  if (read.value === null) return { documents: [], problems: [] };
  const line = from.lineAt(document.contents?.range?.[0] ?? from.chunk.offset);
  const places = documentPlaces(from.chunk, { line, lineAt: from.lineAt });
  return {
    documents: [{ value: read.value, line, chunk: from.chunk, ...places }],
    problems: [],
  };
}

/**
 * Finds the lines of a document's fields, and their words.
 *
 * @param at.line the line of its first value
 */
export function documentPlaces(
  chunk: Chunk,
  { line, lineAt }: { readonly line: number; readonly lineAt: LineAt },
): Pick<YamlDocument, "lineOf" | "sourceOf"> {
  return {
    lineOf: (path) => {
      const { offset } = fieldAt(path, placesIn(chunk));
      return offset === undefined ? line : lineAt(offset);
    },
    sourceOf: (path) => {
      const places = placesIn(chunk);
      const { isWhole, node } = fieldAt(path, places);
      const found = resolved(node, places);
      return isWhole && isScalar(found) && found.type === "PLAIN" ? found.source : undefined;
    },
  };
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where the fields of a document are. */
interface Places {
  readonly contents: unknown;
  /** What aliases stand for. */
  readonly targets: ReadonlyMap<unknown, Node>;
  /** Members of maps by name, of those that somebody asked for: there may be thousands, and as many questions. */
  readonly members: Map<unknown, ReadonlyMap<string, Pair>>;
}

/** Of the last document whose lines somebody asked for: nodes take much memory, so that values do not keep theirs. */
let last: { readonly chunk: Chunk; readonly places: Places } | undefined;

function placesIn(chunk: Chunk): Places {
  if (last?.chunk === chunk) return last.places;
  const { document } = parsedChunk(chunk, MANIFEST_BUDGETS.nodes);
  const places = {
    contents: document?.contents,
    targets: document === undefined ? new Map() : aliasTargets(document),
    members: new Map(),
  };
  last = { chunk, places };
  return places;
}

/** What aliases stand for. */
export function aliasTargets(document: Document): Map<unknown, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<unknown, Node>();
  visit(document, (_key, node) => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
    } else if (isNode(node) && node.anchor) anchors.set(node.anchor, node);
  });
  return targets;
}

/** `a.b[2]["c.d"]` in its parts. */
function pathSegments(path: string): string[] {
  return fieldSteps(path)?.map(({ text }) => text) ?? [];
}

/** A field, or the nearest one above it that is there. */
interface Field {
  readonly node: unknown;
  readonly offset: number | undefined;
  /** Whether it is the field itself. */
  readonly isWhole: boolean;
}

function fieldAt(path: string, places: Places): Field {
  let node: unknown = places.contents;
  let offset: number | undefined;
  for (const segment of pathSegments(path)) {
    const step = child(node, segment, places);
    if (step === undefined) return { node, offset, isWhole: false };
    offset = step.offset ?? offset;
    node = step.node;
  }
  return { node, offset, isWhole: true };
}

interface Child {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function child(from: unknown, segment: string, places: Places): Child | undefined {
  const node = resolved(from, places);
  if (isSeq(node)) {
    const item = node.items[Number(segment)];
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const own = membersOf(node, places).get(segment);
  if (own !== undefined) return { node: own.value, offset: startOf(own.key) };
  for (const { value } of node.items.filter((pair) => isMergeKey(pair.key))) {
    const merged = resolved(value, places);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = child(source, segment, places);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The first of each name counts. */
function membersOf(node: YAMLMap, places: Places): ReadonlyMap<string, Pair> {
  const known = places.members.get(node);
  if (known !== undefined) return known;
  const members = new Map<string, Pair>();
  for (const pair of node.items as readonly Pair[]) {
    const key = resolved(pair.key, places);
    const name = isScalar(key) && !isMergeKey(pair.key) ? nameOf(key) : undefined;
    if (name !== undefined && !members.has(name)) members.set(name, pair);
  }
  places.members.set(node, members);
  return members;
}

function nameOf(key: Scalar): string | undefined {
  const read = scalarOf(key);
  return "message" in read ? undefined : memberName(read);
}

function resolved(node: unknown, { targets }: Places): unknown {
  return isAlias(node) ? targets.get(node) : node;
}

function startOf(node: unknown): number | undefined {
  if (isPair(node)) return startOf(node.key);
  return (node as Node | null)?.range?.[0];
}
