/** Hostile inputs, made by a generator: the same seed gives the same ones. */

/** What an input is given to. */
export type InputKind =
  | "yaml"
  | "glob"
  | "template"
  | "window"
  | "tree"
  | "address"
  | "review"
  | "push"
  | "secret";

export interface HostileInput {
  readonly kind: InputKind;
  readonly text: string;
}

const KINDS: readonly InputKind[] = [
  ...["yaml", "glob", "template", "window", "tree"] as const,
  ...["address", "review", "push", "secret"] as const,
];

/** Pieces that have hurt parsers, by what is parsed. */
const PIECES: Readonly<Record<InputKind, readonly string[]>> = {
  yaml: [
    ...["- ", "? ", "[", "{", "]", "}", ": ", "&a ", "*a", "<<: *a\n", "---\n", "|\n", "!!x "],
    ...['"', "'", "\\x41", "\u2028", "\r", "#\n", "${A}", "${a-", "1,", "a: 1\n", "sops:\n", "{{"],
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
  ],
  glob: ["*", "**/", "?", "[a-z]", "[!", "\\", "a", "/", "{a,b}", "!", "*a"],
  template: ["{{", "}}", "{", "}", "{{ sync }}", "{{message", " ", "a"],
  window: ["*", "/1", ",", "-", "0", "31", "2", "59", " ", "L", "#5", "W"],
  tree: ["100644 blob ", "a".repeat(40), "\t", "\0", "../", ".yaml", "120000 blob ", "x/"],
  review: [
    ...['{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"a",'],
    ...['"operation":"CREATE","object":{"spec":{', '"kind":{"kind":"Function"},', '"a":', "["],
    ...[
      "{",
      "}",
      "]",
      '"',
      "\\",
      "\\u0000",
      "1e999",
      "-",
      "{{",
      '"notify":[{"template":"{{"}]',
      ",",
    ],
  ],
  push: [
    ...['{"ref":"refs/heads/', '"commits":[', '{"added":["', '"repository":{"clone_url":"https://'],
    ...['"git_http_url":"', "git@", "..", "%2e", "[::1]", "{", "}", "[", "]", '"', ",", ":", "\\"],
  ],
  secret: [
    "hunter2",
    "aHVudGVyMg==",
    "\\",
    '"',
    "\\u0068",
    "%68",
    "&quot;",
    "\n",
    "1",
    "h",
    "unter",
  ],
  address: ["http://", "git@", ":", "@", "[::1]", "127.0.0.1", "0x7f", "/", "%", "..", "a."],
};

/** Numbers from 0 to 1 that depend on the seed alone. */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many inputs, of all kinds in turn: some short, some of one piece a thousand times over. */
export function* hostileInputs(seed: number, count: number): Generator<HostileInput> {
  const chance = chances(seed);
  const pick = (pieces: readonly string[]) => pieces[Math.floor(chance() * pieces.length)] ?? "";
  for (let index = 0; index < count; index++) {
    const kind = KINDS[index % KINDS.length] ?? "yaml";
    const words = Array.from({ length: 1 + Math.floor(chance() * 12) }, () => pick(PIECES[kind]));
    const repeats = chance() < 0.2 ? 1 + Math.floor(chance() * 1_000) : 1;
    yield { kind, text: words.join("") + pick(words).repeat(repeats) };
  }
}
