import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { aliasTargets, type ParsedFile, type YamlProblem } from "./decode.ts";
import { usesIn, type Variables } from "./variables.ts";

/** Fields that everybody may read: they are in URLs, events, logs, metrics and other objects. `*` is any item. */
const PUBLIC_FIELDS: readonly (readonly string[])[] = [
  ["apiVersion"],
  ["kind"],
  ["metadata", "name"],
  ["metadata", "generateName"],
  ["metadata", "namespace"],
  ["spec", "targetNamespace"],
  ...["functions", "sinks", "sources"].map((list) => ["spec", list, "*", "name"]),
];
const PROBLEMS_MAX = 20;

/**
 * A problem for each name, namespace, kind, version and key of a map that uses a variable from a Secret: these are shown
 * wherever an object is named. The message holds the variable's name, never its value.
 *
 * @param file before anything is replaced in it
 */
export function secretNameProblems(file: ParsedFile, variables: Variables): YamlProblem[] {
  const secret = new Set(
    [...variables].filter(([, { isSecret }]) => isSecret).map(([name]) => name),
  );
  if (secret.size === 0) return [];
  const problems: YamlProblem[] = [];
  for (const document of file.documents) {
    const targets = aliasTargets(document);
    const found = [...publicFields(document, targets), ...keysOf(document, targets)];
    for (const { node, path } of found) {
      const used = secretUse(node, secret);
      if (used === undefined || problems.length >= PROBLEMS_MAX) continue;
      const message =
        `${path} uses \${${used}}, which comes from a Secret, and everybody may read names and keys; ` +
        "write it out, or declare it in spec.variables or a ConfigMap";
      problems.push({ line: file.lineAt(node.range?.[0] ?? 0), message });
    }
  }
  return problems;
}

/** The first variable from a Secret that a text uses. */
function secretUse({ value }: Scalar, secret: ReadonlySet<string>): string | undefined {
  if (typeof value !== "string") return undefined;
  return usesIn(value)
    .find(({ isEscaped, kind, name }) => !isEscaped && kind === "variable" && secret.has(name))
    ?.name;
}

/** A text, and what it is called. */
interface Field {
  readonly node: Scalar;
  readonly path: string;
}

type Targets = ReadonlyMap<unknown, Node>;

function publicFields(document: Document, targets: Targets): Field[] {
  return objectNodes(document.contents, targets).flatMap((object) =>
    PUBLIC_FIELDS.flatMap((path) =>
      nodesAt(object, path, targets).filter(isScalar)
        .map((node) => ({ node, path: path.join(".").replace(".*", "[]") }))
    )
  );
}

/** The objects of a document: itself, or the items of a list, of lists too. */
function objectNodes(contents: unknown, targets: Targets): YAMLMap[] {
  const seen = new Set<unknown>();
  const objects: YAMLMap[] = [];
  const open: unknown[] = [contents];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const node = resolved(next, targets);
    if (!isMap(node) || seen.has(node)) continue;
    seen.add(node);
    objects.push(node);
    for (const items of members(node, "items", targets)) {
      if (isSeq(items)) open.push(...items.items.slice(0));
    }
  }
  return objects;
}

function nodesAt(from: unknown, path: readonly string[], targets: Targets): unknown[] {
  const [name, ...rest] = path;
  if (name === undefined) return [from];
  if (name === "*") {
    return isSeq(from)
      ? from.items.flatMap((item) => nodesAt(resolved(item, targets), rest, targets))
      : [];
  }
  return members(from, name, targets).flatMap((member) => nodesAt(member, rest, targets));
}

/** Values of a member of a map; what a merge brings counts as well, whichever wins. */
function members(map: unknown, name: string, targets: Targets, depth = 0): unknown[] {
  if (!isMap(map)) return [];
  return map.items.flatMap(({ key, value }) => {
    const word = scalarText(key, targets);
    if (word === name) return [resolved(value, targets)];
    if (word !== "<<" || depth >= 3) return [];
    const merged = resolved(value, targets);
    const sources = isSeq(merged) ? merged.items.map((item) => resolved(item, targets)) : [merged];
    return sources.flatMap((source) => members(source, name, targets, depth + 1));
  });
}

function scalarText(key: unknown, targets: Targets): string | undefined {
  const node = resolved(key, targets);
  return isScalar(node) ? String(node.value) : undefined;
}

function resolved(node: unknown, targets: Targets): unknown {
  return isAlias(node) ? targets.get(node) : node;
}

/** The keys of all maps. */
function keysOf(document: Document, targets: Targets): Field[] {
  const keys: Field[] = [];
  visit(document, {
    Pair(_key, pair) {
      const node = resolved(pair.key, targets);
      if (isScalar(node)) keys.push({ node, path: "the name of a member" });
    },
  });
  return keys;
}
