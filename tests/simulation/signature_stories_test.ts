/** What a status names is taken only where somebody signed it who is trusted: a status is not Git. */
import { assertEquals, assertMatch } from "@std/assert";
import type { KubeObject } from "#base";
import { entryKey, wantedHash } from "#plan";
import { configMapText } from "../support/sync_texts.ts";
import { configMapId, meshSyncId, SyncWorld } from "../support/sync_world.ts";

const MINUTE_MS = 60_000;
const HASH = "gitops.functionmesh.io/hash";
const KEY = "ssh-ed25519 QURB";

function valueOf(world: SyncWorld): unknown {
  return (world.object(configMapId("one"))?.["data"] as Record<string, string> | undefined)
    ?.["value"];
}

/** A sync that trusts Ada's commits, of which the first one is somebody else's and the second one hers, applied. */
async function signedWorld(): Promise<{ world: SyncWorld; forged: string; signed: string }> {
  const world = new SyncWorld();
  const forged = world.repository.commit({ "a/one.json": configMapText("one", "forged") });
  const signed = world.repository.commit({ "a/one.json": configMapText("one", "signed") }, {
    signer: KEY,
  });
  await world.user.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "signers", namespace: "shop" },
    data: { ada: btoa(KEY) },
  });
  await world.sync("a", {
    interval: "1m",
    onUnhealthy: "rollback",
    verify: { secretRef: { name: "signers" } },
  });
  await world.advance(MINUTE_MS);
  assertMatch(world.condition("a"), /^True Healthy/);
  return { world, forged: `main@sha1:${forged}`, signed: `main@sha1:${signed}` };
}

/** Says in the status that the object of the sync goes back to a revision. */
function quarantined(world: SyncWorld, revision: string, healthyRevision: string): void {
  const key = entryKey(configMapId("one"));
  const live = world.object(configMapId("one")) as KubeObject;
  const hash = live.metadata.annotations?.[HASH] ?? "";
  const contentHash = wantedHash([key], new Map([[key, hash]]));
  const since = "2026-01-01T00:00:00Z";
  const hold = { revision, healthyRevision, objects: [key], contentHash, cause: "x", since };
  const options = { manager: "somebody", subresource: "status" };
  world.patchNow(meshSyncId("a"), { status: { quarantined: [hold] } }, options);
}

Deno.test("L4: a sync does not go back to a revision that nobody signed who is trusted", async () => {
  const { forged, signed, world } = await signedWorld();
  quarantined(world, signed, forged);
  await world.advance(2 * MINUTE_MS);
  assertEquals(valueOf(world), "signed");
  world.restart();
  await world.advance(2 * MINUTE_MS);
  assertEquals(valueOf(world), "signed");
});

Deno.test("L4: nor does it look after one after a restart, while a newer commit is refused", async () => {
  const { forged, world } = await signedWorld();
  world.repository.commit({ "a/one.json": configMapText("one", "unsigned") });
  await world.advance(2 * MINUTE_MS);
  const options = { manager: "somebody", subresource: "status" };
  world.process.crash();
  world.patchNow(meshSyncId("a"), { status: { lastAppliedRevision: forged } }, options);
  world.removeNow(configMapId("one"));
  world.revive();
  await world.advance(2 * MINUTE_MS);
  assertEquals(valueOf(world), undefined);
  assertMatch(world.condition("a"), /^False SignatureRefused/);
});
