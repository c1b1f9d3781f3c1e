import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { e2eOptions } from "../../scripts/e2e/options.ts";
import { suiteCommand } from "../../scripts/e2e/suite.ts";
import { testFiles } from "../../scripts/e2e/test_files.ts";

Deno.test("testFiles() finds the tests by parts of their names, and refuses parts that are in none", async () => {
  const all = await testFiles([]);
  assertEquals(all, [...all].sort());
  assertEquals(all.includes("java_function_test.ts"), true);
  assertEquals(await testFiles(["java_function", "tls"]), ["java_function_test.ts", "tls_test.ts"]);
  await assertRejects(() => testFiles(["java", "nowhere"]), Error, "Cannot run nowhere");
});

Deno.test("suiteCommand() names the setting, and runs files side by side where that is asked for", async () => {
  const { args, env } = await suiteCommand("/run/e2e.json", { only: ["tls"], jobs: 2 });
  assertEquals(env["MESHWRIGHT_E2E"], "/run/e2e.json");
  assertEquals([args.includes("--parallel"), env["DENO_JOBS"]], [true, "2"]);
  const single = await suiteCommand("/run/e2e.json", { only: ["tls"], jobs: 1 });
  assertEquals(single.args.includes("--parallel"), false);
});

Deno.test("e2eOptions() refuse what makes no sense", () => {
  for (
    const words of [
      ["java"],
      ["--jobs", "0"],
      ["--cluster", "current"],
      ["--reus"],
      ["--node-image="],
      ["--docker-build"],
      ["--docker-build", "--cluster", "local"],
    ]
  ) {
    assertThrows(() => e2eOptions(words, "/"), SyntaxError);
  }
  const images = ["--runner-image", "r:1", "--program-image", "p:1"];
  assertEquals(e2eOptions(["--cluster", "current", ...images], "/").cluster, "current");
  // One that was named is never replaced by another: who named none is known.
  assertEquals(e2eOptions([], "/").nodeImage, undefined);
  assertEquals(e2eOptions(["--node-image", "nodes:1"], "/").nodeImage, "nodes:1");
  assertEquals(e2eOptions(["--record", "/a", "--failures", "b"], "/c").failureFolder, "/c/b");
});
