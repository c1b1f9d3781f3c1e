import { groupOf } from "#base";
import { isForbidden, isNamespaceMissing, isNotFound } from "#kube";
import { applyStage } from "#plan";
import type { PlannedItem, RefusedItem } from "./apply.ts";

/**
 * A plan in which objects that cannot be tried yet are no failures: what they need comes with the same revision, and is
 * applied before them.
 *
 * - their namespace, or the definition of their kind;
 * - after an answer of 403 or 404, anything of an earlier stage, and what decides who may have how much of what.
 */
export function withoutExcused(items: readonly PlannedItem[]): PlannedItem[] {
  return items.map((item) => {
    if (!("refused" in item)) return item;
    const unproven = excuse(item, items);
    if (unproven === undefined) return item;
    const { refusal: _refusal, ...plan } = item.refused;
    return { object: item.object, plan, unproven };
  });
}

/** Kinds that decide what else may be made; of the stage of configuration, like much that needs them. */
const RULES: readonly string[] = [
  "ClusterRole",
  "ClusterRoleBinding",
  "LimitRange",
  "ResourceQuota",
  "Role",
  "RoleBinding",
  "ServiceAccount",
];

function excuse(item: RefusedItem, items: readonly PlannedItem[]): string | undefined {
  const { id } = item.object;
  const error = item.refused.refusal;
  const isChanged = (other: PlannedItem) =>
    !("known" in other) && !("plan" in other && other.plan.action === "unchanged");
  const changing = items.filter((other) => other !== item && isChanged(other));
  if (isNamespaceMissing(error)) {
    const comes = changing.some(({ object }) =>
      object.id.kind === "Namespace" && object.id.name === id.namespace
    );
    return comes ? "its Namespace comes with this revision" : undefined;
  }
  if (changing.some((other) => definesKind(other, id))) {
    return "its definition comes with this revision";
  }
  const isNeeded = changing.some(({ object }) =>
    applyStage(object.id) < applyStage(id) ||
    (RULES.includes(object.id.kind) && !RULES.includes(id.kind))
  );
  return isNeeded && (isForbidden(error) || isNotFound(error))
    ? "what it needs may come with this revision"
    : undefined;
}

function definesKind(
  { object }: PlannedItem,
  id: { readonly apiVersion: string; readonly kind: string },
): boolean {
  if (object.id.kind !== "CustomResourceDefinition") return false;
  const spec = object.object.spec as
    | { readonly group?: string; readonly names?: { readonly kind?: string } }
    | undefined;
  return spec?.group === groupOf(id.apiVersion) && spec?.names?.kind === id.kind;
}
