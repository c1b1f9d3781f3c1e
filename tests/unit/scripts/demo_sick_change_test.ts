import { assertEquals, assertThrows } from "@std/assert";
import { sickChange } from "../../../scripts/demo/sick_change.ts";

const HEAD = "kind: Function\nmetadata: {name: alerts}\nspec:\n  maxReplicas: 4 # enough\n";

function changeOf(text: string) {
  const other = { name: "audit.yaml", text: "kind: Function\nmetadata: {name: audit}\nspec: {}\n" };
  return sickChange([other, { name: "alerts.yaml", text }]);
}

Deno.test("sickChange() lets a function scale twice as far, with and without a mistake", () => {
  assertEquals(changeOf(HEAD), {
    file: "alerts.yaml",
    component: "alerts",
    from: 4,
    to: 8,
    mended: HEAD.replace("4 #", "8 #"),
    sick: HEAD.replace(
      "  maxReplicas: 4 #",
      "  pod:\n    annotations:\n      meshwright.test/fail: CrashLoopBackOff\n  maxReplicas: 8 #",
    ),
  });
});

Deno.test("sickChange() adds to the pod and the annotations that are there", () => {
  const pod = `${HEAD}  pod:\n    # of the shop\n    labels: {team: shop}\n`;
  assertEquals(
    changeOf(pod).sick,
    `${HEAD.replace("4", "8")}  pod:\n    # of the shop\n    annotations:\n` +
      "      meshwright.test/fail: CrashLoopBackOff\n    labels: {team: shop}\n",
  );
  const annotated = `${HEAD}  pod:\n    annotations:\n      a: b\n`;
  assertEquals(
    changeOf(annotated).sick,
    `${HEAD.replace("4", "8")}  pod:\n    annotations:\n` +
      "      meshwright.test/fail: CrashLoopBackOff\n      a: b\n",
  );
});

Deno.test("sickChange() says what samples it needs", () => {
  assertThrows(() => sickChange([]), Error, "a Function with maxReplicas in a file of its own");
});
