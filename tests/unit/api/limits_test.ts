import { durationMs, parseQuantity, problems, templateParts } from "#api";
import { assertEquals } from "@std/assert";
import { problemPaths, syncWith, untyped } from "./resources_for_tests.ts";

type SyncSpec = Parameters<typeof syncWith>[0];

const window = { kind: "deny", schedule: "0 8 * * 1-5", duration: "1h" } as const;
const hook = { type: "slack", address: "https://example.org/" } as const;

/** Members that may be so long or many, and no more. */
const LIMITED: readonly (readonly [string, number, (count: number) => SyncSpec])[] = [
  ["spec.windows", 20, (count) => ({ windows: Array(count).fill(window) })],
  ["spec.notify", 20, (count) => ({ notify: Array(count).fill(hook) })],
  [
    "spec.notify[0].template",
    4096,
    (count) => ({ notify: [{ ...hook, template: "a".repeat(count) }] }),
  ],
  ["spec.include", 200, (count) => ({ include: Array(count).fill("*.yaml") })],
  ["spec.exclude[0]", 1024, (count) => ({ exclude: ["a".repeat(count)] })],
  ["spec.path", 1024, (count) => ({ path: "a".repeat(count) })],
  ["spec.dependsOn", 100, (count) => ({ dependsOn: Array(count).fill({ name: "other" }) })],
  [
    "spec.variables",
    500,
    (count) => ({
      variables: Object.fromEntries(Array.from({ length: count }, (_, index) => [`A${index}`, ""])),
    }),
  ],
  ["spec.variables.A", 65_536, (count) => ({ variables: { A: "a".repeat(count) } })],
];

for (const [path, most, spec] of LIMITED) {
  Deno.test(`a MeshSync's ${path} has an end`, () => {
    assertEquals(problemPaths(syncWith(spec(most))), []);
    const [problem, ...others] = problems(syncWith(spec(most + 1)));
    assertEquals([problem?.path, others], [path, []]);
    assertEquals(problem?.message.endsWith(`; give at most ${most}`), true, problem?.message);
  });
}

Deno.test("characters are counted as an API server does, one for a pair of surrogates", () => {
  assertEquals(problemPaths(syncWith({ path: "😀".repeat(1024) })), []);
  assertEquals(problemPaths(syncWith({ path: "😀".repeat(1025) })), ["spec.path"]);
});

Deno.test("templateParts() reads braces that nobody closes once", () => {
  // Quadratic or worse in a matcher that begins anew at each of them: the test would not end.
  assertEquals(templateParts("{{".repeat(1_000_000)).length, 1);
  assertEquals(templateParts("{{ ".repeat(1_000_000) + "}}").length, 1);
});

Deno.test("templateParts() leaves text as it is", () => {
  assertEquals(templateParts(""), []);
  assertEquals(templateParts("}} a {b}").map(({ text }) => text), ["}} a {b}"]);
  assertEquals(templateParts("a{{b}}{{c}}d").map(({ type, text }) => [type, text]), [
    ["text", "a"],
    ["field", "{{b}}"],
    ["field", "{{c}}"],
    ["text", "d"],
  ]);
});

Deno.test("durations of up to ten years are taken for intervals, and longer ones are named", () => {
  for (const interval of ["720h", "8784h", "87600h", "87840h", "1h30m", "1000000s"]) {
    assertEquals(problemPaths(syncWith({ interval, timeout: interval })), [], interval);
    assertEquals(Number.isSafeInteger(durationMs(interval)), true, interval);
  }
  for (const interval of ["87841h", `${"9".repeat(60)}h`]) {
    assertEquals(problemPaths(syncWith({ interval })), ["spec.interval"], interval);
    assertEquals(
      problemPaths(syncWith({ windows: [{ ...window, duration: interval }] })),
      ["spec.windows[0].duration"],
      interval,
    );
  }
  assertEquals(problemPaths(syncWith({ interval: `${"9".repeat(64)}h` })), ["spec.interval"]);
});

Deno.test("a finding repeats the beginning of what was given, not a megabyte of it", () => {
  const long = "a b".repeat(300_000);
  const function_ = untyped("Function", { input: { topics: [long] }, output: { topic: long } });
  for (const { path, message } of problems(function_)) {
    assertEquals(message.length < 600, true, path);
  }
});

Deno.test("parseQuantity() takes no number of a thousand digits", () => {
  assertEquals(parseQuantity("9".repeat(1000)), undefined);
});

Deno.test("problems() of a MeshSync names what the Git side refuses as well: passwords in addresses, odd refs", () => {
  const found = problems(syncWith({ url: "https://bot:s3cret@git.example/a.git" }));
  assertEquals(found, [{
    path: "spec.url",
    message: "holds a password; put it in a Secret and name that in spec.secretRef",
  }]);
  for (const branch of ["@", "a/.b", "a.lock/b", "a b", "-x", "a\u0001"]) {
    assertEquals(problemPaths(syncWith({ ref: { branch } })), ["spec.ref.branch"], branch);
  }
  assertEquals(problemPaths(syncWith({ ref: { tag: "release/v1.0.0", branch: "" } })), []);
});
