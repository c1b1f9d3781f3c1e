import { assertEquals } from "@std/assert";
import { LABELS, type MeshSync } from "#api";
import { syncLabels } from "#manifests";
import { quarantinedRevision } from "../../../src/gitops/rollback.ts";
import { functionObject } from "../../support/objects.ts";

const hold = {
  revision: "main@sha1:bad",
  healthyRevision: "main@sha1:good",
  objects: ["shop_orders_compute.functionmesh.io_Function"],
  contentHash: "h",
  cause: "unhealthy",
  since: "2026-01-01T00:00:00Z",
};

function sync(namespace: string, spec: object): MeshSync {
  return {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { name: "shop", namespace },
    spec: { url: "https://git.example/shop", ...spec },
    status: { quarantined: [hold] },
  } as unknown as MeshSync;
}

const ROLLS_BACK = { onUnhealthy: "rollback" };

function from(namespace: string) {
  const labels = { [LABELS.syncName]: "shop", [LABELS.syncNamespace]: namespace };
  return functionObject("orders", {}, { labels });
}

Deno.test("quarantinedRevision() believes the MeshSync that the object is from, and no other", () => {
  const syncs = [sync("platform", ROLLS_BACK)];
  assertEquals(quarantinedRevision(from("platform"), syncs), "main@sha1:bad");
  assertEquals(quarantinedRevision(from("tenant"), syncs), undefined);
  assertEquals(quarantinedRevision(functionObject("orders"), syncs), undefined);
  const name = "shop-".repeat(20);
  const short = sync("platform", ROLLS_BACK);
  const long = { ...short, metadata: { ...short.metadata, name } };
  const ofLong = functionObject("orders", {}, { labels: syncLabels(long) });
  assertEquals(quarantinedRevision(ofLong, [...syncs, long]), "main@sha1:bad", "a name cut off");
  const other = { ...from("platform"), metadata: { ...from("platform").metadata, name: "billed" } };
  assertEquals(quarantinedRevision(other, syncs), undefined);
});

Deno.test("quarantinedRevision() knows of none where nothing goes back any more", () => {
  assertEquals(quarantinedRevision(from("platform"), [sync("platform", {})]), undefined);
});
