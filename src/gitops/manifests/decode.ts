import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  parseDocument,
  type ScalarTag,
  type Tags,
  visit,
} from "yaml";

/** A YAML document as a value that still knows its lines. */
export interface YamlDocument {
  readonly value: unknown;
  /** Line of its first value, counted from 1. */
  readonly line: number;
  /** Line of a field (`spec.functions[2].name`), or of the nearest one above it that is there. */
  readonly lineOf: (path: string) => number;
}

/** Something that is no YAML, or not the YAML that Kubernetes reads. */
export interface YamlProblem {
  readonly line: number;
  readonly message: string;
}

/** A file whose syntax is right, before its values are taken. */
export interface ParsedFile {
  readonly text: string;
  readonly documents: readonly Document.Parsed[];
  /** Line of a position in the text. */
  readonly lineAt: (offset: number) => number;
}

/** Changes the values of a file in place, and answers what is wrong with them. */
export type FileEdit = (file: ParsedFile) => readonly YamlProblem[];

/** The documents of a file as the parser sees them. */
export function parsedDocuments(text: string): ParsedFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { ...PARSE_OPTIONS, lineCounter: lines });
  return { text, documents, lineAt: (offset) => Math.max(1, lines.linePos(offset).line) };
}

/** What YAML makes of a text without quotes where one value is expected; a list or a map is a text all the same. */
export function plainScalar(text: string): unknown {
  const { contents, errors } = parseDocument(text, PARSE_OPTIONS);
  const isPlain = errors.length === 0 && isScalar(contents) && contents.type === "PLAIN";
  return isPlain && contents.source === text ? contents.value : text;
}

/**
 * The documents of a file, read as `kubectl` does (sigs.k8s.io/yaml: YAML 1.1, so that `on` and `yes` are true, `0644`
 * and `0o644` octal; but `10:30` and `2026-01-01` texts). Keys that are given twice, unknown tags, and numbers that JSON
 * cannot hold are problems. Empty documents are left out.
 *
 * @param edit called once when the syntax of all documents is right
 */
export function yamlDocuments(
  text: string,
  edit: FileEdit = () => [],
): { readonly documents: YamlDocument[]; readonly problems: YamlProblem[] } {
  const file = parsedDocuments(text);
  const { lineAt } = file;
  const documents: YamlDocument[] = [];
  const isSound = file.documents.every(({ errors, warnings }) =>
    errors.length + warnings.length === 0
  );
  const problems: YamlProblem[] = isSound ? [...edit(file)] : [];
  if (problems.length > 0) return { documents, problems };
  for (const document of file.documents) {
    const found = [...document.errors, ...document.warnings].map((error) => ({
      line: lineAt(error.pos[0]),
      message: sentence(error.message),
    }));
    const own = found.length > 0 ? found : valueProblems(document, lineAt);
    problems.push(...own);
    if (own.length > 0 || document.contents === null) continue;
    const converted = plainValue(document);
    if ("message" in converted) {
      problems.push({ line: lineAt(document.contents.range?.[0] ?? 0), ...converted });
    } else if (converted.value !== null) {
      documents.push(documentOf(document, { value: converted.value, lineAt }));
    }
  }
  return { documents, problems };
}

/**
 * Numbers as Go reads them. The package's own would take the name `e2` for a number, `10:30` for 630, and `0o17` for a
 * text.
 */
const NUMBERS: readonly ScalarTag[] = [
  {
    tag: "tag:yaml.org,2002:int",
    default: true,
    test: /^[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)$/,
    resolve: goInteger,
  },
  {
    tag: "tag:yaml.org,2002:float",
    default: true,
    test: /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?$/,
    resolve: (text) => Number(text.replaceAll("_", "")),
  },
  {
    tag: "tag:yaml.org,2002:float",
    default: true,
    test: /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    resolve: () => NaN,
  },
];

