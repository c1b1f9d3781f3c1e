import { type Manifest, type ManifestProblem, problemOf } from "./manifest.ts";

/** Since when a version of some kinds is not served, and what is in its place. */
export interface DroppedVersion {
  readonly apiVersion: string;
  readonly kinds: readonly string[];
  /** The minor version of Kubernetes 1 that serves it no longer. */
  readonly since: number;
  /** Absent where nothing is in its place. */
  readonly use?: string;
}

const RBAC = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
const WEBHOOKS = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const FLOW = ["FlowSchema", "PriorityLevelConfiguration"];

/**
 * As Kubernetes' guide for the migration of deprecated APIs has them: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
 */
export const DROPPED_VERSIONS: readonly DroppedVersion[] = [
  ...[
    { apiVersion: "extensions/v1beta1", kinds: ["DaemonSet", "Deployment", "ReplicaSet"] },
    { apiVersion: "apps/v1beta1", kinds: ["Deployment", "StatefulSet"] },
    { apiVersion: "apps/v1beta2", kinds: ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"] },
  ].map((one) => ({ ...one, since: 16, use: "apps/v1" })),
  {
    apiVersion: "extensions/v1beta1",
    kinds: ["NetworkPolicy"],
    since: 16,
    use: "networking.k8s.io/v1",
  },
  { apiVersion: "extensions/v1beta1", kinds: ["Ingress"], since: 22, use: "networking.k8s.io/v1" },
  ...[
    { group: "admissionregistration.k8s.io", kinds: WEBHOOKS },
    { group: "apiextensions.k8s.io", kinds: ["CustomResourceDefinition"] },
    { group: "apiregistration.k8s.io", kinds: ["APIService"] },
    { group: "certificates.k8s.io", kinds: ["CertificateSigningRequest"] },
    { group: "coordination.k8s.io", kinds: ["Lease"] },
    { group: "networking.k8s.io", kinds: ["Ingress", "IngressClass"] },
    { group: "rbac.authorization.k8s.io", kinds: RBAC },
    { group: "scheduling.k8s.io", kinds: ["PriorityClass"] },
    {
      group: "storage.k8s.io",
      kinds: ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
    },
  ].map(({ group, kinds }) => ({
    apiVersion: `${group}/v1beta1`,
    kinds,
    since: 22,
    use: `${group}/v1`,
  })),
  ...[
    { group: "batch", kinds: ["CronJob"] },
    { group: "discovery.k8s.io", kinds: ["EndpointSlice"] },
    { group: "events.k8s.io", kinds: ["Event"] },
    { group: "node.k8s.io", kinds: ["RuntimeClass"] },
    { group: "policy", kinds: ["PodDisruptionBudget"] },
  ].map(({ group, kinds }) => ({
    apiVersion: `${group}/v1beta1`,
    kinds,
    since: 25,
    use: `${group}/v1`,
  })),
  { apiVersion: "policy/v1beta1", kinds: ["PodSecurityPolicy"], since: 25 },
  { apiVersion: "extensions/v1beta1", kinds: ["PodSecurityPolicy"], since: 16 },
  ...[["v2beta1", 25], ["v2beta2", 26]].map(([version, since]) => ({
    apiVersion: `autoscaling/${version}`,
    kinds: ["HorizontalPodAutoscaler"],
    since: Number(since),
    use: "autoscaling/v2",
  })),
  ...[["v1beta1", 26], ["v1beta2", 29], ["v1beta3", 32]].map(([version, since]) => ({
    apiVersion: `flowcontrol.apiserver.k8s.io/${version}`,
    kinds: FLOW,
    since: Number(since),
    use: "flowcontrol.apiserver.k8s.io/v1",
  })),
  {
    apiVersion: "storage.k8s.io/v1beta1",
    kinds: ["CSIStorageCapacity"],
    since: 27,
    use: "storage.k8s.io/v1",
  },
];

/**
 * A warning where Kubernetes has ceased to serve a kind in the version that a manifest names: without a cluster nobody
 * knows what it serves, and one that is old enough still takes it.
 */
export function droppedVersionWarnings(manifest: Manifest): ManifestProblem[] {
  const { apiVersion, kind } = manifest.object;
  return DROPPED_VERSIONS.filter((one) => one.apiVersion === apiVersion && one.kinds.includes(kind))
    .map(({ since, use }) => {
      const instead = use === undefined ? "nothing is in its place, take it out" : `write ${use}`;
      const message = `is not served by Kubernetes 1.${since} and later; ${instead}`;
      return problemOf(manifest, message, "apiVersion");
    });
}
