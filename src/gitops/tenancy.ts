import { durationMs, type MeshSync, resourceOf, type RuleOptions } from "#api";
import {
  groupOf,
  isNamespace,
  isPlainObject,
  keyText,
  type ObjectId,
  type ObjectKey,
  type Problem,
  TENANT_BUDGETS,
} from "#base";
import type { ClusterClient } from "#kube";
import { isNestedSync, type Manifest, type ManifestProblem, problemOf } from "#manifests";

/** Which kinds a list in code lets Git apply, whatever rights an account has besides. */
export type AppliedKinds = "none" | "mesh-only" | "any";

/** Whose MeshSyncs are, and as whom they act: what an installation says. */
export interface Tenancy {
  /** Namespace of the program: MeshSyncs in it are the platform's. */
  readonly home: string;
  /** Every MeshSync is the platform's, wherever it is: for a cluster of one team. */
  readonly isSingleTenant: boolean;
  /** As whom the platform's MeshSyncs act that name nobody; as the program itself when left out. */
  readonly account?: ObjectKey;
  /** What those may apply. */
  readonly kinds: AppliedKinds;
  /** As whom a tenant's MeshSyncs act that name nobody: a ServiceAccount of their namespace. */
  readonly defaultServiceAccount: string;
}

/** As whom a MeshSync acts, and how far that reaches. */
export interface Authority {
  /** A ServiceAccount whose rights it has and no others; undefined: the program's own. */
  readonly account: ObjectKey | undefined;
  /** The only namespace that it may touch; undefined: wherever the account may. */
  readonly namespace: string | undefined;
  readonly kinds: AppliedKinds;
}

/**
 * As whom a MeshSync acts. The platform's are those of the program's own namespace: they act anywhere that their account
 * may. All others are a tenant's: they act as a ServiceAccount of their own namespace, and in that namespace only.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { authorityOf } from "./tenancy.ts";
 * const account = { namespace: "meshwright", name: "meshwright-gitops" };
 * const tenancy = {
 *   home: "meshwright", isSingleTenant: false, account, kinds: "mesh-only", defaultServiceAccount: "default",
 * } as const;
 * const sync = (namespace: string) => ({ metadata: { name: "a", namespace }, spec: { url: "https://git.example/a.git" } });
 * assertEquals(authorityOf(sync("meshwright"), tenancy), { account, namespace: undefined, kinds: "mesh-only" });
 * assertEquals(authorityOf(sync("team"), tenancy), {
 *   account: { namespace: "team", name: "default" }, namespace: "team", kinds: "any",
 * });
 * ```
 */
export function authorityOf(
  { metadata, spec }: Pick<MeshSync, "metadata" | "spec">,
  tenancy: Tenancy,
): Authority {
  const namespace = metadata.namespace ?? "";
  const isTenant = isTenantOf(namespace, tenancy);
  const name = spec?.serviceAccountName ||
    (isTenant ? tenancy.defaultServiceAccount : undefined);
  const account = name === undefined ? tenancy.account : { namespace, name };
  // By its name as well as by default: the list is that account's.
  const isListed = account === undefined
    ? tenancy.account === undefined
    : tenancy.account !== undefined && keyText(account) === keyText(tenancy.account);
  return {
    account,
    namespace: isTenant ? namespace : undefined,
    kinds: isListed ? tenancy.kinds : "any",
  };
}

/** Whether MeshSyncs of a namespace are a tenant's. */
export function isTenantOf(namespace: string, { home, isSingleTenant }: Tenancy): boolean {
  return !isSingleTenant && namespace !== home;
}

/**
 * The client that reads, tries, watches, applies and deletes for a sync, and reads what it refers to: with the rights of its
 * account, and no others. Its status and inventory are written with the program's own.
 */
export function actingClient(
  sync: Pick<MeshSync, "metadata" | "spec">,
  { clientOf, cluster, tenancy }: {
    readonly tenancy: Tenancy;
    readonly cluster: ClusterClient;
    readonly clientOf: (account: ObjectKey) => ClusterClient;
  },
): ClusterClient {
  const { account } = authorityOf(sync, tenancy);
  return account === undefined ? cluster : clientOf(account);
}

/** The choice of the rules of a MeshSync that makes those of other namespaces a tenant's. */
export function tenantRule(
  { home, isSingleTenant }: Tenancy,
): Pick<RuleOptions, "platformNamespace"> {
  return isSingleTenant ? {} : { platformNamespace: home };
}

/**
 * What is too much of a tenant's namespace: of its MeshSyncs the oldest are followed, so that none that works stops to
 * because of a new one.
 *
 * @param all the MeshSyncs that there are, those of other namespaces among them
 */
export function shareProblems(
  sync: MeshSync,
  all: readonly MeshSync[],
  tenancy: Tenancy,
): Problem[] {
  const { namespace = "" } = sync.metadata;
  if (!isTenantOf(namespace, tenancy)) return [];
  const { syncs, timeoutMs } = TENANT_BUDGETS;
  const older =
    all.filter(({ metadata }) =>
      metadata.namespace === namespace && metadata.deletionTimestamp === undefined &&
      ageText(metadata) < ageText(sync.metadata)
    ).length;
  const minutes = timeoutMs / 60_000;
  return [
    ...(older < syncs ? [] : [{
      path: "metadata.namespace",
      message: `${namespace} has ${older} older MeshSyncs, and the ${syncs} oldest of a tenant's ` +
        "namespace are followed; delete others, or have one follow several folders",
    }]),
    ...((durationMs(sync.spec?.timeout ?? "") ?? 0) <= timeoutMs ? [] : [{
      path: "spec.timeout",
      message: `is ${sync.spec.timeout}, but a tenant's pass takes ${minutes}m at most; make it ` +
        "shorter, or give parts of the folder to MeshSyncs of their own",
    }]),
  ];
}