/** `strconv.ParseInt` with base 0: a leading zero alone means octal. */
function goInteger(text: string): number {
  const [, sign = "", digits = ""] = /^([-+]?)(.*)$/.exec(text.replaceAll("_", "")) ?? [];
  const value = /^0[0-7]+$/.test(digits)
    ? Number.parseInt(digits, 8)
    : Number(digits.toLowerCase());
  return sign === "-" ? -value : value;
}

/** The tags of YAML 1.1 with numbers of our own, without those that Go leaves as texts or that JSON has no value for. */
function kubernetesTags(tags: Tags): Tags {
  const dropped = ["binary", "float", "int", "omap", "pairs", "set", "timestamp"];
  const kept = tags.filter((tag) =>
    typeof tag === "string" || !dropped.includes(tag.tag.replace("tag:yaml.org,2002:", ""))
  );
  return [...kept, ...NUMBERS];
}

const PARSE_OPTIONS = {
  version: "1.1",
  customTags: kubernetesTags,
  logLevel: "silent",
  prettyErrors: false,
} as const;

function valueProblems(
  document: Document.Parsed,
  lineAt: (offset: number) => number,
): YamlProblem[] {
  const problems: YamlProblem[] = [];
  const declared = document.directives.yaml;
  if (declared.explicit === true && declared.version !== "1.1") {
    problems.push({
      line: 1,
      message: `cannot read YAML ${declared.version}: remove the %YAML line`,
    });
  }
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== "number") return;
      const isExact = Number.isFinite(node.value) &&
        (!Number.isInteger(node.value) || Number.isSafeInteger(node.value) ||
          /[.eE]/.test(node.source ?? ""));
      if (isExact) return;
      const message = `cannot keep the number ${node.source}: put it in quotes if it is a text`;
      problems.push({ line: lineAt(node.range?.[0] ?? 0), message });
    },
  });
  return problems;
}

function plainValue(document: Document.Parsed): { value: unknown } | { message: string } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    // An alias without its anchor, or so many that they would fill the memory.
    return { message: sentence(error.message) };
  }
}

function documentOf(
  document: Document.Parsed,
  from: { readonly value: unknown; readonly lineAt: (offset: number) => number },
): YamlDocument {
  const start = from.lineAt(document.contents?.range?.[0] ?? 0);
  return {
    value: from.value,
    line: start,
    lineOf: (path) => {
      const offset = offsetOf(document, pathSegments(path));
      return offset === undefined ? start : from.lineAt(offset);
    },
  };
}

/** `a.b[2]["c.d"]` in its parts. */
function pathSegments(path: string): string[] {
  const parts = path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.[\]]+)/g);
  return [...parts].map(([, quoted, index, name]) => quoted ?? index ?? name ?? "");
}

function offsetOf(document: Document.Parsed, segments: readonly string[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const segment of segments) {
    const step = child(document, resolved(document, node), segment);
    if (step === undefined) return offset;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset;
}

interface Child {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function child(document: Document.Parsed, node: unknown, segment: string): Child | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(segment)];
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  for (const pair of node.items) {
    if (isScalar(pair.key) && String(pair.key.value) === segment) {
      return { node: pair.value, offset: startOf(pair.key) };
    }
  }
  for (const pair of node.items) {
    if (!isScalar(pair.key) || pair.key.source !== "<<") continue;
    const merged = resolved(document, pair.value);
    const sources = isSeq(merged) ? merged.items : [merged];
    for (const source of sources) {
      const found = child(document, resolved(document, source), segment);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function resolved(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function startOf(node: unknown): number | undefined {
  if (isPair(node)) return startOf(node.key);
  return (node as Node | null)?.range?.[0];
}

/** As our messages begin: small letter, no full stop. */
function sentence(message: string): string {
  const cleaned = message.replace(/\.$/, "");
  return cleaned === "Map keys must be unique"
    ? "the key is given twice; remove one of them"
    : `not valid YAML: ${cleaned}`;
}
