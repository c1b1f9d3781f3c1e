import { assertEquals } from "@std/assert";
import { SharedTexts } from "../../src/kube/shared_texts.ts";

/** A value as an API server answers it, parsed anew each time. */
function parsed(name: string): Record<string, unknown> {
  const labels = { app: "function-mesh", name };
  const spec = { replicas: 1, isPaused: false, left: null, list: ["a", { b: ["c", name] }] };
  return JSON.parse(JSON.stringify({ metadata: { labels, name }, spec, long: name.repeat(9_000) }));
}

Deno.test("SharedTexts leaves a value as it was", () => {
  const texts = new SharedTexts();
  for (const name of ["orders", "prices", "orders"]) {
    const value = parsed(name);
    texts.share(value);
    assertEquals(value, parsed(name));
  }
});

Deno.test("SharedTexts remembers a text once, no long one, and no more than it is good for", () => {
  const texts = new SharedTexts();
  for (let index = 0; index < 100; index++) texts.share(parsed("orders"));
  assertEquals(texts.size, 4);
  for (let index = 0; index < 10_000; index++) texts.share({ name: `f${index}` });
  assertEquals(texts.size <= 4_096, true, `${texts.size} texts`);
});

Deno.test("SharedTexts bears any nesting", () => {
  const value = JSON.parse(`${'{"a":['.repeat(20_000)}"x"${"]}".repeat(20_000)}`);
  const texts = new SharedTexts();
  texts.share(value);
  assertEquals(texts.size, 0);
});
