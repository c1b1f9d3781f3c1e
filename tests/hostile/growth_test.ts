/** What takes ten times as long a text takes ten times as long, not a hundred: a curve, not a time. */
import { assert } from "@std/assert";
import { templateParts } from "#api";
import { withoutValues } from "#base";
import { readManifests, selectedFiles } from "#manifests";
import { threadMs } from "./thread_time.ts";

/** Less cannot be told from what the runtime does besides. */
const NOISE_MS = 3;

/** The least of three tries, in time of this thread: what else goes on only makes them longer. */
async function leastMs(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < 3; attempt++) {
    const startMs = threadMs();
    await work();
    least = Math.min(least, threadMs() - startMs);
  }
  return Math.max(least, NOISE_MS);
}

const repeated = (piece: string) => (length: number) =>
  piece.repeat(Math.ceil(length / piece.length));

const VARIABLES = new Map([
  ["A", { value: "value", isSecret: false }],
  ["a", { value: "hunter2-secret", isSecret: true }],
]);

/** How each reads a text, and texts that are the worst for it. */
const READERS: Readonly<
  Record<string, { readonly read: (text: string) => unknown; readonly pieces: readonly string[] }>
> = {
  "a template": {
    read: templateParts,
    pieces: ["{{", "{{ a", "}}", "{{ sync }}", "{ {", "{{}", "{{{{}}"],
  },
  "substitution": {
    read: (text) =>
      readManifests([{
        path: "a.yaml",
        text: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '${text}'}\n`,
      }], { variables: VARIABLES }),
    pieces: ["${", "${a-", "${A}", "$", "$${A}", "${A:=", "${A", "}${", "${A:-${"],
  },
  "redaction": {
    read: (text) =>
      withoutValues(text, ["hunter2-secret", 'quo"ted\\value', "aaaaaaab", "12345678"]),
    pieces: [
      "a",
      "hunter2-secret",
      "hunter2",
      "\\",
      '\\"',
      "%68",
      "\\u0068",
      "1234567",
      "aHVudGVy",
      "&",
    ],
  },
  "a glob": {
    read: (text) =>
      selectedFiles({
        root: "",
        entries: [{ path: `${text}.yaml`, kind: "file", blob: "" }],
        read: () => Promise.resolve([]),
      }, { exclude: ["*a*a*a*a*b", "**/a/**/b/**", "[a-z]*[!a]*x", "?*?*?*b?"] }),
    pieces: ["a", "ab", "aab"],
  },
};

for (const [name, { pieces, read }] of Object.entries(READERS)) {
  Deno.test(`C2: ${name} takes as long as its text, whatever is in it`, async () => {
    for (const piece of pieces) {
      const text = repeated(piece);
      const took: number[] = [];
      for (const length of [1_000, 10_000, 100_000]) {
        const made = text(length);
        took.push(await leastMs(() => read(made)));
      }
      const [small = 0, middle = 0, large = 0] = took;
      const words = `${JSON.stringify(piece)}: ${took.map(Math.round).join(", ")} ms`;
      assert(middle < small * 40 && large < middle * 40, words);
    }
  });
}
