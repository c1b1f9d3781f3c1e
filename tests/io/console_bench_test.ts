import { assertEquals, assertMatch } from "@std/assert";

Deno.test("deno task bench-console says what viewers cost, and how soon they see a change", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "bench-console", "40", "2", "3"],
    cwd: new URL("../..", import.meta.url).pathname,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  assertMatch(text, /^nobody looks: \d+\.\d % of a processor/m);
  assertMatch(text, /^2 look: \d+\.\d % of a processor$/m);
  assertMatch(text, /^a change comes after \d+ ms, one of a hundred after \d+ ms or more$/m);
  assertMatch(text, /^a view has [1-9]\d* kB, then each viewer gets \d+\.\d kB a second$/m);
});
