import { assertEquals, assertMatch } from "@std/assert";
import { resourceOf } from "#api";
import { systemClock } from "#base";
import { reconcileSync, type SyncContext } from "#gitops";
import { Informer } from "#kube";
import { testCluster } from "../support/control_plane.ts";
import { commitMany, largeFile, largeName } from "../support/large_repository.ts";
import { functionCaches, isWrite, type SyncStory, syncStory } from "../support/sync_story.ts";

const cluster = testCluster();
const COUNT = 2_000;

/** A cache of Functions that hands every change to the memory, as the program does. */
async function watched(story: SyncStory) {
  const stop = new AbortController();
  const informer = new Informer({
    transport: story.client.transport,
    type: resourceOf("Function"),
    namespace: story.namespace,
    onChange: (change) => {
      for (const _key of story.context().proofs.notice(change)) woken.resolve();
    },
    clock: systemClock,
    signal: stop.signal,
  });
  let woken = Promise.withResolvers<void>();
  const running = informer.run();
  await informer.whenSynced();
  return {
    /** Resolves when a change wants a pass. */
    nextWake: () => {
      woken = Promise.withResolvers<void>();
      return woken.promise;
    },
    pass: async (isDue: boolean) => {
      await story.status();
      const current = story.context().proofs;
      const state = current.pass(story.key);
      if (isDue) current.setPass(story.key, { ...state, nextLookAtMs: 0 });
      const ctx: SyncContext = { ...story.context(), caches: functionCaches(informer) };
      return await reconcileSync(story.key, ctx);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

type Watch = Awaited<ReturnType<typeof watched>>;

/** What was written of Functions, or tried; a watch that is late may cost a read of what was just written. */
function changesOfFunctions(story: SyncStory): string[] {
  return story.requests().filter((one) => one.endsWith(" Function") && !one.startsWith("get "));
}

async function allApplied(story: SyncStory, watch: Watch): Promise<void> {
  await watch.pass(true);
  const requests = story.requests();
  const count = (what: string) => requests.filter((one) => one === what).length;
  assertEquals([count("dry-run Function"), count("apply Function")], [16, COUNT]);
  const status = await story.status();
  assertEquals(status.counts?.["created"], COUNT);
  assertEquals(status.inventory, undefined);
  const [part = ""] = status.inventoryParts ?? [];
  assertMatch(part, /^meshsync-shop-inventory-[0-9a-f]{64}$/);
  const map = await cluster.get<{
    data: { entries: string };
    metadata: { ownerReferences: { kind: string; name: string }[] };
  }>(["configmap", part, "-n", story.namespace]);
  assertEquals(map.data.entries.split("\n").length, COUNT);
  const [owner] = map.metadata.ownerReferences;
  assertEquals([owner?.kind, owner?.name], ["MeshSync", "shop"]);
}

/**
 * Requests of a pass: the cache's own look whether the storage of the server is as far as it is, one read of one object a
 * minute, is none of them.
 */
function passRequests(story: SyncStory): string[] {
  const requests = story.requests().filter((one) => !one.startsWith("watch "));
  const check = requests.indexOf("get Function");
  return requests.filter((_, index) => index !== check);
}

async function unchangedCostsNothing(story: SyncStory, watch: Watch): Promise<void> {
  story.requests();
  await watch.pass(true);
  assertEquals(passRequests(story), []);
}

async function restartCostsNothing(story: SyncStory, watch: Watch): Promise<void> {
  story.restart();
  await watch.pass(true);
  const requests = passRequests(story);
  assertEquals(requests.filter(isWrite), []);
  assertEquals(requests.filter((one) => one === "get Function"), []);
}

async function oneFileOneWrite(story: SyncStory, watch: Watch): Promise<void> {
  const [path, text] = largeFile("meshes", 1234, "example/runner:2");
  await story.repository.commit({ [path]: text });
  story.requests();
  await watch.pass(true);
  assertEquals(changesOfFunctions(story), ["apply Function", "dry-run Function"]);
  assertEquals((await story.status()).counts?.["unchanged"], COUNT - 1);
}

async function lostPart(story: SyncStory, watch: Watch): Promise<void> {
  const part = (await story.status()).inventoryParts?.[0] ?? "";
  const key = { namespace: story.namespace, name: largeName(1999) };
  const gone = [largeFile("meshes", 1999)[0]];
  await cluster.kubectl(["delete", "configmap", part, "-n", story.namespace]);
  await story.repository.commit(Object.fromEntries(gone.map((path) => [path, undefined])));
  story.restart();
  await watch.pass(true);
  const [rebuilt = ""] = (await story.status()).inventoryParts ?? [];
  const map = await cluster.get<{ data: { entries: string } }>(
    ["configmap", rebuilt, "-n", story.namespace],
  );
  assertEquals(map.data.entries.split("\n").length, COUNT - 1);
  const live = await story.client.cluster.get(resourceOf("Function"), key);
  assertEquals(live, undefined, "what Git dropped meanwhile is found by its labels, and deleted");
  assertEquals(story.events.some(({ reason }) => reason === "InventoryRebuilt"), true);
}

/** Edits one object by hand, and answers how long it took until a pass had put it right. */
async function driftPutRight(story: SyncStory, watch: Watch): Promise<void> {
  await story.git.take();
  story.requests();
  const wake = watch.nextWake();
  const key = { namespace: story.namespace, name: largeName(777) };
  const edit = JSON.stringify({ spec: { image: "by/hand:1" } });
  const patch = ["patch", "function", key.name, "-n", key.namespace, "--type=merge", "-p", edit];
  await cluster.kubectl(patch);
  const editedMs = performance.now();
  await wake;
  await watch.pass(false);
  const live = await story.client.cluster.get(resourceOf("Function"), key);
  assertEquals((live?.spec as { image?: string } | undefined)?.image, "example/runner:1");
  const tookMs = Math.round(performance.now() - editedMs);
  const words = `drift of one in ${COUNT} was corrected ${tookMs} ms after the edit\n`;
  await Deno.stdout.write(new TextEncoder().encode(words));
  assertEquals(await story.git.take(), []);
  assertEquals(changesOfFunctions(story), ["apply Function", "dry-run Function"]);
}

async function mostDropped(story: SyncStory, watch: Watch): Promise<void> {
  const paths = Array.from(
    { length: 15 },
    (_, index) => `meshes/f${String(index + 5).padStart(2, "0")}`,
  );
  await story.repository.git("rm", "-r", "--quiet", ...paths);
  const commit = await story.repository.commit({});
  await watch.pass(true);
  assertMatch(await story.ready(), /^False PruneLimit: .*deletes 1499 of 1999 objects/);
  await story.sync({ timeout: "10m" }, { "gitops.functionmesh.io/allow-prune": commit });
  await watch.pass(false);
  const status = await story.status();
  assertEquals([status.counts?.["pruned"], status.inventory?.length], [1_499, 500]);
  assertEquals(status.inventoryParts, []);
  const maps = await cluster.get<{ items: { metadata: { name: string } }[] }>(
    ["configmaps", "-n", story.namespace],
  );
  const names = maps.items.map((map) => map.metadata.name);
  assertEquals(names.filter((name) => name.includes("inventory")), []);
}

Deno.test("2,000 mesh objects: one file is one write, nothing is nothing, and drift in one is put right", async (t) => {
  await using story = await syncStory(cluster);
  await commitMany(story.repository, { folder: "meshes", count: COUNT });
  await story.sync({ timeout: "10m" });
  await using watch = await watched(story);
  const steps = {
    "all are applied, and the inventory leaves the status": allApplied,
    "an unchanged revision makes no write and no read of an object": unchangedCostsNothing,
    "a restart makes no write and no read of an object": restartCostsNothing,
    "one changed file is applied by writing one object": oneFileOneWrite,
    "drift in one is put right by writing one object, without a look at Git": driftPutRight,
    "a part of the inventory that somebody deletes is found again in the cluster": lostPart,
    "a commit that drops most is held, then allowed, and the inventory is small again": mostDropped,
  };
  for (const [name, step] of Object.entries(steps)) await t.step(name, () => step(story, watch));
});
