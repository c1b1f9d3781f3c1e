import { canonicalQuantity, isComponent, withDefaults } from "#api";
import { isPlainObject, type KubeObject } from "#base";
import { assertEquals } from "@std/assert";
import { type GoldenCase, goldenCases } from "./golden_cases.ts";

const QUANTITY_MAPS: ReadonlySet<string> = new Set([
  "requests",
  "limits",
  "minAllowed",
  "maxAllowed",
]);

/** The value as the reference's types write it: no zero values, canonical quantities. */
function asWritten(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) {
    return value.length === 0 ? undefined : value.map((item) => asWritten(item));
  }
  if (!isPlainObject(value)) return isZero(value) ? undefined : value;
  const members = Object.entries(value)
    .map(([member, item]) => {
      const isQuantity = QUANTITY_MAPS.has(name) &&
        (typeof item === "string" || typeof item === "number");
      return [member, isQuantity ? canonicalQuantity(item) : asWritten(item, member)];
    })
    .filter(([, item]) => item !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function isZero(value: unknown): boolean {
  return value === null || value === false || value === "" || value === 0;
}

/** A resource without its requests and limits, where the reference would refuse them: ours get defaults (W-22). */
function withoutRefused(object: KubeObject | undefined, golden: GoldenCase): unknown {
  const { resources, ...spec } = isPlainObject(object?.spec) ? object.spec : {};
  const isTaken = golden.invalid?.includes("spec.resources") !== true && golden.panic === undefined;
  return isTaken ? { resources, ...spec } : spec;
}

Deno.test("withDefaults() sets what the reference's webhooks set", () => {
  const compared = goldenCases().filter((golden) =>
    golden.defaulted !== undefined && isComponent(golden.input) &&
    // Differs on purpose: an autoscaler cannot have 0 as its minimum (W-40).
    golden.input.spec.replicas !== 0
  );
  assertEquals(compared.length > 250, true);
  for (const golden of compared) {
    if (!isComponent(golden.input)) continue;
    const own = withoutRefused(withDefaults(golden.input), golden);
    assertEquals(asWritten(own), asWritten(withoutRefused(golden.defaulted, golden)), golden.name);
  }
});

Deno.test("withDefaults() leaves its input alone, and what it made", () => {
  for (const { input } of goldenCases()) {
    if (!isComponent(input)) continue;
    const before = JSON.stringify(input);
    const once = withDefaults(input);
    assertEquals(withDefaults(once), once);
    assertEquals(JSON.stringify(input), before);
  }
});