function ageText({ creationTimestamp = "", name }: MeshSync["metadata"]): string {
  return `${creationTimestamp} ${name}`;
}

const LISTED: readonly (readonly [apiVersion: string, kind: string])[] = [
  ...(["BackendConfig", "Function", "FunctionMesh", "MeshSync", "Sink", "Source"] as const)
    .map((kind) => [resourceOf(kind).apiVersion, kind] as const),
  ["v1", "ConfigMap"],
  ["v1", "Namespace"],
  ["v1", "Secret"],
];

/** The kinds of `mesh-only`, as `group/Kind`. */
export const MESH_ONLY_KINDS: readonly string[] = LISTED.map(([apiVersion, kind]) =>
  kindText({ apiVersion, kind })
);

function kindText({ apiVersion, kind }: Pick<ObjectId, "apiVersion" | "kind">): string {
  return `${groupOf(apiVersion)}/${kind}`;
}

/** Why an authority does not reach an object, in words with a remedy; undefined where it does. */
export function unreached(
  id: ObjectId,
  { account, kinds, namespace }: Authority,
  { home }: Pick<Tenancy, "home">,
): string | undefined {
  if (namespace !== undefined && id.namespace !== namespace) {
    const what = isNamespace(id)
      ? "is a Namespace"
      : id.namespace === ""
      ? "belongs to no namespace"
      : `belongs to namespace ${id.namespace}`;
    return `${what}, but a MeshSync outside of ${home} is a tenant's and applies into its own ` +
      `namespace ${namespace} only; move it to a MeshSync in ${home}`;
  }
  if (kinds === "any") return undefined;
  if (kinds === "mesh-only" && MESH_ONLY_KINDS.includes(kindText(id))) return undefined;
  const who = account === undefined ? "the program" : `account ${keyText(account)}`;
  const why = kinds === "none"
    ? `${who} may apply nothing from Git (--gitops-rights none)`
    : `${who} may apply ${
      MESH_ONLY_KINDS.map((kind) => kind.slice(kind.indexOf("/") + 1)).join(", ")
    } only (--gitops-rights mesh-only)`;
  return `is of a kind that ${why}; name a ServiceAccount with the rights for it in ` +
    "spec.serviceAccountName of the MeshSync, or install with other --gitops-rights";
}

/**
 * MeshSyncs among the objects of a revision that would be worth more than the one that applies them: they act as an account
 * as which that one may not act. Nothing is asked where they act as the same, nor of those that the platform makes.
 */
export async function nestedSyncProblems(
  targets: readonly Manifest[],
  sync: MeshSync,
  { acting, tenancy }: {
    readonly acting: Pick<ClusterClient, "create">;
    readonly tenancy: Tenancy;
  },
): Promise<ManifestProblem[]> {
  const nested = targets.filter(({ object }) => isNestedSync(object));
  const { account, namespace } = authorityOf(sync, tenancy);
  const isPlatform = namespace === undefined && sameAccount(account, tenancy.account);
  if (nested.length === 0 || isPlatform) return [];
  const found = await Promise.all(nested.map(async (target) => {
    const wanted = authorityOf(target.object as MeshSync, tenancy).account;
    if (sameAccount(wanted, account)) return [];
    if (wanted !== undefined && await mayActAs(wanted, acting)) return [];
    return [problemOf(target, refusal(wanted, account), "spec.serviceAccountName")];
  }));
  return found.flat();
}

function sameAccount(one: ObjectKey | undefined, other: ObjectKey | undefined): boolean {
  return one === undefined || other === undefined ? one === other : keyText(one) === keyText(other);
}

/** Asks the API server, as the account that applies. */
async function mayActAs(
  { name, namespace }: ObjectKey,
  acting: Pick<ClusterClient, "create">,
): Promise<boolean> {
  const resourceAttributes = { verb: "impersonate", resource: "serviceaccounts", namespace, name };
  const answer = await acting.create({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    metadata: { name: "" },
    spec: { resourceAttributes },
  });
  const status = isPlainObject(answer.status) ? answer.status : {};
  return status["allowed"] === true;
}

function refusal(wanted: ObjectKey | undefined, account: ObjectKey | undefined): string {
  const who = account === undefined ? "the program" : `ServiceAccount ${keyText(account)}`;
  if (wanted === undefined) {
    return `is missing: without it the MeshSync would have the rights of the program, and this one ` +
      `acts as ${who}; name an account of its namespace`;
  }
  const { name, namespace } = wanted;
  const subject = account === undefined
    ? ""
    : ` --serviceaccount=${account.namespace}:${account.name}`;
  return `makes it act as ServiceAccount ${
    keyText(wanted)
  }, which this MeshSync, acting as ${who}, ` +
    `may not; leave it out, or allow it: kubectl create role act-as-${name} -n ${namespace} ` +
    `--verb=impersonate --resource=serviceaccounts --resource-name=${name} && kubectl create ` +
    `rolebinding act-as-${name} -n ${namespace} --role=act-as-${name}${subject}`;
}
