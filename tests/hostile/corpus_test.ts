import { assertEquals } from "@std/assert";
import { readManifests } from "#manifests";
import { readCorpus } from "./corpus.ts";
import { hostileInputs } from "./inputs.ts";

Deno.test("hostile inputs of the same seed are the same", () => {
  assertEquals([...hostileInputs(1, 60)], [...hostileInputs(1, 60)]);
});

Deno.test("C2: every hostile input is answered, and everything else has its turns meanwhile", async () => {
  const { failures, inputs, kinds, turns } = await readCorpus(11, 600);
  assertEquals([...kinds.values()].reduce((sum, { count }) => sum + count, 0), inputs);
  assertEquals(failures, []);
  assertEquals(turns >= inputs, true, `${turns} turns`);
});

/** The shortest of some tries: what else the machine does only makes them longer. */
function shortestMs(text: string): number {
  return Math.min(...[1, 2, 3].map(() => {
    const startMs = performance.now();
    readManifests([{ path: "a.yaml", text }]);
    return performance.now() - startMs;
  }));
}

Deno.test("a map that is ten times as long takes nowhere near a hundred times as long, problems and all", () => {
  const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
  const map = (length: number) => {
    let text = head;
    for (let index = 0; text.length < length; index++) text += `  a${index}: 1\n`;
    return text;
  };
  const [short, long] = [shortestMs(map(10_000)), shortestMs(map(100_000))];
  assertEquals(long / short < 50, true, `${long / short} times as long`);
});
