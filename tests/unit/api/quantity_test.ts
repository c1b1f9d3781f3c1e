import {
  approximateValue,
  canonicalQuantity,
  compareQuantities,
  integerValue,
  milliValue,
  type ParsedQuantity,
  parseQuantity,
} from "#api";
import { assertEquals } from "@std/assert";

/** Texts at the edges of Kubernetes' rules, with the canonical text. */
const CANONICAL: Readonly<Record<string, string>> = {
  "500m": "500m",
  "1": "1",
  "1Gi": "1Gi",
  "2e9": "2e9",
  "0": "0",
  "00": "0",
  "0.0": "0",
  "1.5Gi": "1536Mi",
  "1024Mi": "1Gi",
  "4096Mi": "4Gi",
  "1000Mi": "1000Mi",
  "0.7": "700m",
  "1000k": "1M",
  "1.3": "1300m",
  "1.1G": "1100M",
  "1e-2": "10e-3",
  "0.1234567891": "123456790n",
  "1000m": "1",
  "+1Gi": "1Gi",
  "-1000m": "-1",
  "0.5Ki": "512",
  "100Ei": "9223372036854775807",
  ".5": "500m",
  "1E": "1E",
  "1000E": "1000E",
};

Deno.test("canonicalQuantity() writes one text for equal values", () => {
  for (const [text, canonical] of Object.entries(CANONICAL)) {
    assertEquals(canonicalQuantity(text), canonical, text);
    assertEquals(canonicalQuantity(canonical), canonical, `${canonical} again`);
  }
});

Deno.test("canonicalQuantity() leaves alone what is no quantity", () => {
  assertEquals(canonicalQuantity("a lot"), "a lot");
});

Deno.test("parseQuantity() refuses what Kubernetes refuses", () => {
  for (const text of ["", "-", ".", "Gi", "1 Gi", "1gi", "1K", "1e", "0x10", "1e99999999", "١"]) {
    assertEquals(parseQuantity(text), undefined, JSON.stringify(text));
  }
});

Deno.test("compareQuantities() compares values, not texts", () => {
  const pairs: readonly (readonly [string, string, number])[] = [
    ["1", "1000m", 0],
    ["1G", "1Gi", -1],
    ["1.1G", "1100M", 0],
    ["2048Mi", "1.1G", 1],
    ["-1", "0", -1],
    ["9007199254740993", "9007199254740992", 1],
  ];
  for (const [a, b, expected] of pairs) {
    assertEquals(compareQuantities(parsed(a), parsed(b)), expected, `${a} and ${b}`);
  }
});

Deno.test("integerValue() and milliValue() round away from zero", () => {
  assertEquals(["100m", "1500m", "1Ki", "-1500m"].map((text) => integerValue(parsed(text))), [
    1n,
    2n,
    1024n,
    -2n,
  ]);
  assertEquals(["0.1", "100u", "2"].map((text) => milliValue(parsed(text))), [100n, 1n, 2000n]);
});

Deno.test("approximateValue() has the rounding of the reference", () => {
  assertEquals(["0.7", "300m", "10u", "1Gi"].map((text) => approximateValue(parsed(text))), [
    0.7000000000000001,
    0.3,
    9.999999999999999e-06,
    1073741824,
  ]);
});

function parsed(text: string): ParsedQuantity {
  const quantity = parseQuantity(text);
  if (quantity === undefined) throw new TypeError(`Cannot read the quantity ${text}`);
  return quantity;
}
