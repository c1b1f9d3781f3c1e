/** Hostile inputs, made by a generator: the same seed gives the same ones. */
import { seeded } from "../support/seeded.ts";
import { REPOSITORY_KINDS } from "./repositories.ts";

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
  | "secret"
  | "request"
  | "repository";

export interface HostileInput {
  readonly kind: InputKind;
  readonly text: string;
}

const KINDS: readonly Exclude<InputKind, "repository">[] = [
  ...["yaml", "glob", "template", "window", "tree"] as const,
  ...["address", "review", "push", "secret", "request"] as const,
];

/** Every so often a whole repository: each takes half a second. */
const REPOSITORY_EVERY = 40;

/** Pieces that have hurt parsers, by what is parsed; a repository is made from a seed. */
const PIECES: Readonly<Record<Exclude<InputKind, "repository">, readonly string[]>> = {
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
  request: [
    ...["GET /healthz HTTP/1.1\r\nHost: a\r\n", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"],
    ...["POST /receive/a/b HTTP/1.1\r\nHost: a\r\n", "GET /readyz/x?verbose HTTP/1.1\r\n"],
    "POST /validate-compute-functionmesh-io-v1alpha1-function HTTP/1.1\r\nHost: a\r\n",
    ...["GET // HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n"],
    ...[
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x16\x03\x01\x00\xff",
    ],
    ...["\r\n", "\r\n\r\n", "\n", "\0", "\ufffd", "X: a\r\n", "X-", ": ", "%", "/", "a", " ", ";"],
    ...["Content-Length: 4000000\r\n\r\n", "Content-Length: -1\r\n", "Content-Length: 2\r\n\r\n{}"],
    ...["Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", "fffffffffffffffff\r\n", "0\r\n\r\n"],
    ...[
      "Expect: 100-continue\r\n",
      "Expect: x\r\n",
      "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ],
    ...["Content-Type: text/html\r\n", "Content-Encoding: gzip\r\n", "Authorization: Bearer a\r\n"],
    ...["X-Gitlab-Token: a\r\n", `X-Hub-Signature-256: sha256=${"0".repeat(64)}\r\n`, '{"a":', "["],
  ],
  address: ["http://", "git@", ":", "@", "[::1]", "127.0.0.1", "0x7f", "/", "%", "..", "a."],
};

/** So many inputs, of all kinds in turn: some short, some of one piece a thousand times over. */
export function* hostileInputs(seed: number, count: number): Generator<HostileInput> {
  const chance = seeded(seed);
  const pick = (pieces: readonly string[]) => pieces[Math.floor(chance() * pieces.length)] ?? "";
  for (let index = 0; index < count; index++) {
    if (index % REPOSITORY_EVERY === REPOSITORY_EVERY - 1) {
      const which = Math.floor(index / REPOSITORY_EVERY) % REPOSITORY_KINDS.length;
      yield { kind: "repository", text: `${REPOSITORY_KINDS[which]}/${seed + index}` };
      continue;
    }
    const kind = KINDS[index % KINDS.length] ?? "yaml";
    const words = Array.from({ length: 1 + Math.floor(chance() * 12) }, () => pick(PIECES[kind]));
    const repeats = chance() < 0.2 ? 1 + Math.floor(chance() * 1_000) : 1;
    yield { kind, text: words.join("") + pick(words).repeat(repeats) };
  }
}
