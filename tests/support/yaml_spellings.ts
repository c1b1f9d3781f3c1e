/**
 * Spellings of manifests, made from lists of parts: what `kubectl` makes of each is what a reader of manifests must make of
 * it. Some are refused by `kubectl`, and some by Meshwright on purpose.
 */
export interface Spelling {
  /** What is tried, to find it by; unique. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
const JSON_HEAD = '"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}';

/** Texts in places where a value, a key or lines of a map stand. */
interface Parts {
  /** Texts that YAML 1.1, YAML 1.2, Go and people read in different ways. */
  readonly plain: readonly string[];
  /** As keys, where each kind of value becomes a text again. */
  readonly keys: readonly string[];
  readonly tagged: readonly string[];
  /** Over several lines. */
  readonly blocks: readonly string[];
  /** In place of all members. */
  readonly maps: readonly string[];
  readonly separators: readonly string[];
  /** Numbers of JSON, and what is none. */
  readonly numbers: readonly string[];
}

const PARTS = new URL("../fixtures/spellings/parts.json", import.meta.url);

/** A name and the text of a whole file. */
type File = readonly [string, string];

const ONE = `${HEAD}spec: {v: "1"}\n`;
const TWO = ONE.replace("name: a", "name: b");
const JSON_ONE = `{${JSON_HEAD},"spec":{"v":"1"}}`;
const JSON_TWO = JSON_ONE.replace('"a"}', '"b"}');
const MARK = "\uFEFF";

function separated(separators: readonly string[]): File[] {
  return separators.flatMap((text): File[] => {
    const shown = JSON.stringify(text);
    return [
      [`between ${shown}`, ONE + text + TWO],
      [`before ${shown}`, text + ONE],
      [`after ${shown}`, ONE + text],
    ];
  });
}

function characters(): File[] {
  return [
    ["mark at the start", MARK + ONE],
    ["two marks at the start", MARK + MARK + ONE],
    ["mark in the middle of a line", ONE.replace("v:", `${MARK}v:`)],
    ["mark within a text", ONE.replace('"1"', `"1${MARK}2"`)],
    ["mark at the end", ONE + MARK],
    ["mark on a line of its own", `${ONE}${MARK}\n---\n${TWO}`],
    ["Windows line ends", (ONE + "---\n" + TWO).replaceAll("\n", "\r\n")],
    [
      "Windows line ends, block text",
      `${HEAD}spec:\n  v: |\n    a\n    b\n`.replaceAll("\n", "\r\n"),
    ],
    ["old Mac line ends", ONE.replaceAll("\n", "\r")],
    ["no line end at the end", ONE.trimEnd()],
    ["lines with trailing spaces", ONE.replaceAll("\n", "  \n")],
    ["indented throughout", ONE.replaceAll(/^/gm, "  ").trimEnd()],
    ["directive 1.1", `%YAML 1.1\n---\n${ONE}`],
    ["directive 1.2", `%YAML 1.2\n---\n${ONE}`],
    ["directive 1.3", `%YAML 1.3\n---\n${ONE}`],
    ["tag directive", `%TAG !e! tag:yaml.org,2002:\n---\n${HEAD}spec: {v: !e!str 1}\n`],
    ["unknown directive", `%FOO bar\n---\n${ONE}`],
    ["NUL", ONE.replace('"1"', '"1\0"')],
    ["control character", ONE.replace('"1"', '"1\x01"')],
    ["delete character", ONE.replace('"1"', '"1\x7f"')],
    ["form feed", ONE.replace("\nspec", "\n\fspec")],
    ["next line character", ONE.replaceAll("\n", "\u0085")],
    ["line separator", ONE.replace('"1"', '"1\u20282"')],
    ["lone surrogate in JSON", JSON_ONE.replace('"1"', '"\\ud800"')],
    ["text after a document", `${ONE}a\n`],
  ];
}

function jsonFiles(numbers: readonly string[]): File[] {
  return [
    ["JSON", JSON_ONE],
    ["JSON over lines with tabs", JSON.stringify(JSON.parse(JSON_ONE), undefined, "\t")],
    ["JSON, two in a row", JSON_ONE + JSON_TWO],
    ["JSON, one a line", `${JSON_ONE}\n${JSON_TWO}\n`],
    ["JSON, with a separator", `${JSON_ONE}\n---\n${JSON_TWO}\n`],
    ["JSON, separator first", `---\n${JSON_ONE}\n---\n${JSON_TWO}\n`],
    ["JSON, then YAML", `${JSON_ONE}\n---\n${TWO}`],
    ["YAML, then JSON", `${ONE}---\n${JSON_TWO}`],
    ["YAML, then JSON, two in a row", `${ONE}---\n${JSON_ONE}\n${JSON_TWO}`],
    ["JSON with a mark", MARK + JSON_ONE],
    ["JSON with spaces before", `\n\n  ${JSON_ONE}`],
    ["JSON, then a comment", `${JSON_ONE}\n# c\n`],
    ["comment, then JSON", `# c\n${JSON_ONE}\n`],
    ["JSON with a comma too many", JSON_ONE.replace('"1"}', '"1",}')],
    ["JSON with a key twice", JSON_ONE.replace('"1"}', '"1","v":"2"}')],
    ["JSON with an escaped slash", JSON_ONE.replace('"1"', '"a\\/b\\u00e9\\ud83d\\ude00"')],
    ["JSON with raw control characters", JSON_ONE.replace('"1"', '"a\tb"')],
    ...numbers.map((text): File => [`JSON number ${text}`, JSON_ONE.replace('"1"', text)]),
  ];
}

function lists(): File[] {
  const list = (items: string, kind = "List") => `apiVersion: v1\nkind: ${kind}\nitems:${items}\n`;
  const item = (name: string) => `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}`;
  return [
    ["flow map as a file", item("a")],
    ["flow map after a separator", `---\n${item("a")}`],
    ["list", list(`\n- ${item("a")}\n- ${item("b")}`)],
    ["list of a kind", list(`\n- ${item("a")}`, "ConfigMapList")],
    [
      "list in list",
      list(`\n- {apiVersion: v1, kind: List, items: [${item("a")}]}\n- ${item("b")}`),
    ],
    ["list, empty", `${list(" []")}---\n${ONE}`],
    ["list, null", `${list("")}---\n${ONE}`],
    ["list with null", list(`\n- ${item("a")}\n-`)],
    ["list without items", `apiVersion: v1\nkind: List\n---\n${ONE}`],
    ["list with metadata", list(`\n- ${item("a")}\nmetadata: {resourceVersion: ""}`)],
    ["list of items without kind", list(`\n- {metadata: {name: a}}`, "ConfigMapList")],
    [
      "kind ends with List, no items",
      `${ONE}---\napiVersion: v1\nkind: AllowList\nmetadata: {name: l}\nspec: {}\n`,
    ],
    [
      "kind ends with List, items in spec",
      `${ONE}---\napiVersion: v1\nkind: AllowList\nmetadata: {name: l}\nspec: {items: []}\n`,
    ],
    [
      "items that are no list",
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nitems: {a: b}\n`,
    ],
    [
      "items of another kind",
      `apiVersion: v1\nkind: Thing\nmetadata: {name: a}\nitems: [${item("b")}]\n`,
    ],
    ["JSON list", `{"apiVersion":"v1","kind":"List","items":[${JSON_ONE},${JSON_TWO}]}`],
  ];
}

function otherFiles(): File[] {
  return [
    ["empty documents", `---\n---\n# c\n---\n${ONE}---\n---\nnull\n---\n~\n---\n${TWO}`],
    ["comments everywhere", `# a\n${ONE}# b\n---\n# c\n${TWO}# d\n`],
    [
      "anchors across documents",
      `${HEAD}spec: {v: &x "1"}\n---\n${HEAD.replace("a}", "b}")}spec: {v: *x}\n`,
    ],
    ["long key", `${HEAD}spec: {${"k".repeat(1100)}: "1"}\n`],
    ["long key on a line", `${HEAD}spec:\n  ${"k".repeat(1100)}: "1"\n`],
    ["deep", `${HEAD}spec: ${"[".repeat(60)}${"]".repeat(60)}\n`],
  ];
}

/** All of the spellings. */
export async function yamlSpellings(): Promise<Spelling[]> {
  const parts = JSON.parse(await Deno.readTextFile(PARTS)) as Parts;
  const encode = (text: string) => new TextEncoder().encode(text);
  const values = (group: string, texts: readonly string[], around: (text: string) => string) =>
    texts.map((text): [string, string] => [`${group} ${JSON.stringify(text)}`, around(text)]);
  const all: [string, string][] = [
    ...values("value", parts.plain, (text) => `${HEAD}spec:\n  v: ${text}\n`),
    ...values(
      "in brackets",
      parts.plain.filter((_, at) => at % 3 === 0),
      (text) => `${HEAD}spec: {v: [${text}]}\n`,
    ),
    ...values("key", parts.keys, (text) => `${HEAD}spec:\n  x: &x 1\n  ${text}: b\n`),
    ...values("key in braces", parts.keys, (text) => `${HEAD}spec: {${text}: b}\n`),
    ...values("tagged", parts.tagged, (text) => `${HEAD}spec:\n  v: ${text}\n`),
    ...values("block", parts.blocks, (text) => `${HEAD}spec:\n  v: ${text}\n`),
    ...values("block before more", parts.blocks, (text) => `${HEAD}spec:\n  v: ${text}\n  w: z\n`),
    ...values("map", parts.maps, (text) => `${HEAD}spec:\n  ${text}\n`),
    ...[
      ...separated(parts.separators),
      ...characters(),
      ...jsonFiles(parts.numbers),
      ...lists(),
      ...otherFiles(),
    ].map(([name, text]): [string, string] => [`file: ${name}`, text]),
  ];
  return [...all.map(([name, text]) => ({ name, bytes: encode(text) })), ...encodings()];
}

function encodings(): Spelling[] {
  const text = `${HEAD}spec: {v: "é😀"}\n---\n${HEAD.replace("a}", "b}")}`;
  const wide = (isLittle: boolean, from: string) =>
    new Uint8Array(
      [...from].flatMap((character) =>
        Array.from({ length: character.length }, (_, at) => character.charCodeAt(at)).flatMap((
          unit,
        ) => isLittle ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff])
      ),
    );
  return [
    { name: "UTF-16, little end first, with a mark", bytes: wide(true, `\uFEFF${text}`) },
    { name: "UTF-16, big end first, with a mark", bytes: wide(false, `\uFEFF${text}`) },
    { name: "UTF-16, little end first, without a mark", bytes: wide(true, text) },
    {
      name: "bytes that are no UTF-8",
      bytes: new Uint8Array([
        ...new TextEncoder().encode(`${HEAD}spec: {v: "`),
        0xff,
        0xc3,
        0x22,
        0x7d,
        0x0a,
      ]),
    },
    { name: "nothing", bytes: new Uint8Array() },
  ];
}
