import { MANIFEST_BUDGETS } from "#base";
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { memberName, type ScalarValue, scalarValue, unkeptNumber } from "./scalar.ts";

/** Something in a document that has no value, or none that counts. */
export interface NodeProblem {
  /** Where in the text of the document. */
  readonly offset: number;
  readonly message: string;
}

/** A document as plain JSON, or all that is wrong with it. */
export type NodeValue = { readonly value: unknown } | { readonly problems: readonly NodeProblem[] };

/**
 * The value of a document's contents, as `kubectl` makes JSON of it: keys become texts, `<<` brings in what is not there yet, the last
 * anchor of a name before an alias is meant. A key that is given twice is a problem, which `kubectl` takes the last of.
 *
 * @param isJson asked where that makes a difference: a number that is too large for JSON is a text in YAML
 */
export function nodeValue(contents: unknown, isJson: () => boolean = () => false): NodeValue {
  const reading = new Reading(isJson);
  const value = reading.value(contents, 0);
  return reading.problems.length > 0 ? { problems: reading.problems } : { value };
}

/** A number with an exponent, which JSON has no quotes for. */
const HUGE = /^-?\d+(?:\.\d+)?[eE][-+]?\d+$/;

/** A value and how many there are in it, itself included. */
interface Sized {
  readonly value: unknown;
  readonly size: number;
}

/** One way through a document, in its order. */
class Reading {
  readonly problems: NodeProblem[] = [];
  readonly #anchors = new Map<string, Node>();
  readonly #read = new Map<Node, Sized>();
  readonly #open = new Set<Node>();
  readonly #isJson: () => boolean;
  #size = 0;
  #aliased = 0;

  constructor(isJson: () => boolean) {
    this.#isJson = isJson;
  }

  value(node: unknown, depth: number): unknown {
    if (isAlias(node)) return this.#alias(node);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    const before = this.#size++;
    const { anchor } = node;
    if (anchor) this.#anchors.set(anchor, node);
    if (depth > MANIFEST_BUDGETS.depth) {
      return this.#problem(node, `lists and maps lie more than ${MANIFEST_BUDGETS.depth} deep`);
    }
    if (!anchor) return this.#content(node, depth);
    this.#open.add(node);
    const value = this.#content(node, depth);
    this.#open.delete(node);
    this.#read.set(node, { value, size: this.#size - before });
    return value;
  }

  #content(node: Node, depth: number): unknown {
    if (isScalar(node)) return this.#scalar(node);
    if (isSeq(node)) {
      if (node.flow) node.items.forEach((item) => this.#asked(item));
      return node.items.map((item) => this.value(item, depth + 1));
    }
    return isMap(node) ? this.#map(node.items as readonly Pair[], { node, depth }) : null;
  }

  #scalar(node: Scalar): unknown {
    const read = scalarOf(node);
    if ("message" in read) return this.#problem(node, read.message);
    const { value } = read;
    const isTooLarge = typeof value === "string"
      ? node.type === "PLAIN" && HUGE.test(value) && this.#isJson()
      : typeof value === "number" && !Number.isFinite(value);
    if (!isTooLarge) return typeof value === "string" ? value.toWellFormed() : value;
    return this.#problem(node, unkeptNumber(node.source ?? ""));
  }

  /** Between brackets `?a` is a key for kubectl, and a text for everybody else. */
  #asked(node: unknown): void {
    if (!isScalar(node) || node.type !== "PLAIN" || !String(node.value).startsWith("?")) return;
    this.#problem(node, "begins with ?, which kubectl takes for a key; put it in quotes");
  }

  #alias(node: Node & { readonly source: string }): unknown {
    const target = this.#target(node);
    if (target === undefined) return null;
    const found = this.#read.get(target);
    if (found === undefined) {
      const isOpen = this.#open.has(target);
      return this.#problem(node, isOpen ? `the anchor ${node.source} holds itself` : "is no value");
    }
    this.#aliased += found.size;
    this.#size += found.size;
    const { aliasedNodes } = MANIFEST_BUDGETS;
    if (this.#aliased > aliasedNodes && this.#aliased - found.size <= aliasedNodes) {
      this.#problem(
        node,
        `aliases stand for more than ${aliasedNodes} values; write fewer of them`,
      );
    }
    return found.value;
  }

  #target(node: Node & { readonly source: string }): Node | undefined {
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      // Its name is not repeated: a password may begin with a star.
      const remedy = "put it in quotes if it is a text";
      this.#problem(node, `is an alias (*) without an anchor (&) of its name before it; ${remedy}`);
    }
    return target;
  }

  #map(pairs: readonly Pair[], at: { readonly node: Node; readonly depth: number }): unknown {
    const { keys } = MANIFEST_BUDGETS;
    if (pairs.length > keys) {
      return this.#problem(at.node, `the map has ${pairs.length} members, ${keys} at most`);
    }
    const members = new Map<string, unknown>();
    const own = new Set<string>();
    for (const { key, value } of pairs) {
      if (isMergeKey(key)) {
        for (const [name, merged] of this.#merged(value, at.depth)) members.set(name, merged);
        continue;
      }
      const name = this.#name(key, at);
      if (name === undefined) continue;
      if (own.has(name)) this.#problem(key, "the key is given twice; remove one of them");
      own.add(name);
      members.set(name, this.value(value, at.depth + 1));
    }
    return Object.fromEntries(members);
  }

  /** A key as a text; undefined where it is none, which is a problem. */
  #name(key: unknown, at: { readonly node: Node }): string | undefined {
    this.#asked(key);
    const target = isAlias(key) ? this.#target(key) : key;
    if (isAlias(key) && target === undefined) return undefined;
    if (isScalar(key) && key.anchor) this.value(key, 0);
    const read: ScalarValue = target === null
      ? { value: null }
      : isScalar(target)
      ? scalarOf(target)
      : { message: "is a list or a map, which cannot be a key" };
    const name = "message" in read ? undefined : memberName(read)?.toWellFormed();
    if (name !== undefined) return name;
    const place = (key as Node | null) ?? at.node;
    this.#problem(
      place,
      "message" in read ? read.message : "null cannot be a key; put it in quotes",
    );
    return undefined;
  }

  /** What `<<` brings in: of several maps the first that has a member counts. */
  #merged(value: unknown, depth: number): [string, unknown][] {
    const read = this.value(value, depth + 1);
    const sources = Array.isArray(read) ? read.toReversed() : [read];
    const isMaps = sources.every((source) =>
      typeof source === "object" && source !== null && !Array.isArray(source)
    );
    if (isMaps) return sources.flatMap((source) => Object.entries(source as object));
    this.#problem(value, "<< takes a map, or a list of maps");
    return [];
  }

  #problem(node: unknown, message: string): null {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    if (this.problems.length < MANIFEST_BUDGETS.problems) this.problems.push({ offset, message });
    return null;
  }
}

/** Whether a key is `<<` as an order to merge, not as a text. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" &&
    (key.tag === undefined ? key.type === "PLAIN" : key.tag === "tag:yaml.org,2002:merge");
}

/** What a scalar stands for; what an edit put in its place stands for itself. */
export function scalarOf(
  node: { readonly value: unknown; readonly type?: unknown; readonly tag?: string | undefined },
): ScalarValue {
  const { tag, type, value } = node;
  if (typeof value !== "string") return { value: (value ?? null) as null };
  return scalarValue({ text: value, isPlain: type === "PLAIN", tag });
}
