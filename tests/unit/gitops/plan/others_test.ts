import { assertEquals } from "@std/assert";
import type { MeshSync } from "#api";
import { fieldManager, formerFieldManagers } from "#manifests";
import { releasedManagers } from "../../../../src/gitops/plan/others.ts";

const ID = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" };

function meshSync(name: string, held: readonly string[]): MeshSync {
  const inventory = held.map((object) => ({ id: `shop_${object}__ConfigMap`, v: "v1" }));
  return {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace: "shop", name },
    spec: { url: "https://git.example/a.git" },
    status: { inventory },
  } as unknown as MeshSync;
}

Deno.test("releasedManagers() leaves an object to who holds it, under the name of an earlier version too", async () => {
  const [own, holder, other] = [
    meshSync("own", []),
    meshSync("holder", ["a"]),
    meshSync("other", ["b"]),
  ];
  const ctx = {
    syncs: { list: () => Promise.resolve([own, holder, other]) },
    signal: new AbortController().signal,
  } as unknown as Parameters<typeof releasedManagers>[2]["ctx"];
  const keys = ["own", "holder", "other", "gone"].map((name) => ({ namespace: "shop", name }));
  const managers = keys.flatMap((key) => [fieldManager(key), ...formerFieldManagers(key)]);
  const released = await releasedManagers(ID, managers, { sync: own, ctx });
  assertEquals(managers.filter((manager) => !released.has(manager)), [
    "meshwright-sync/shop/holder",
    "meshwright-sync-shop-holder",
  ]);
});
