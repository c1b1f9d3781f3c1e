import { assertEquals } from "@std/assert";
import type { MeshSync, MeshSyncStatus } from "#api";
import { conditionOf } from "#base";
import { authorityFrom, OWN_RIGHTS, withAuthority } from "../../../src/gitops/stated_authority.ts";
import { authorityOf, type Tenancy } from "../../../src/gitops/tenancy.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const TENANCY: Tenancy = {
  home: "platform",
  isSingleTenant: false,
  account: { namespace: "platform", name: "gitops" },
  kinds: "mesh-only",
  defaultServiceAccount: "default",
};

function syncIn(namespace: string, status: MeshSyncStatus = {}): MeshSync {
  const spec = { url: "https://git.example/a.git" };
  return { metadata: { name: "a", namespace, generation: 3 }, spec, status } as MeshSync;
}

function stated(sync: MeshSync, tenancy: Tenancy): MeshSyncStatus {
  return withAuthority(sync.status ?? {}, sync, { clock: new FakeClock(), tenancy });
}

Deno.test("C1: a status says as whom its MeshSync acts, and what it says is what holds", () => {
  for (const namespace of ["platform", "team"]) {
    const sync = syncIn(namespace);
    const status = stated(sync, TENANCY);
    assertEquals(authorityFrom({ status }), authorityOf(sync, TENANCY));
    assertEquals(stated({ ...sync, status }, TENANCY), status);
  }
  assertEquals(stated(syncIn("team"), TENANCY).actsAs, {
    serviceAccount: "team/default",
    namespace: "team",
  });
  const single = { ...TENANCY, account: undefined, isSingleTenant: true, kinds: "any" } as const;
  const before = { actsAs: { namespace: "team" }, phase: "Healthy" } as const;
  const { account: _account, ...open } = single;
  assertEquals(stated(syncIn("team", before), open), { phase: "Healthy", conditions: [] });
});

Deno.test("C1: a MeshSync that acts with the program's own rights says so, until an account is named", () => {
  const { account: _account, ...old } = { ...TENANCY, kinds: "any" as const };
  const ready = {
    type: "Ready",
    status: "True",
    reason: "Healthy",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  } as const;
  const first = stated(syncIn("platform", { conditions: [ready] }), old);
  const said = conditionOf(first.conditions, OWN_RIGHTS);
  assertEquals([said?.status, said?.reason], ["True", "NoServiceAccount"]);
  const later = stated(syncIn("platform", first), old);
  assertEquals(later, first);
  assertEquals(stated(syncIn("platform", first), TENANCY).conditions, [ready]);
  // A tenant's account is its own.
  assertEquals(conditionOf(stated(syncIn("team"), old).conditions, OWN_RIGHTS), undefined);
});
