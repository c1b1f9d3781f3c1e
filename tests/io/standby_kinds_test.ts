import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import type { KubeObject } from "#base";
import type { Cache, ResourceType } from "#kube";
import { createLogger } from "#telemetry";
import type { FollowedAccounts } from "../../src/followed_accounts.ts";
import type { Parts } from "../../src/parts.ts";
import { StandbyKinds } from "../../src/standby_kinds.ts";
import { FakeClock } from "../support/fake_clock.ts";

const LOOK_MS = 5_000;

function syncOf(name: string, version: string, status: MeshSync["status"]): MeshSync {
  const metadata = { namespace: "shop", name, resourceVersion: version };
  return { metadata, spec: { url: "https://git.example/a.git" }, status } as MeshSync;
}

/** A replica that waits, with MeshSyncs that a test sets. */
function standby() {
  const state = { syncs: [] as MeshSync[], isAnswering: true, led: "" };
  const calls: string[] = [];
  const logLines: string[] = [];
  const clock = new FakeClock();
  const stop = new AbortController();
  const cluster = {
    resourceType(apiVersion: string, kind: string): Promise<ResourceType | undefined> {
      if (!state.isAnswering) return Promise.reject(new Error("no answer"));
      const type = { apiVersion, kind, plural: `${kind.toLowerCase()}s`, namespaced: true };
      return Promise.resolve(kind === "Gone" ? undefined : type);
    },
  };
  const tenancy = { home: "shop", isSingleTenant: true, kinds: "any", defaultServiceAccount: "d" };
  const log = createLogger({ level: "info", sink: (line) => logLines.push(line) });
  const kinds = new StandbyKinds({ clock, cluster, log, tenancy } as unknown as Parts);
  const followed = {
    followAhead: (sync: MeshSync, types: readonly ResourceType[]) =>
      calls.push(`${sync.metadata.name}: ${types.map(({ kind }) => kind).join()}`),
    keep: (syncs: readonly MeshSync[]) => {
      const text = syncs.map((sync) => kinds.typesOf(sync).map(({ kind }) => kind).join());
      calls.push(`keep ${text.join(" ")}`);
    },
  } as unknown as FollowedAccounts;
  const syncs = {
    synced: true,
    list: () => state.syncs as readonly KubeObject[],
  } as unknown as Cache;
  const isLed = ({ metadata }: MeshSync) => metadata.name === state.led;
  const run = () => kinds.run({ followed, syncs, isLed }, stop.signal);
  return {
    state,
    kinds,
    logLines,
    clock,
    run,
    stop,
    said: () => calls.splice(0),
  };
}

Deno.test("StandbyKinds has followed what statuses name, once for each change, and nothing of our own kinds", async () => {
  const { clock, kinds, run, said, state, stop } = standby();
  const many = syncOf("many", "1", { inventoryKinds: ["apps/v1 Deployment", "v1 Gone"] });
  state.syncs = [
    syncOf("few", "1", {
      inventory: [
        { id: "shop_a__ConfigMap" },
        { id: "shop_f_compute.functionmesh.io_Function", version: "v1alpha1" },
      ],
    }),
    many,
  ];
  const running = run();
  await clock.advance(0);
  assertEquals(said(), ["few: ConfigMap", "many: Deployment", "keep ConfigMap Deployment"]);
  await clock.advance(LOOK_MS);
  assertEquals(said(), []);
  state.syncs = [syncOf("few", "2", { inventory: [{ id: "shop_a__Secret" }] }), many];
  await clock.advance(LOOK_MS);
  assertEquals(said(), ["few: Secret", "keep Secret Deployment"]);
  state.syncs = [many];
  await clock.advance(LOOK_MS);
  assertEquals(said(), ["keep Deployment"]);
  stop.abort(new DOMException("over", "AbortError"));
  await running;
  assertEquals([kinds.typesOf(many), clock.sleeping], [[], 0]);
});

Deno.test("StandbyKinds asks again which kinds a server has that does not answer, and says so once", async () => {
  const { clock, logLines, run, said, state, stop } = standby();
  state.syncs = [syncOf("a", "1", { inventory: [{ id: "shop_a__ConfigMap" }] })];
  state.isAnswering = false;
  const running = run();
  await clock.advance(LOOK_MS);
  await clock.advance(LOOK_MS);
  assertEquals(new Set(said()), new Set(["a: ", "keep "]));
  assertEquals(logLines.length, 1);
  state.isAnswering = true;
  await clock.advance(LOOK_MS);
  assertEquals(said(), ["a: ConfigMap", "keep ConfigMap"]);
  stop.abort(new DOMException("over", "AbortError"));
  await running;
});

Deno.test("StandbyKinds leaves to passes what this replica works on, and takes it up when it no longer does", async () => {
  const { clock, kinds, run, said, state, stop } = standby();
  const sync = syncOf("a", "1", { inventory: [{ id: "shop_a__ConfigMap" }] });
  state.syncs = [sync];
  const running = run();
  await clock.advance(0);
  assertEquals(said(), ["a: ConfigMap", "keep ConfigMap"]);
  state.led = "a";
  await clock.advance(LOOK_MS);
  assertEquals([said(), kinds.typesOf(sync)], [[], []]);
  state.led = "";
  await clock.advance(LOOK_MS);
  assertEquals(said(), ["a: ConfigMap", "keep ConfigMap"]);
  stop.abort(new DOMException("over", "AbortError"));
  await running;
});
