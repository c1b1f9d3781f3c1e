import { assertEquals, assertMatch } from "@std/assert";

Deno.test("deno task bench-pod-events loses no change of a pod", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "bench-pod-events", "2000", "500"],
    cwd: new URL("../..", import.meta.url).pathname,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  assertMatch(text, /^2000 changes of 500 pods in a second: 2000 seen after \d+\.\d\d s$/m);
  assertMatch(text, /^500 components woken, 0 pods behind$/m);
  assertMatch(text, /^the loop was held for \d+ ms at most$/m);
});
