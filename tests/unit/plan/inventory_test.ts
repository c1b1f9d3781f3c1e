import { assertEquals } from "@std/assert";
import { entryId, inventoryEntry, inventoryOf, mergedInventory, staleEntries } from "#plan";

const MAP = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" };
const ROLE = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  namespace: "",
  name: "system:a_b",
};

Deno.test("entryId() reads back what inventoryEntry() wrote, odd names included", () => {
  for (const id of [MAP, ROLE]) assertEquals(entryId(inventoryEntry(id)), id);
  assertEquals(entryId({ id: "nonsense" }), undefined);
});

Deno.test("inventoryOf() is sorted, whatever the order of the objects", () => {
  assertEquals(inventoryOf([MAP, ROLE]), inventoryOf([ROLE, MAP, MAP]));
  assertEquals(inventoryOf([MAP, ROLE]).length, 2);
});

Deno.test("staleEntries() takes an object in another version for the same", () => {
  const before = inventoryOf([{ ...MAP, apiVersion: "apps/v1beta1" }, ROLE]);
  const after = inventoryOf([{ ...MAP, apiVersion: "apps/v1" }]);
  assertEquals(staleEntries(before, after), [inventoryEntry(ROLE)]);
});

Deno.test("mergedInventory() keeps what could not be deleted, once", () => {
  const wanted = inventoryOf([MAP]);
  const kept = [inventoryEntry(ROLE)];
  const merged = mergedInventory(wanted, kept);
  assertEquals(mergedInventory(merged, kept), merged);
  assertEquals(merged.map((entry) => entry.id), [
    "_system:a_b_rbac.authorization.k8s.io_ClusterRole",
    "shop_a__ConfigMap",
  ]);
});
