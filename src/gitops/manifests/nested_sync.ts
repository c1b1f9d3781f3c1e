import { type MeshSync, resourceOf } from "#api";
import { isPlainObject, keyText, type KubeObject, type ObjectKey } from "#base";
import type { ClusterClient } from "#kube";
import { authorityOf, type Tenancy } from "../tenancy.ts";
import { type Manifest, type ManifestProblem, problemOf } from "./manifest.ts";

/** Whether an object is a MeshSync: one from Git is bound like the one that applies it. */
function isNested({ apiVersion, kind }: KubeObject): boolean {
  const type = resourceOf("MeshSync");
  return apiVersion === type.apiVersion && kind === type.kind;
}

/**
 * A MeshSync from Git with the account of the one that applies it, where that names one and this does not; any other object
 * as it is.
 */
export function withInheritedAccount(object: KubeObject, sync: MeshSync): KubeObject {
  const { serviceAccountName } = sync.spec;
  const spec = isPlainObject(object.spec) ? object.spec : {};
  const isHeir = isNested(object) && object.metadata.namespace === sync.metadata.namespace &&
    !spec["serviceAccountName"];
  if (!serviceAccountName || !isHeir) return object;
  return { ...object, spec: { ...spec, serviceAccountName } };
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
  const nested = targets.filter(({ object }) => isNested(object));
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
