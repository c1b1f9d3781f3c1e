import { problems, type RuleOptions, warnings } from "#api";
import { assertEquals } from "@std/assert";
import { type GoldenCase, goldenCases } from "./golden_cases.ts";

/** Where the reference refuses and a better operator need not (W-22, W-40). */
const RELAXED: ReadonlySet<string> = new Set(["spec.resources", "spec.replicas"]);

/** Cases whose validity is not that of the reference: name, and what was found. */
function disagreements(options: RuleOptions): string[] {
  return goldenCases().filter(isComparable).flatMap((golden) => {
    const found = problems(golden.input, options);
    const same = (golden.invalid !== undefined) === found.length > 0;
    return same ? [] : [golden.name];
  });
}

function isComparable(golden: GoldenCase): boolean {
  const relaxed = golden.invalid?.every((path) => RELAXED.has(path)) ?? false;
  return golden.panic === undefined && !relaxed;
}

Deno.test("goldenCases() finds the cases of the reference", () => {
  assertEquals(goldenCases().length >= 281, true);
});

Deno.test("problems() refuses what the reference refuses, and nothing else", () => {
  assertEquals(disagreements({ zeroReplicas: "refuse", unknownMembers: "refuse" }), []);
});

Deno.test("problems() takes replicas 0 where the reference does not (W-40)", () => {
  const differing = disagreements({});
  const scaledToZero = goldenCases().filter((golden) => {
    const { replicas } = golden.input.spec as { readonly replicas?: number };
    return differing.includes(golden.name) && replicas === 0;
  });
  assertEquals(scaledToZero.map((golden) => golden.name), differing);
  assertEquals(differing.length > 0, true);
});

Deno.test("problems() names a field of the resource and a remedy in every golden case", () => {
  for (const golden of goldenCases()) {
    for (const problem of [...problems(golden.input), ...warnings(golden.input)]) {
      assertEquals(/^(spec|metadata)\b/.test(problem.path), true, problem.path);
      assertEquals(/[^.]$/.test(problem.message), true, problem.message);
      assertEquals(problem.message.includes(";"), true, problem.message);
    }
  }
});

Deno.test("problems() says the same in the same order, and leaves its input alone", () => {
  for (const golden of goldenCases()) {
    const before = JSON.stringify(golden.input);
    const first = problems(golden.input);
    assertEquals(problems(shuffled(golden.input)), first);
    assertEquals(JSON.stringify(golden.input), before);
  }
});

/** The same object with its members in the opposite order. */
function shuffled<T>(value: T): T {
  if (Array.isArray(value)) return value.map(shuffled) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).reverse().map(([name, member]) => [name, shuffled(member)]),
  ) as T;
}
