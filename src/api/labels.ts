/**
 * Every label, annotation and finalizer key. Those of the reference stay as they are, spelling included: existing
 * selectors and users' manifests hold them.
 */

/** Labels of generated objects and their pods. */
export const LABELS = {
  /** `<name>-<component>`. */
  appName: "app.kubernetes.io/name",
  /** `<name>-<component>`. */
  appInstance: "app.kubernetes.io/instance",
  /** `function-mesh`; Functions only. */
  app: "compute.functionmesh.io/app",
  /** `function`, `source` or `sink`. */
  component: "compute.functionmesh.io/component",
  /** Name of the resource. */
  name: "compute.functionmesh.io/name",
  /** Namespace of the resource. */
  namespace: "compute.functionmesh.io/namespace",
  /** Deprecated twins of the four above; they are part of selectors that cannot change. */
  oldApp: "app",
  oldComponent: "component",
  oldName: "name",
  oldNamespace: "namespace",
  /** On a clean-up Job: the uid of its resource. */
  owner: "owner",
  /** On a clean-up Job and its pods: `function`, `source` or `sink`, whatever it cleans up after. Ours. */
  cleanupOf: "compute.functionmesh.io/cleanup-of",
  /** On a resource: it belongs to a Pulsar cluster's own worker service; any value. No clean-up then. */
  pulsarCluster: "compute.functionmesh.io/pulsar-cluster",
  oldPulsarCluster: "pulsar-cluster",
  /** On a mesh's child: name of the mesh. Ours. */
  mesh: "compute.functionmesh.io/mesh",
  /** On a mesh's child: name of the item in the mesh. Ours. */
  meshItem: "compute.functionmesh.io/mesh-item",
  /** On what a MeshSync applies: its name. Ours. */
  syncName: "gitops.functionmesh.io/name",
  /** On what a MeshSync applies: its namespace. Ours. */
  syncNamespace: "gitops.functionmesh.io/namespace",
} as const;

/** Annotations that users write and those that we write. */
export const ANNOTATIONS = {
  /** `false`: the controller leaves the resource alone. */
  managed: "compute.functionmesh.io/managed",
  /** `true`: changes that the resource did not ask for wait. */
  pauseRollout: "compute.functionmesh.io/pause-rollout",
  /** `false`: no clean-up of subscriptions. */
  needCleanup: "compute.functionmesh.io/need-cleanup",
  /** `skip`: a deletion does not wait for the clean-up any longer; an event names what may be left. Ours. */
  cleanup: "compute.functionmesh.io/cleanup",
  /** How long a deletion may wait for the clean-up, e.g. `30m`; 10 minutes without it. Ours. */
  cleanupDeadline: "compute.functionmesh.io/cleanup-deadline",
  /** On a clean-up Job: which attempt it is, from 1. Ours. */
  cleanupAttempt: "compute.functionmesh.io/cleanup-attempt",
  /** On every object that we make: hash of what was last applied. Ours. */
  appliedHash: "compute.functionmesh.io/applied-hash",
  /** On a child of a mesh: the replicas that the mesh declared when they were last applied; empty for none. Ours. */
  declaredReplicas: "compute.functionmesh.io/declared-replicas",
  /** On what an autoscaled component owns: the lowest number of replicas that its author declared. Ours. */
  declaredMinimum: "compute.functionmesh.io/declared-min-replicas",
  /** On a component without `spec.replicas`: the number that was filled in for the scale subresource. Ours. */
  filledReplicas: "compute.functionmesh.io/filled-replicas",
  /** On a StatefulSet: what its pod template was rendered from, and by which version of the program. Ours. */
  rendered: "compute.functionmesh.io/rendered",
  /** On a Function, Source or Sink, or their mesh: any new value rolls out what is held back. Ours. */
  rollout: "compute.functionmesh.io/rollout",
  /** On a Function, Source or Sink: any new value makes its StatefulSet anew where it cannot be changed. Ours. */
  recreate: "compute.functionmesh.io/recreate",
  /** On any resource of ours: look at it now; any new value. Ours. */
  requestedAt: "reconcile.functionmesh.io/requestedAt",
  /** `disabled`: a MeshSync does not delete the object; `enabled`: not even a Namespace that was there before. Ours. */
  prune: "gitops.functionmesh.io/prune",
  /** On a Namespace: the MeshSync that created it, which may delete it again. Ours. */
  createdBy: "gitops.functionmesh.io/created-by",
  /** On a MeshSync: the revision that may delete more than its `pruneLimit`, by its commit. Ours. */
  allowPrune: "gitops.functionmesh.io/allow-prune",
  /** On an object in Git, `true`: a MeshSync takes its fields from other managers. Ours. */
  force: "gitops.functionmesh.io/force",
  /** On an object in Git, `true`: where a field cannot be changed, the object is deleted and made anew. Ours. */
  replace: "gitops.functionmesh.io/replace",
  /** On what a MeshSync applied: hash of what Git says, so that a restarted program can tell at a glance. Ours. */
  gitHash: "gitops.functionmesh.io/hash",
  /** On what a MeshSync applied: the file of the repository that says it, as of when it was written last. Ours. */
  file: "gitops.functionmesh.io/file",
  /** On an object in Git, `ignore`: how it is does not count for the health of a MeshSync. Ours. */
  health: "gitops.functionmesh.io/health",
} as const;

/** Finalizers. */
export const FINALIZERS = {
  /** The reference's, kept: resources that it wrote are deleted by us. Not domain-qualified there. */
  cleanup: "cleanup.subscription.finalizer",
  /** On a MeshSync. */
  sync: "gitops.functionmesh.io/finalizer",
} as const;

/** Value of the `app` labels. */
export const APP = "function-mesh";
