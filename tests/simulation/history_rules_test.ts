/** The rules of histories by themselves: what is in order breaks none, and a program that lies or loses is caught. */
import { assertEquals, assertMatch } from "@std/assert";
import * as fc from "fast-check";
import { meshSyncId, SyncWorld } from "../support/sync_world.ts";
import { configMapText } from "../support/sync_texts.ts";
import { EVERYTHING, historiesOf, type History, historyText } from "./history.ts";
import { CommitModel } from "./history_model.ts";
import { restFlaws } from "./history_rest.ts";
import { HistoryRules } from "./history_rules.ts";
import { runHistory } from "./history_run.ts";
import { simulate } from "./simulation.ts";

const CALM: History = {
  syncs: [{ rollsBack: false, waitsForFirst: false, policy: "MirrorPrune" }],
  steps: [
    {
      action: { do: "commit", edits: [{ put: 0, into: 0, variant: 1 }] },
      faults: [{ at: 4, what: { fails: "500", when: "before" } }],
      waitMs: 200_000,
    },
    { action: { do: "edit", object: 0 }, faults: [], waitMs: 1_000 },
  ],
  isForgetful: false,
  isGitFaulty: false,
  passesAtOnce: 1,
};

Deno.test("a history in which all ends well breaks no rule, and reads as a story", async () => {
  await runHistory(CALM);
  assertEquals(
    historyText(CALM),
    "Given\n  MeshSync a\n1. commit: a/c0 = 1, then 200 s go by\n     request 5: fails with 500\n" +
      "2. somebody edits c0, then 1 s go by",
  );
});

/** A world whose sync `a` applied ConfigMap `c0`, with its rules. */
async function ruledWorld() {
  const world = new SyncWorld();
  const model = new CommitModel();
  const rules = new HistoryRules(world, model);
  const commit = world.repository.commit({ "a/c0.json": configMapText("c0", "v0") });
  model.note(commit, new Map([["c0", { sync: "a", variant: 0 }]]));
  rules.head = { commit, sinceMs: 0 };
  await world.sync("a");
  await world.advance(1_000);
  assertEquals(rules.broken, []);
  world.process.crash();
  const rest = { world, model, head: commit, released: new Set<string>() };
  return { world, rules, rest };
}

Deno.test("a status that says Healthy of what is not there breaks a rule", async () => {
  const { rest, rules, world } = await ruledWorld();
  world.removeNow({ apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "c0" });
  const [...conditions] = world.status("a").conditions ?? [];
  const told = conditions.map((one) => one.type === "Ready" ? { ...one, message: "again" } : one);
  const patch = { status: { conditions: told } };
  const options = { manager: "meshwright-status", subresource: "status" };
  // Another pass, so that what was true before is no excuse.
  world.onPassStart?.({ namespace: "shop", name: "a" });
  world.patchNow(meshSyncId("a"), patch, options);
  assertMatch(rules.broken.join(), /says Healthy of #1, but c0 is not there/);
  assertEquals(restFlaws(rest), ["MeshSync a: says Healthy, but c0 is not there"]);
});

Deno.test("an object that belongs to nobody's inventory breaks a rule at rest", async () => {
  const { rest, world } = await ruledWorld();
  const patch = { status: { inventory: [] } };
  world.patchNow(meshSyncId("a"), patch, { manager: "meshwright-status", subresource: "status" });
  const flaws = restFlaws(rest);
  assertMatch(flaws.join(), /c0 is not in its inventory/);
});

Deno.test("histories of a narrow scope hold nothing else", async () => {
  const scope = { rollbacks: false, restarts: false, gitFaults: false, failures: [] };
  const drawn: string[] = [];
  const property = fc.property(historiesOf(scope), (history) => {
    drawn.push(historyText(history));
  });
  await fc.assert(property, { numRuns: 200, seed: 1 });
  assertEquals(
    drawn.filter((text) => /crash|replace|rolls back|git away|fails with/.test(text)),
    [],
  );
});

Deno.test("equal seeds give equal histories, and say which they were", async () => {
  const scope = { ...EVERYTHING, rollbacks: false };
  const texts = [1, 2].map(() =>
    fc.sample(historiesOf(scope), { numRuns: 3, seed: 7 }).map(historyText)
  );
  assertEquals(texts[0], texts[1]);
  assertEquals(await simulate({ runs: 0, seed: 7 }), { runs: 0, seed: 7, counts: {} });
});
