import type { MeshSync, MeshSyncStatus } from "#api";
import { type ConditionDraft, keyText, mergeConditions, timestamp } from "#base";
import { type Manifest, type ManifestProblem, problemOf, type TargetObject } from "#manifests";
import type { SyncContext } from "./context.ts";
import type { SyncReason } from "./reasons.ts";
import {
  type AppliedKinds,
  type Authority,
  authorityOf,
  type Tenancy,
  unreached,
} from "./tenancy.ts";

/** Condition of a MeshSync that acts with the rights of the program, which are not meant for what comes from Git. */
export const OWN_RIGHTS = "ActsAsProgram";

/** How messages call the program's namespace where it is not known. */
export const PROGRAM_NAMESPACE = "the program's namespace";

/**
 * A status that says as whom its MeshSync acts and how far that reaches, so that `diff` knows what the loop would refuse;
 * with the condition {@linkcode OWN_RIGHTS} while nobody named an account for it.
 */
export function withAuthority(
  status: MeshSyncStatus,
  sync: MeshSync,
  { clock, tenancy }: Pick<SyncContext, "clock" | "tenancy">,
): MeshSyncStatus {
  const { actsAs: _before, conditions = [], ...rest } = status;
  const authority = authorityOf(sync, tenancy);
  const known = sync.status?.conditions ?? conditions;
  const own = known.filter(({ type }) => type === OWN_RIGHTS);
  const drafts = actsAsProgram(authority, tenancy) ? [ownRightsDraft(sync)] : [];
  const said = drafts.length === 0 ? [] : mergeConditions(own, drafts, timestamp(clock.now()));
  const others = conditions.filter(({ type }) => type !== OWN_RIGHTS);
  const actsAs = statedAuthority(authority);
  return {
    ...rest,
    ...(actsAs === undefined ? {} : { actsAs }),
    conditions: mergeConditions([...others, ...said], [], ""),
  };
}

/** Whether what comes from Git has the rights of the program, although there are tenants. */
export function actsAsProgram({ account }: Authority, { isSingleTenant }: Tenancy): boolean {
  return account === undefined && !isSingleTenant;
}

function ownRightsDraft(
  { metadata: { generation = 0 } }: MeshSync,
): ConditionDraft & { readonly reason: SyncReason } {
  return {
    type: OWN_RIGHTS,
    status: "True",
    reason: "NoServiceAccount",
    message:
      "What comes from Git is applied with the rights of the program itself; name an account: " +
      "spec.serviceAccountName here, or apply what `meshwright install` of this version prints " +
      "(--gitops-service-account); --single-tenant says that it is meant so",
    observedGeneration: generation,
  };
}

/** What a status says of an authority; undefined for one without any limit. */
function statedAuthority(
  { account, kinds, namespace }: Authority,
): MeshSyncStatus["actsAs"] | undefined {
  if (account === undefined && namespace === undefined && kinds === "any") return undefined;
  return {
    ...(account === undefined ? {} : { serviceAccount: keyText(account) }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(kinds === "any" ? {} : { kinds }),
  };
}

/** The authority that a MeshSync's status says it has; without any limit where it says nothing. */
export function authorityFrom({ status }: Pick<MeshSync, "status">): Authority {
  const { kinds = "any", namespace, serviceAccount } = status?.actsAs ?? {};
  const [place, name] = serviceAccount?.split("/") ?? [];
  const account = place === undefined || name === undefined
    ? undefined
    : { namespace: place, name };
  return { account, namespace, kinds: kinds as AppliedKinds };
}

/** A problem for each object that an authority does not reach, whatever rights its account has. */
export function reachProblems(
  targets: readonly (Manifest & Pick<TargetObject, "id">)[],
  authority: Authority,
  { home }: Pick<Tenancy, "home">,
): ManifestProblem[] {
  return targets.flatMap((target) => {
    const words = unreached(target.id, authority, { home });
    return words === undefined ? [] : problemOf(target, words);
  });
}
