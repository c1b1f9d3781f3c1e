import { assertEquals } from "@std/assert";
import { fileText } from "#base";
import { readManifests } from "#manifests";
import type { Variables } from "../../src/manifests/variables.ts";
import { picked, seeded } from "../support/seeded.ts";
import { yamlSpellings } from "../support/yaml_spellings.ts";

const SEED = 20261128;
const ROUNDS = 5_000;

const PIECES = [
  ...[
    "\n",
    " ",
    "  ",
    "\t",
    ":",
    ": ",
    "- ",
    "?",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "#",
    " #",
    "&a ",
    "*a",
    "!",
    "!!str ",
  ],
  ...[
    "!!int ",
    "|",
    ">",
    "|-\n",
    "'",
    '"',
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "<<: ",
    "\\",
    "\\u00",
    "0",
    "1e",
    "~",
    "\0",
  ],
  ...[
    "\uFEFF",
    "\r",
    "\u0085",
    "é",
    "😀",
    "\ud800",
    "${A}",
    "$${A}",
    "${A:-",
    "${B}",
    "items:\n",
    "kind: List\n",
    "sops:\n",
  ],
  ...[
    "apiVersion: v1\n",
    "kind: ConfigMap\n",
    "metadata:\n",
    "  name: a\n",
    "data:\n",
    "stringData:\n",
    "__proto__: ",
    "{{",
  ],
];

const VARIABLES: Variables = new Map([["A", { value: "x: [y", isSecret: true }]]);

/** A text with a few pieces put in, doubled or cut out. */
function changed(text: string, chance: () => number): string {
  let result = text;
  for (let step = 0; step < 1 + Math.floor(chance() * 6); step++) {
    const at = Math.floor(chance() * (result.length + 1));
    const end = Math.min(result.length, at + Math.floor(chance() * 12));
    const put = chance() < 0.6
      ? picked(chance, PIECES)
      : chance() < 0.5
      ? ""
      : result.slice(at, end).repeat(2);
    result = result.slice(0, at) + put + result.slice(chance() < 0.5 ? at : end);
  }
  return result;
}

Deno.test("readManifests() answers with objects or problems with a place, whatever it is given", async () => {
  const chance = seeded(SEED);
  const texts = (await yamlSpellings()).map(({ bytes }) => fileText(bytes));
  for (let round = 0; round < ROUNDS; round++) {
    const text = changed(picked(chance, texts), chance);
    const options = chance() < 0.5 ? { variables: VARIABLES } : {};
    try {
      const { documents, problems, warnings } = readManifests([{ path: "a.yaml", text }], options);
      for (const { object } of documents) {
        assertEquals([typeof object.kind, typeof object.metadata.name], ["string", "string"]);
      }
      for (const { line, message } of [...problems, ...warnings]) {
        const last = text.split("\n").length + 1;
        assertEquals([line >= 0 && line <= last, message.length > 0], [true, true]);
      }
    } catch (error) {
      throw new Error(`Cannot read ${JSON.stringify(text)}`, { cause: error });
    }
  }
});
