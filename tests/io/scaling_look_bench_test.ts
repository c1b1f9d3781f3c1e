import { assertEquals, assertMatch } from "@std/assert";
import { HAS_LOOPBACK_NETWORK } from "../support/instance_double.ts";

Deno.test({
  name:
    "deno task bench-scaling-look says what looks cost and ask for, and waits for no broker that hangs",
  ignore: !HAS_LOOPBACK_NETWORK,
  async fn() {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "bench-scaling-look", "40"],
      cwd: new URL("../..", import.meta.url).pathname,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertMatch(text, /^40 components, 10 looks$/m);
    assertMatch(text, /^memory: at most \d+ MB more/m);
    // Each topic and each instance once a look, a few at a time.
    assertMatch(
      text,
      /^a look asks the broker 40 times, (\d|1[0-6]) at a time, and instances 40 /m,
    );
    assertMatch(
      text,
      /^with 2 of them on a broker that hangs: all others after .* asked 2 times$/m,
    );
  },
});
