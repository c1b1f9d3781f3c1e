import { type MeshSync, problems } from "#api";
import { groupOf, idOf, type KubeObject } from "#base";
import { PROGRAM_NAMESPACE, reachProblems } from "#gitops";
import {
  definedKinds,
  isNestedSync,
  kindKey,
  type Manifest,
  type ManifestProblem,
  problemOf,
} from "#manifests";
import { gitOpsKinds } from "./config.ts";
import type { FlagValues } from "./flag.ts";
import { TENANCY_FLAGS, text } from "./flags.ts";

/** Flags that say for whom manifests are checked: what of a cluster's limits can be known without it. */
export const REACH_FLAGS = [
  text(
    "tenant-namespace",
    "VALIDATE_TENANT_NAMESPACE",
    "",
    "NAMESPACE",
    "Check for a tenant's MeshSync of this namespace: what it does not reach is a problem",
  ),
  ...TENANCY_FLAGS.filter(({ name }) => name === "gitops-rights"),
];

/** Kinds of Kubernetes itself that belong to no namespace, as `group/Kind`. */
const CLUSTER_WIDE: ReadonlySet<string> = new Set([
  ...["/ComponentStatus", "/Namespace", "/Node", "/PersistentVolume"],
  ...group("admissionregistration.k8s.io", [
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
  ]),
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  ...group("certificates.k8s.io", ["CertificateSigningRequest", "ClusterTrustBundle"]),
  ...group("flowcontrol.apiserver.k8s.io", ["FlowSchema", "PriorityLevelConfiguration"]),
  ...group("networking.k8s.io", ["IPAddress", "IngressClass", "ServiceCIDR"]),
  "node.k8s.io/RuntimeClass",
  ...group("rbac.authorization.k8s.io", ["ClusterRole", "ClusterRoleBinding"]),
  ...group("resource.k8s.io", ["DeviceClass", "ResourceSlice"]),
  "scheduling.k8s.io/PriorityClass",
  ...group("storage.k8s.io", [
    "CSIDriver",
    "CSINode",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
  ]),
]);

function group(name: string, kinds: readonly string[]): string[] {
  return kinds.map((kind) => `${name}/${kind}`);
}

/**
 * What the loop would refuse whatever rights accounts have, as far as flags say for whom: a tenant's MeshSync applies into its
 * own namespace only, the platform's the kinds of `--gitops-rights`. Of a kind that is neither Kubernetes' own nor defined
 * in these files it is not known whether it belongs to a namespace: it is taken for one that does.
 */
export function tenantProblems(
  documents: readonly Manifest[],
  flags: FlagValues,
): ManifestProblem[] {
  const namespace = flags.text("tenant-namespace") || undefined;
  const kinds = namespace === undefined ? gitOpsKinds(flags) : "any";
  const defined = definedKinds(documents);
  const targets = documents.map((manifest) => {
    const { object } = manifest;
    const isNamespaced = defined.get(kindKey(object)) ??
      !CLUSTER_WIDE.has(`${groupOf(object.apiVersion)}/${object.kind}`);
    return { ...manifest, id: idOf(inNamespace(object, isNamespaced, namespace)) };
  });
  const authority = { account: undefined, namespace, kinds };
  return [
    ...reachProblems(targets, authority, { home: PROGRAM_NAMESPACE }),
    ...(namespace === undefined ? [] : documents.flatMap((one) => nestedProblems(one, namespace))),
  ];
}

function inNamespace(
  object: KubeObject,
  isNamespaced: boolean,
  own: string | undefined,
): KubeObject {
  const { namespace: declared, ...metadata } = object.metadata;
  const namespace = isNamespaced ? declared ?? own : undefined;
  return {
    ...object,
    metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) },
  };
}

/** A MeshSync in the files is the same tenant's: what it names elsewhere. */
function nestedProblems(manifest: Manifest, namespace: string): ManifestProblem[] {
  if (!isNestedSync(manifest.object)) return [];
  const metadata = { ...manifest.object.metadata, namespace };
  const sync = { ...manifest.object, metadata } as MeshSync;
  const known = new Set(problems(sync).map(({ path, message }) => `${path} ${message}`));
  return problems(sync, { platformNamespace: PROGRAM_NAMESPACE })
    .filter(({ path, message }) => !known.has(`${path} ${message}`))
    .map(({ path, message }) => problemOf(manifest, message, path));
}
