import { assertEquals } from "@std/assert";
import { conflictText, type FieldConflict, openConflicts } from "#plan";

const NOTHING = {
  isForced: false,
  isOurs: false,
  isDrift: false,
  gone: new Set<string>(),
};

function conflict(manager: string, declares: boolean): FieldConflict {
  return { field: ".data.a", manager, declares };
}

function isTaken(one: FieldConflict, facts: Partial<typeof NOTHING> = {}): boolean {
  return openConflicts([one], { ...NOTHING, ...facts }).length === 0;
}

Deno.test("openConflicts() leaves who declares a field alone, unless it was said by force", () => {
  const helm = conflict("helm", true);
  assertEquals(
    [{}, { isOurs: true }, { isDrift: true }, { isForced: true }].map((facts) =>
      isTaken(helm, facts)
    ),
    [false, false, false, true],
  );
});

Deno.test("openConflicts() takes back what somebody wrote over a field that was ours", () => {
  const controller = conflict("some-controller", false);
  assertEquals([isTaken(controller), isTaken(controller, { isDrift: true })], [false, true]);
  const edit = conflict("kubectl-edit", false);
  assertEquals([isTaken(edit), isTaken(edit, { isOurs: true })], [false, true]);
});

Deno.test("openConflicts() adopts what kubectl apply, the reference operator or nobody known wrote", () => {
  for (const manager of ["kubectl-client-side-apply", "manager", "before-first-apply"]) {
    assertEquals([manager, isTaken(conflict(manager, false))], [manager, true]);
  }
});

Deno.test("openConflicts() takes over from a MeshSync that let the object go, and from no other", () => {
  for (const manager of ["meshwright-sync/shop/other", "meshwright-sync-shop-other"]) {
    const other = conflict(manager, true);
    const gone = new Set([manager]);
    assertEquals([isTaken(other), isTaken(other, { gone })], [false, true]);
  }
});

Deno.test("conflictText() names each manager with its fields", () => {
  const fields = [".spec.a", ".spec.b"].map((field) => ({ ...conflict("helm", true), field }));
  const text = conflictText([...fields, conflict("argo", true)], "meshwright-sync/shop/a");
  assertEquals(
    text.split("; ").slice(0, 2),
    ['conflict: .spec.a, .spec.b belong to "helm"', '.data.a belongs to "argo"'],
  );
});
