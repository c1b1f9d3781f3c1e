import { assertEquals } from "@std/assert";
import { isPlainObject, systemClock } from "#base";
import { LEASE_TYPE, runAsLeader } from "#kube";
import { eventually, testCluster } from "../support/control_plane.ts";
import { type TestClient, testClient } from "../support/transport.ts";

const cluster = testCluster();
/** Fast times; the lease itself only knows whole seconds. */
const TIMES = { durationMs: 1_000, renewDeadlineMs: 700, retryMs: 100 };

interface Candidate extends AsyncDisposable {
  readonly leading: () => boolean;
  readonly result: Promise<"ended" | "lost">;
  readonly stop: () => void;
}

function candidate(
  client: TestClient,
  namespace: string,
  identity: string,
  times = TIMES,
): Candidate {
  const stop = new AbortController();
  let leading = false;
  const result = runAsLeader({
    cluster: client.cluster,
    key: { namespace, name: "a3f45fce.functionmesh.io" },
    identity,
    clock: systemClock,
    signal: stop.signal,
    ...times,
  }, async (signal) => {
    leading = true;
    await new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
    leading = false;
  });
  return {
    leading: () => leading,
    result,
    stop: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await result;
    },
  };
}

async function leaseSpec(client: TestClient, namespace: string): Promise<Record<string, unknown>> {
  const key = { namespace, name: "a3f45fce.functionmesh.io" };
  const spec = (await client.cluster.get(LEASE_TYPE, key))?.spec;
  return isPlainObject(spec) ? spec : {};
}

Deno.test("runAsLeader() lets one lead, and the next right after it gives the lease back", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  // A lease that does not run out while the test waits: who leads next got it from the one before.
  const times = { durationMs: 3_600_000, renewDeadlineMs: 1_800_000, retryMs: 100 };
  await using first = candidate(client, space.name, "first", times);
  await eventually(first.leading);
  await using second = candidate(client, space.name, "second", times);
  await systemClock.sleep(1_500);
  assertEquals([first.leading(), second.leading()], [true, false]);
  const spec = await leaseSpec(client, space.name);
  assertEquals([spec["holderIdentity"], spec["leaseTransitions"]], ["first", 0]);
  first.stop();
  assertEquals(await first.result, "ended");
  await eventually(second.leading);
  assertEquals((await leaseSpec(client, space.name))["leaseTransitions"], 1);
});

Deno.test("runAsLeader() takes over a lease that is not renewed any longer", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await client.cluster.create({
    apiVersion: LEASE_TYPE.apiVersion,
    kind: LEASE_TYPE.kind,
    metadata: { namespace: space.name, name: "a3f45fce.functionmesh.io" },
    // A clock that is an hour ahead: only our own clock counts.
    spec: {
      holderIdentity: "dead",
      leaseDurationSeconds: 1,
      renewTime: new Date(Date.now() + 3_600_000).toISOString().replace("Z", "000Z"),
    },
  });
  await using heir = candidate(client, space.name, "heir");
  await systemClock.sleep(600);
  assertEquals(heir.leading(), false);
  await eventually(heir.leading);
  assertEquals((await leaseSpec(client, space.name))["holderIdentity"], "heir");
});

Deno.test("runAsLeader() stops the work when somebody takes the lease", async () => {
  await using client = testClient(await cluster.access());
  await using space = await cluster.namespace();
  await using leader = candidate(client, space.name, "leader");
  await eventually(leader.leading);
  await client.cluster.patch(
    {
      apiVersion: LEASE_TYPE.apiVersion,
      kind: LEASE_TYPE.kind,
      namespace: space.name,
      name: "a3f45fce.functionmesh.io",
    },
    { spec: { holderIdentity: "thief" } },
    { fieldManager: "thief" },
  );
  assertEquals(await leader.result, "lost");
  assertEquals(leader.leading(), false);
  assertEquals((await leaseSpec(client, space.name))["holderIdentity"], "thief");
});
