import { assertEquals } from "@std/assert";
import rooms from "../../../scripts/lint_rooms.ts";

function findings(path: string, source: string): string[] {
  return Deno.lint.runPlugin(rooms, `/code/${path}`, source)
    .filter(({ id }) => id === "rooms/pure")
    .map(({ message, range }) => `${source.slice(...range)}: ${message}`);
}

/** Sources, each with what is said about it in a pure room; nothing when left out. */
function table(subject: string, rows: readonly (readonly [source: string, says?: string])[]): void {
  Deno.test(`rooms/pure ${subject}`, () => {
    assertEquals(
      rows.map(([source]) => [source, ...findings("src/plan/x.ts", source)]),
      rows.map(([source, says]) => says === undefined ? [source] : [source, says]),
    );
  });
}

table("refuses the clock", [
  ["Date.now();", "Date: Pure code uses Date.now"],
  ["new Date();", "Date: Pure code uses new Date() without an argument"],
  ["Date();", "Date: Pure code uses Date()"],
  ["const { now } = Date;", "Date: Pure code uses Date under another name"],
  ['Date["now"]();', "Date: Pure code uses a computed member of Date"],
  ["performance.now();", "performance: Pure code uses performance"],
  ["Temporal.Now.instant();", "Temporal: Pure code uses Temporal.Now"],
]);

table("lets times be computed", [
  ["new Date(timeMs).toISOString();"],
  ['Date.parse("2026-01-01T00:00:00Z");'],
  ["Date.UTC(2026, 0);"],
  ["value instanceof Date;"],
  ["function text(time: Date): string { return time.toISOString(); }"],
]);

table("refuses timers, chance and the outside", [
  ["setTimeout(() => {}, 1);", "setTimeout: Pure code uses setTimeout"],
  ["setInterval(() => {}, 1);", "setInterval: Pure code uses setInterval"],
  ["AbortSignal.timeout(5);", "AbortSignal: Pure code uses AbortSignal.timeout"],
  ["Math.random();", "Math: Pure code uses Math.random"],
  ["const { random } = Math;", "Math: Pure code uses Math under another name"],
  ["crypto.randomUUID();", "crypto: Pure code uses crypto.randomUUID"],
  ['await fetch("http://pulsar");', "fetch: Pure code uses fetch"],
  ["const get = fetch;", "fetch: Pure code uses fetch"],
  ["const tools = { fetch };", "fetch: Pure code uses fetch"],
  ["[1].forEach(console.log);", "console: Pure code uses console"],
  ['Deno.env.get("HOME");', "Deno: Pure code uses Deno"],
  ["let client: Deno.HttpClient;", "Deno: Pure code uses Deno"],
  ["process.exit();", "process: Pure code uses process"],
  ["globalThis.fetch();", "globalThis: Pure code uses globalThis"],
  ["class Feed extends EventSource {}", "EventSource: Pure code uses EventSource"],
  ["(fetch as Get)();", "fetch: Pure code uses fetch"],
]);

table("is not misled by names that are no globals", [
  ["Math.max(1, 2);"],
  ["look.fetch(); look.performance.now; look.Deno;"],
  ["const look = { fetch: 1, process: 2 };"],
  ["function act(fetch: () => void) { fetch(); }"],
  ["const act = ({ process }: Look) => process.name;"],
  ["class Look { fetch() {} #console = 1; get process() { return 2; } }"],
  ["interface Look { readonly fetch: typeof fetch; performance: number }"],
  ["for (const process of pods) use(process);"],
  ['import { process } from "./process.ts"; process();'],
]);

Deno.test("rooms/pure knows that base/clock.ts holds the real clock, and nothing more", () => {
  const source =
    "Date.now(); performance.now(); new Date(); setTimeout(() => {}, 1); Math.random();";
  assertEquals(findings("src/base/clock.ts", source), ["Math: Pure code uses Math.random"]);
  assertEquals(findings("src/base/next.ts", source).length, 5);
});

Deno.test("rooms/pure leaves the other tower, the bridge and the tests alone", () => {
  const source = 'console.log(Date.now(), Deno.args, Math.random(), await fetch("http://a"));';
  for (const path of ["src/kube/x.ts", "src/reconcile/x.ts", "src/cli/x.ts", "src/app.ts"]) {
    assertEquals(findings(path, source), []);
  }
  assertEquals(findings("tests/unit/plan/x_test.ts", source), []);
  assertEquals(findings("scripts/x.ts", source), []);
});
