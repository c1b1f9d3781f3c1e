import { assertEquals, assertMatch } from "@std/assert";
import { FAIL, FAIL_MESSAGE, testCluster } from "../support/control_plane.ts";
import { meshwright } from "../support/cli.ts";
import { controllerTest, userFunction } from "../support/controller_story.ts";

const cluster = testCluster();

function run(namespace: string, ...args: string[]) {
  return meshwright([...args, "--kubeconfig", cluster.kubeconfigPath, "--namespace", namespace]);
}

/** What a pod of a simulated node is made to fail with, and what there is to do. */
const TROUBLES = [
  ["ImagePullBackOff", "", /cannot get its image/, /Check spec\.image/],
  ["OOMKilled", "", /OOMKilled/, /spec\.resources\.limits\.memory/],
  [
    "CreateContainerConfigError",
    "couldn't find key p in Secret s",
    /couldn't find key p/,
    /Secret/,
  ],
  ["CrashLoopBackOff", "java.lang.ClassNotFoundException: a.B", /a\.B/, /spec\.className/],
] as const;

for (const [reason, message, says, remedy] of TROUBLES) {
  controllerTest(
    `explain names ${reason} on one screen, with the way to it and what to do`,
    { cluster },
    async (story) => {
      const said = message === "" ? {} : { [FAIL_MESSAGE]: message };
      const annotations = { [FAIL]: reason, ...said };
      await story.apply(
        userFunction("orders", { pod: { annotations } }),
        userFunction("next", {
          input: { topics: ["persistent://public/default/out"] },
          output: { topic: "end" },
        }),
      );
      await story.untilReady("function/orders", new RegExp(`^False ${reason}`));
      const { code, out } = await run(story.namespace, "explain", "fn/orders");
      const text = out.join("\n");
      assertEquals([code, out.length < 25], [1, true]);
      assertMatch(out[0] ?? "", /^Function .*\/orders: does not work, for \d+s \(since /);
      assertMatch(out[1] ?? "", says);
      assertMatch(text, /✗ +StatefulSet .*\/orders-function +0 of 1 pods ready/);
      assertMatch(text, /✗ +Container pulsar-function/);
      assertMatch(text, /Who waits for what it writes\n {2}Function .*\/next/);
      assertMatch(text.split("What to do")[1] ?? "", remedy);
    },
  );
}

controllerTest(
  "explain says what works, with -o json as data; graph --live draws it with its pods",
  { cluster },
  async (story) => {
    await story.apply(userFunction("orders"));
    await story.untilReady("function/orders", /^True /);
    const { code, out } = await run(story.namespace, "explain", "Function/orders", "-o", "json");
    const told = JSON.parse(out.join("")) as { isWell: boolean; chain: { what: string }[] };
    assertEquals([code, told.isWell], [0, true]);
    assertEquals(told.chain.map(({ what }) => what.split(" ")[0]), [
      "Function",
      "StatefulSet",
      "Pod",
      "Container",
    ]);
    const live = await run(story.namespace, "graph", "--live");
    assertEquals(live.code, 0);
    assertMatch(live.out.join("\n"), /│ Function {2}● 1\/1 │/);
    const none = await run(story.namespace, "graph", "--live", "-l", "team=nobody");
    assertEquals([none.code, none.notes], [0, ["No Functions, Sources or Sinks"]]);
    const gone = await run(story.namespace, "explain", "Function/gone");
    assertEquals([gone.code, gone.out], [1, []]);
    assertMatch(gone.notes.join(), /Cannot find Function .*\/gone: it does not exist/);
  },
);
