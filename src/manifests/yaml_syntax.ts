/**
 * From the text of a file to documents of nodes, without their values: what `kubectl` takes for one document, how many values
 * may be in it, and what is no YAML.
 *
 * @module
 */
import { MANIFEST_BUDGETS } from "#base";
import process from "node:process";
import { Composer, type CST, type Document, Lexer, Parser } from "yaml";

/** Line of a position in a text. */
export type LineAt = (offset: number) => number;

/** Finds lines, counted from 1, by their beginnings. */
export function lineIndex(text: string): LineAt {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** The text of one document. */
export interface Chunk {
  readonly text: string;
  /** Whether it begins like a JSON object, in a file that does. */
  readonly isJson: boolean;
  /** Where it begins in the file. */
  readonly offset: number;
}

/** The documents of a file as `kubectl` tells them apart, before it looks into them. */
export function chunks(text: string): Chunk[] {
  const found: Chunk[] = [];
  const add = (start: number, end: number) => {
    const begin = text[start] === MARK ? start + 1 : start;
    if (end > begin) found.push({ text: text.slice(begin, end), offset: begin, isJson: false });
  };
  let start = 0;
  for (let line = 0; line < text.length;) {
    const newline = text.indexOf("\n", line);
    const next = newline < 0 ? text.length : newline + 1;
    if (isSeparator(text, line, next)) {
      add(start, line);
      start = next;
    }
    line = next;
  }
  add(start, text.length);
  const isJson = BRACE.test(found[0]?.text.slice(0, SPACES_MAX) ?? "");
  return isJson ? found.flatMap(jsonValues) : found;
}

const MARK = "\uFEFF";

/** Begins like a JSON object. */
const BRACE = /^\s*\{/;

/** Between two objects nobody leaves more space than this. */
const SPACES_MAX = 1_000;

/** A line of `---`, with nothing but a comment behind it. */
function isSeparator(text: string, start: number, end: number): boolean {
  if (!text.startsWith("---", start)) return false;
  const rest = text.slice(start + 3, end).trimStart();
  return rest === "" || rest.startsWith("#");
}

/** JSON objects one behind the other. */
function jsonValues(chunk: Chunk): Chunk[] {
  const { offset, text } = chunk;
  if (!BRACE.test(text)) return [chunk];
  const found: Chunk[] = [];
  let [depth, start] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = stringEnd(text, at);
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      depth--;
      if (depth > 0 || !BRACE.test(text.slice(at + 1, at + SPACES_MAX))) continue;
      found.push({ text: text.slice(start, at + 1), offset: offset + start, isJson: true });
      start = at + 1;
    }
  }
  return [...found, { text: text.slice(start), offset: offset + start, isJson: true }];
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** Something wrong at a position in a text. */
export interface OffsetProblem {
  readonly offset: number;
  readonly message: string;
}

export interface ParsedChunk {
  /** Absent when there is nothing in it, or its syntax is wrong. */
  readonly document?: Document.Parsed;
  readonly problems: readonly OffsetProblem[];
  readonly nodes: number;
}

/** All scalars as texts: what they stand for is for {@linkcode nodeValue}. */
const OPTIONS = {
  version: "1.1",
  schema: "failsafe",
  uniqueKeys: false,
  logLevel: "silent",
  prettyErrors: false,
} as const;

/** What begins a value in what the lexer gives: a scalar, a list, a map. */
const VALUE_STARTS: ReadonlySet<string> = new Set(["\u001f", "[", "{", "-"]);

/** Pieces of text that the lexer gives for a value: spaces, indicators and comments are some too. */
const LEXEMES_EACH = 20;

/** Lists and maps open at once, for the parser: it counts some twice. */
const OPEN_EACH = 3;

/**
 * A document as nodes.
 *
 * @param nodesMax values that the file may still have
 * @param fileNodesMax values that the file may have, for the message
 */
export function parsedChunk(
  chunk: Chunk,
  nodesMax: number,
  fileNodesMax: number = MANIFEST_BUDGETS.nodes,
): ParsedChunk {
  return withoutEnvironment(() => parsed(chunk, { nodesMax, fileNodesMax }));
}

const NO_ENVIRONMENT = Object.freeze({});

/**
 * Runs the parser where no variable is set. It looks two of its own up at each token, and each is a call into the runtime:
 * a tenth of its time, and a permission that it needs for nothing else.
 */
function withoutEnvironment<T>(work: () => T): T {
  const { env } = process;
  process.env = NO_ENVIRONMENT;
  try {
    return work();
  } finally {
    process.env = env;
  }
}

function parsed(
  { isJson, offset, text }: Chunk,
  { fileNodesMax, nodesMax }: { readonly nodesMax: number; readonly fileNodesMax: number },
): ParsedChunk {
  const strange = isJson ? -1 : text.search(CONTROL);
  if (strange >= 0) {
    const code = text.charCodeAt(strange).toString(16).toUpperCase().padStart(4, "0");
    const message = `holds the control character U+${code}, so it is no text that can be read`;
    return { problems: [{ offset: offset + strange, message }], nodes: 0 };
  }
  const { documentNodes } = MANIFEST_BUDGETS;
  const parser = new Parser();
  parser.offset = offset;
  const tokens: CST.Token[] = [];
  let [lexemes, nodes] = [0, 0];
  const over = (message: string) => ({
    problems: [{ offset: parser.offset, message }],
    nodes: nodes + 1,
  });
  for (const lexeme of lexemesOf(isJson ? text : withLineFeeds(text))) {
    lexemes++;
    if (VALUE_STARTS.has(lexeme)) nodes++;
    if (nodes > nodesMax) {
      return over(`the file has more than ${fileNodesMax} values; make several of it`);
    }
    if (nodes > documentNodes || lexemes > documentNodes * LEXEMES_EACH) {
      return over(`the document has more than ${documentNodes} values; make several of it`);
    }
    if (parser.stack.length > MANIFEST_BUDGETS.depth * OPEN_EACH) {
      return over(`lists and maps lie more than ${MANIFEST_BUDGETS.depth} deep`);
    }
    tokens.push(...parser.next(lexeme));
  }
  tokens.push(...parser.end());
  return { ...composed(tokens, offset + text.length), nodes };
}

/** What no YAML text holds: control characters but tab and line ends. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/;

/** Line ends of old systems as line feeds, each in its place. */
function withLineFeeds(text: string): string {
  return /[\r\u0085]/.test(text) ? text.replace(/\r(?!\n)|\u0085/g, "\n") : text;
}

/** What a lexer has of a text. */
function* lexemesOf(text: string): Generator<string> {
  for (const lexeme of relaxedLexer().lex(text)) {
    // Before a space the colon is no part of an alias.
    if (lexeme.startsWith("*") && /^\*[\w-]+:$/.test(lexeme)) yield* [lexeme.slice(0, -1), ":"];
    else yield lexeme;
  }
}

/** The package's lexer, but as with libyaml text between brackets or quotes may begin anywhere in a line. */
function relaxedLexer(): Lexer {
  const lexer = new Lexer();
  const state = lexer as unknown as {
    readonly buffer: string;
    readonly flowLevel: number;
    readonly pos: number;
  };
  let indentNext = 0;
  Object.defineProperty(lexer, "indentNext", {
    get: () => {
      const isQuote = state.buffer[state.pos] === '"' || state.buffer[state.pos] === "'";
      return isQuote || state.flowLevel > 0 ? 0 : indentNext;
    },
    set: (value: number) => indentNext = value,
  });
  return lexer;
}

function composed(tokens: CST.Token[], end: number): Omit<ParsedChunk, "nodes"> {
  const [document, ...more] = new Composer(OPTIONS).compose(tokens, false, end);
  const directive = tokens.find(({ type }) => type === "directive");
  if (directive !== undefined) {
    const message = "begins with a directive (%), which kubectl does not read; remove that line";
    return { problems: [{ offset: directive.offset, message }] };
  }
  if (document === undefined) return { problems: [] };
  const problems = syntaxProblems(document, more);
  return problems.length > 0 ? { problems } : { document, problems };
}

/** Of no consequence to libyaml, which takes `|#` and `[#` as if a space stood between. */
const TIGHT_COMMENT = "Comments must be separated from other tokens by white space characters";

/** How the parser begins a sentence in which it repeats what is in the file. */
const QUOTING: readonly string[] = [
  "Anchor must not contain whitespace or control characters",
  "Block scalar header includes extra characters",
  "Could not resolve tag",
  "Invalid escape sequence",
  "Keys with collection values will be stringified",
  "Not a YAML token",
  "Not a valid tag",
  "Ordered maps must not include duplicate keys",
  "Unknown directive",
  "Unresolved alias",
  "Unresolved plain scalar",
  "Unresolved tag",
  "Unsupported YAML version",
  "Verbatim tags aren't resolved",
];

/** What the parser says, without what it repeats of the file: that may be a password, as some begin with `*`, `!` or `|`. */
function syntaxWords(message: string): string {
  const quoting = QUOTING.find((words) => message.startsWith(words));
  if (quoting !== undefined) return `${quoting}; put it in quotes if it is a text`;
  if (message.endsWith(" tag has no suffix")) return "a tag has no suffix";
  return message.replace(/\.$/, "");
}

function syntaxProblems(
  document: Document.Parsed,
  more: readonly Document.Parsed[],
): OffsetProblem[] {
  // What follows the first one is mostly a consequence of it.
  const errors = document.errors.filter((error) => error.message !== TIGHT_COMMENT).map((
    error,
  ) => ({
    offset: error.pos[0],
    message: `not valid YAML: ${syntaxWords(error.message)}`,
  }));
  if (errors.length > 0) return errors.slice(0, 1);
  const [next] = more.filter(({ contents }) => contents !== null);
  if (next === undefined) return [];
  const message = "here another document begins, which kubectl would pass over; " +
    "put a line of --- before it, and nothing else on that line";
  return [{ offset: next.contents?.range?.[0] ?? next.range[0], message }];
}
