/** One field that another manager holds with another value. */
export interface FieldConflict {
  /** As the API server names it: `.data.value`. */
  readonly field: string;
  readonly manager: string;
  /** Whether that manager declares the field (server-side apply), or only wrote it once. */
  readonly declares: boolean;
  /** It wrote the field by scaling the object. */
  readonly scales?: true;
}

/**
 * Managers of which fields are taken over without being asked (adoption): those of `kubectl apply` without
 * `--server-side`, of fields written before anybody kept track, and of the reference operator, whose client never gave
 * itself a name.
 */
const ADOPTED: readonly string[] = ["before-first-apply", "kubectl-client-side-apply", "manager"];

/** What the controller fills in where the author left it out gives way to the author (`REPLICAS_MANAGER` in `reconcile`). */
const FILLED: readonly string[] = ["meshwright-replicas"];

/** Managers of the GitOps loop, today's and those of earlier versions: see `fieldManager` in the room `gitops`. */
const SYNC_PREFIXES: readonly string[] = ["meshwright-sync/", "meshwright-sync-"];

/**
 * The conflicts that an API server's answer to a server-side apply holds, sorted by field.
 *
 * @param causes `details.causes` of the answer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fieldConflicts } from "#plan";
 * const cause = (message: string) => ({ reason: "FieldManagerConflict", message, field: ".data.a" });
 * assertEquals(fieldConflicts([cause('conflict with "kubectl-edit" using v1')]),
 *   [{ field: ".data.a", manager: "kubectl-edit", declares: false }]);
 * assertEquals(fieldConflicts([cause('conflict with "helm"')])[0]?.declares, true);
 * ```
 */
export function fieldConflicts(
  causes: readonly {
    readonly message?: string;
    readonly field?: string;
    readonly reason?: string;
  }[],
): FieldConflict[] {
  return causes.flatMap((cause) => {
    const [, manager, rest = ""] = /^conflict with "([^"]*)"(.*)$/.exec(cause.message ?? "") ?? [];
    if (cause.reason !== "FieldManagerConflict" || manager === undefined) return [];
    const conflict = { field: cause.field ?? "", manager, declares: !/ using /.test(rest) };
    return rest.includes(' with subresource "scale"')
      ? [{ ...conflict, scales: true }]
      : [conflict];
  }).sort((a, b) => a.field < b.field ? -1 : a.field > b.field ? 1 : 0);
}

/** What is known of an object that conflicts. */
export interface ConflictFacts {
  /** `spec.force` of the MeshSync, or the annotation on the object in Git. */
  readonly isForced: boolean;
  /** The MeshSync applied the object before. */
  readonly isOurs: boolean;
  /** Git did not change since: the fields were ours, and somebody changed them. */
  readonly isDrift: boolean;
  /** Field managers of MeshSyncs that let the object go. */
  readonly gone: ReadonlySet<string>;
}

/**
 * The conflicts that must not be decided by force; empty when the fields may be taken.
 *
 * Who only wrote a field that was ours is corrected (drift). Who declares a field, by server-side apply as other
 * GitOps tools do, would write it back: that is for a person to decide.
 */
export function openConflicts(
  conflicts: readonly FieldConflict[],
  facts: ConflictFacts,
): FieldConflict[] {
  if (facts.isForced) return [];
  return conflicts.filter(({ declares, manager, scales }) => {
    // Who scales chooses a number as long as Git does not say another one.
    if (scales && facts.isOurs) return false;
    if (ADOPTED.includes(manager) || FILLED.includes(manager)) return false;
    if (SYNC_PREFIXES.some((prefix) => manager.startsWith(prefix))) return !facts.gone.has(manager);
    if (declares) return true;
    return !(facts.isDrift || (facts.isOurs && manager.startsWith("kubectl")));
  });
}

/** Conflicts in words: by manager, with the fields. */
export function conflictText(conflicts: readonly FieldConflict[], own: string): string {
  const byManager = Map.groupBy(conflicts, (conflict) => conflict.manager);
  const held = [...byManager].map(([manager, fields]) =>
    `${fields.map(({ field }) => field).slice(0, 5).join(", ")} ${
      fields.length === 1 ? "belongs" : "belong"
    } to "${manager}"`
  ).join("; ");
  return `conflict: ${held}; "${own}" takes that only with spec.force, or with the annotation ` +
    'gitops.functionmesh.io/force: "true" on the object in Git';
}
