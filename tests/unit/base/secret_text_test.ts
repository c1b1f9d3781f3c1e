import { assert, assertEquals } from "@std/assert";
import { withoutValues, withoutValuesIn } from "#base";
import { numberSpellings, secretSpellings } from "../../support/secret_spellings.ts";

Deno.test("withoutValues() masks the longest value first, and short ones only where they stand alone", () => {
  assertEquals(withoutValues("secret-long and secret", ["secret", "secret-long"]), "*** and ***");
  assertEquals(withoutValues("port 80 of 8080", ["80"]), "port *** of 8080");
  assertEquals(withoutValues("nothing", [""]), "nothing");
  assert(!withoutValues("a.b*c", ["b*c"]).includes("b*c"));
});

Deno.test("withoutValues() cleans a text of a hundred thousand values as of a few", () => {
  const secrets = Array.from(
    { length: 100_000 },
    (_, at) => `secret-${String(at).padStart(6, "0")}`,
  );
  const text = 'Invalid value: "secret-077777": secret-000001secret-099999 of 7, not secret-100000';
  assertEquals(
    withoutValues(text, secrets),
    'Invalid value: "***": *** of 7, not secret-100000',
  );
  const messages = Array.from(
    { length: 1_000 },
    (_, at) => `${at}: secret-${String(at).padStart(6, "0")}`,
  );
  assertEquals(
    messages.map((one) => withoutValues(one, secrets)),
    messages.map((_, at) => `${at}: ***`),
  );
  secrets.push("added");
  assertEquals(withoutValues("what was added", secrets), "what was ***");
});

const VALUES = [
  "MARK-plain-secret/Value",
  "MARK\"in<side>&\nsecond'é",
  "MARK\\back\\slash\ttab%41",
  "Pa$$w0rd with spaces",
  "ключ-к-замку",
];

/** A part of a value from its middle, in each of its spellings. */
function partsOf(value: string): string[] {
  return [...secretSpellings(value)].filter(([name]) => name !== "a nested struct")
    .map(([, spelling]) => {
      const at = Math.floor(spelling.length / 4);
      return spelling.slice(at, at + 7);
    });
}

Deno.test("withoutValues() finds a value in every spelling, wherever it stands (H3)", () => {
  for (const value of VALUES) {
    for (const [name, spelling] of secretSpellings(value)) {
      const text = `cannot apply: Invalid value: ${spelling}`;
      const cleaned = withoutValues(text, [value]);
      assert(cleaned.includes("***"), `${value} as ${name}: ${cleaned}`);
      const shown = partsOf(value).filter((part) => cleaned.includes(part));
      assertEquals(shown, [], `${value} as ${name}: ${cleaned}`);
      assert(cleaned.startsWith("cannot apply: Invalid value: "), `${name}: ${cleaned}`);
    }
  }
});

Deno.test("withoutValues() finds the number that was read from a value (H3)", () => {
  for (const value of ["81726354", "81_726_354", "8.1726354e7", "0x4df0b92", " 81726354\n"]) {
    for (const [name, spelling] of numberSpellings(81_726_354)) {
      const cleaned = withoutValues(`spec.replicas: ${spelling}: must be less`, [value]);
      assert(cleaned.includes("***"), `${value} as ${name}: ${cleaned}`);
      assert(!/8\.?1726354|4df0b92/.test(cleaned), `${value} as ${name}: ${cleaned}`);
    }
  }
  assertEquals(
    withoutValues("is 4096Mi or 4Gi", ["4194304Ki"]),
    "is *** or ***",
  );
  assertEquals(withoutValues("got {Value:420}, 02644 is 1444", ["02644"]).includes("1444"), false);
  assertEquals(withoutValues("must be text, but is true", ["yes"]), "must be text, but is ***");
});

Deno.test("withoutValues() finds lines of a key, and short values in other spellings", () => {
  const key =
    "-----BEGIN KEY-----\nMARKabcdefghijklmnopqrstuvwxyz\nMARK0123456789\n-----END KEY-----\n";
  const cleaned = withoutValues('error in "MARKabcdefghijklmnopqrstuvwxyz", near MARK0123456789', [
    key,
  ]);
  assertEquals(cleaned, 'error in "***", near ***');
  const short = withoutValues("cHcx, cHcx of PW1: 707731, pw1, spw1s", ["pw1"]);
  assertEquals(short, "***, *** of ***: ***, ***, spw1s");
});

Deno.test("withoutValues() leaves the words of a message alone", () => {
  const text =
    "spec.template.spec.containers[0].image: Invalid value: 12: must be no more than 63 bytes, " +
    "see https://kubernetes.io/docs/concepts (409 Conflict) 3f6c1d0e 2026-11-28T05:13:00Z";
  assertEquals(withoutValues(text, ["another-secret", "81726354", "x1"]), text);
});

Deno.test("withoutValuesIn() cleans every value of a tree, and keeps what is no value", () => {
  const facts = { a: { b: ["is s3cret", 81726354, true] }, c: null, d: undefined };
  assertEquals(withoutValuesIn(facts, ["s3cret", "81726354"]), {
    a: { b: ["is ***", "***", true] },
    c: null,
    d: undefined,
  });
});

Deno.test("withoutValues() takes time in proportion to the length of what it reads", () => {
  // Not timed: a quadratic search of this would not end within the life of a test.
  const secrets = ["a".repeat(50_000), `${"ab".repeat(20_000)}!`, "MARK-secret"];
  const text = `${"ab".repeat(200_000)}${"\\".repeat(50_000)}${"%".repeat(50_000)} MARK-secret`;
  assert(withoutValues(text, secrets).endsWith(" ***"));
});

Deno.test("withoutValues() says of a new list what it says of one that it knows", () => {
  const texts = [...VALUES, "471147", "12Mi", "12345k", "true"].flatMap((value) => [
    `nothing of ${value.slice(0, 3)}`,
    ...[...secretSpellings(value)].map(([, spelling]) => `cannot apply: ${spelling}, it says`),
    ...[...secretSpellings(value)].map(([, spelling]) => `cut: ${spelling.slice(0, 9)}...`),
    ...[...numberSpellings(Number.parseInt(value) || 7)].map(([, said]) => `a number: ${said}`),
  ]);
  const lists = [...VALUES, "471147", "12Mi", "12345k", "true"].map((
    value,
  ) => [value, "elsewhere"]);
  for (const known of lists) {
    // Asked so often that all that is looked for is known.
    for (let asked = 0; asked < 9; asked++) withoutValues("not here", known);
    for (const text of texts) {
      assertEquals(
        withoutValues(text, [...known]),
        withoutValues(text, known),
        `${known}: ${text}`,
      );
    }
  }
});
