import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import type { ObjectKey } from "#base";
import { httpCluster, type ResourceType, type Transport } from "#kube";
import { silentLogger } from "#telemetry";
import { FollowedAccounts } from "../../src/followed_accounts.ts";
import type { Parts } from "../../src/parts.ts";
import { FakeClock } from "../support/fake_clock.ts";

const GEAR: ResourceType = { apiVersion: "v1", kind: "Gear", plural: "gears", namespaced: true };

/** Followers of accounts at a server that answers nothing, and who asked it. */
function accounts() {
  const asked = new Set<string>();
  const waiting = (signal: AbortSignal | undefined) =>
    new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
  const transport: Transport = {
    server: "https://kube.example",
    request({ actAs = "", signal }) {
      asked.add(actAs);
      return waiting(signal);
    },
    stream: ({ signal }) => waiting(signal),
    reconnect() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const clock = new FakeClock();
  const parts = {
    clock,
    config: {},
    log: silentLogger,
    metrics: { countWatchRestart() {} },
    transport,
    clientOf: (_account: ObjectKey) => httpCluster(transport, { clock }),
    tenancy: {
      home: "platform",
      isSingleTenant: false,
      account: { namespace: "platform", name: "gitops" },
      kinds: "any",
      defaultServiceAccount: "default",
    },
  } as unknown as Parts;
  const stop = new AbortController();
  const followed = new FollowedAccounts(parts, {
    signal: stop.signal,
    typesOf: () => [],
    meshKinds: () => ({}),
    onChange() {},
    onSynced() {},
    onRefused() {},
    whenRead: () => Promise.resolve(),
  });
  return {
    asked,
    followed,
    async [Symbol.asyncDispose]() {
      stop.abort(new DOMException("over", "AbortError"));
      await followed.ended();
    },
  };
}

function syncAs(namespace: string, serviceAccountName: string): MeshSync {
  const spec = { url: "https://git.example/a.git", serviceAccountName };
  return { metadata: { name: serviceAccountName, namespace }, spec } as MeshSync;
}

Deno.test("M7: FollowedAccounts lets eight accounts of a tenant's namespace hold watches, and others as many", async () => {
  await using stage = accounts();
  const { asked, followed } = stage;
  const { signal } = new AbortController();
  const syncs = Array.from({ length: 20 }, (_, index) => syncAs("team", `robot-${index}`));
  for (const sync of syncs) await followed.of(sync).follow([GEAR], signal);
  await followed.of(syncAs("other", "robot")).follow([GEAR], signal);
  for (const sync of syncs.map(({ metadata: { name } }) => syncAs("platform", name))) {
    await followed.of(sync).follow([GEAR], signal);
  }
  const count = (namespace: string) =>
    [...asked].filter((user) => user.split(":")[2] === namespace).length;
  assertEquals([count("team"), count("other"), count("platform")], [8, 1, 20]);
  // An account whose MeshSyncs are gone leaves its place to another one.
  const left = syncs.slice(1);
  followed.keep(left);
  for (const sync of left) await followed.of(sync).follow([GEAR], signal);
  assertEquals(count("team"), 9);
});
