/**
 * What to do about a cause: keyed by the reasons that statuses and events carry, the program's own and those of Kubernetes that
 * it passes on.
 *
 * @module
 */

/** A cause and what ends it. */
export interface Remedy {
  readonly reason: string;
  /** Only where the message holds one of these words; entries with words come before the one without. */
  readonly words?: readonly string[];
  /** What to do, in one sentence. */
  readonly remedy: string;
}

/** A container that ended, by what it said last. */
const ENDED = ["CrashLoopBackOff", "Error", "Completed", "ContainerNotReady"] as const;

const ENDS: readonly Omit<Remedy, "reason">[] = [
  {
    words: ["ClassNotFoundException", "NoClassDefFoundError", "class not found", "in class path"],
    remedy:
      "Check spec.className against the classes in the package, and spec.java.jar against the package that has it",
  },
  {
    words: ["ModuleNotFoundError", "ImportError", "No module named"],
    remedy: "Put the module into the package or the image, and check spec.className (module.Class)",
  },
  {
    words: ["404", "NoSuchFile", "No such file", "does not exist", "File not found"],
    remedy:
      "Check the location of the package (jarLocation, pyLocation, goLocation) and whether it was uploaded",
  },
  {
    words: [
      "AuthenticationException",
      "AuthorizationException",
      "NotAuthorized",
      "401",
      "403",
      "Unauthorized",
      "not authorized",
    ],
    remedy:
      "Check the credentials of spec.pulsar (authSecret, authConfig), and what that role may do with the topics in Pulsar",
  },
  {
    words: [
      "UnknownHost",
      "Connection refused",
      "ConnectException",
      "no such host",
      "Failed to connect",
    ],
    remedy:
      "Check the addresses in the ConfigMap that spec.pulsar.pulsarConfig names, and whether the broker runs",
  },
  {
    words: ["IncompatibleSchema", "SchemaException"],
    remedy:
      "The topic has another schema: make typeClassName and schema of producer and consumer the same",
  },
  {
    words: ["OutOfMemory", "Java heap space", "MemoryError"],
    remedy: "Raise spec.resources.limits.memory, or make the function hold less",
  },
  {
    words: ["ConsumerBusy", "SubscriptionBusy"],
    remedy:
      "Somebody else reads under this subscription in another way: give spec.subscriptionName another value",
  },
  {
    words: ["exit code 137"],
    remedy:
      "It was killed: look for memory limits and failing probes, and raise spec.resources.limits.memory",
  },
];

const PROGRAM: readonly Remedy[] = [
  {
    reason: "InvalidSpec",
    remedy:
      "Correct the fields that the message names; meshwright validate shows them with their lines",
  },
  { reason: "NotOwned", remedy: "Rename this resource, or remove the object that is in its way" },
  { reason: "Progressing", remedy: "Wait: the program or the cluster is at work on it" },
  { reason: "PodStarting", remedy: "Wait: the pod is on its way up" },
  {
    reason: "Terminating",
    remedy: "Wait until it is gone; finalizers in its metadata name what it waits for",
  },
  {
    reason: "RollingOut",
    remedy: "Wait until the pods of the new revision are ready, or look at the first that is not",
  },
  { reason: "Recreating", remedy: "Wait: the StatefulSet is made anew" },
  {
    reason: "ScaledToZero",
    remedy: "Nothing runs as spec.replicas is 0; raise it where it is to run",
  },
  { reason: "Unavailable", remedy: "Wait until the API server answers; the program tries again" },
  {
    reason: "Unknown",
    remedy: "Look at the program's log: it cannot read what it needs to say how this is",
  },
  { reason: "CacheBehind", remedy: "Wait: the program's view of the cluster is behind" },
  {
    reason: "QuotaExceeded",
    remedy: "Raise the ResourceQuota of the namespace, or lower spec.resources and replicas",
  },
  {
    reason: "PodCreationFailed",
    remedy:
      "Do what the API server's words ask for: a policy, a webhook or a missing account refuses the pods",
  },
  {
    reason: "FieldManagerConflict",
    remedy: "Let one of them write the field: remove it here, or stop who else writes it",
  },
  {
    reason: "Forbidden",
    remedy:
      "Give the account the right that the message names; meshwright install prints those of the program",
  },
  { reason: "Invalid", remedy: "Correct what the API server refuses, as its words say" },
  {
    reason: "CleanupFailed",
    remedy:
      "Look at the clean-up Job's log; the annotation compute.functionmesh.io/cleanup: skip ends the wait",
  },
  {
    reason: "CleaningUp",
    remedy:
      "Wait until the subscriptions are deleted; compute.functionmesh.io/cleanup: skip ends the wait",
  },
  {
    reason: "CleanupGivenUp",
    remedy: "Delete the subscriptions that the event names by hand, with pulsar-admin",
  },
];

const CLUSTER: readonly Remedy[] = [
  {
    reason: "OOMKilled",
    remedy: "Raise spec.resources.limits.memory, or make the function hold less",
  },
  {
    reason: "ErrImagePull",
    remedy: "Check spec.image, whether the registry has it, and spec.pod.imagePullSecrets",
  },
  {
    reason: "ImagePullBackOff",
    remedy: "Check spec.image, whether the registry has it, and spec.pod.imagePullSecrets",
  },
  {
    reason: "ErrImageNeverPull",
    remedy: "Put the image onto the node, or change spec.imagePullPolicy",
  },
  {
    reason: "ImageInspectError",
    remedy: "The image on the node is damaged: remove it there, or name another",
  },
  { reason: "InvalidImageName", remedy: "Correct spec.image: it is no name of an image" },
  {
    reason: "RegistryUnavailable",
    remedy: "Wait until the registry answers, or name another in spec.image",
  },
  {
    reason: "CreateContainerConfigError",
    remedy:
      "Create the Secret, ConfigMap or key that the message names, or correct its name in the spec",
  },
  {
    reason: "CreateContainerError",
    remedy: "Correct what the message names: the command, a mount, or the name of a container",
  },
  {
    reason: "RunContainerError",
    remedy: "Correct what the message names: the command of the image or a mount",
  },
  {
    reason: "ContainerCannotRun",
    remedy: "The image has no such program: check spec.image against the runtime of the component",
  },
  {
    reason: "Unschedulable",
    words: ["Insufficient"],
    remedy: "Lower spec.resources, or add nodes with that much left",
  },
  {
    reason: "Unschedulable",
    words: ["taint"],
    remedy: "Add spec.pod.tolerations, or nodes without that taint",
  },
  {
    reason: "Unschedulable",
    words: ["affinity", "selector"],
    remedy: "Correct spec.pod.nodeSelector and affinity, or label a node",
  },
  {
    reason: "Unschedulable",
    words: ["PersistentVolumeClaim", "volume"],
    remedy: "Make the volume available where nodes are free: check its StorageClass and zone",
  },
  {
    reason: "Unschedulable",
    remedy: "Give the pod a node that fits: the message says what each lacks",
  },
  { reason: "SchedulerError", remedy: "Look at the log of the scheduler" },
  {
    reason: "Evicted",
    remedy:
      "The node ran short of what the message names: raise spec.resources.requests, or give nodes more",
  },
  { reason: "NodeLost", remedy: "The node is gone: delete its pods where it does not come back" },
  { reason: "NodeShutdown", remedy: "The node went down; the pod comes back on another" },
  { reason: "DeadlineExceeded", remedy: "The pod took longer than it may: look at its log" },
  { reason: "PodFailed", remedy: "Look at the log of the pod" },
  {
    reason: "FailedMount",
    remedy:
      "Create the Secret, ConfigMap or claim that the message names, or correct spec.pod.volumes",
  },
  {
    reason: "FailedAttachVolume",
    remedy: "Free the volume from the node that has it, or wait until that one lets go",
  },
  {
    reason: "StartError",
    remedy: "Correct what the message names: the command of the image or a mount",
  },
  {
    reason: "ContainerStatusUnknown",
    remedy: "The node does not tell how the container is: look at the node",
  },
];

const GIT: readonly Remedy[] = [
  {
    reason: "InvalidManifests",
    remedy:
      "Correct the files that the message names and commit; meshwright validate finds the same",
  },
  {
    reason: "NothingToApply",
    remedy: "Check spec.path and the patterns: no file is left to apply",
  },
  { reason: "PathNotFound", remedy: "Correct spec.path, or commit the folder" },
  { reason: "RefNotFound", remedy: "Correct spec.ref, or push the branch or tag" },
  {
    reason: "RepositoryNotFound",
    remedy: "Correct spec.url, or let the account of spec.secretRef see the repository",
  },
  {
    reason: "AccessDenied",
    remedy: "Put credentials that may read the repository into the Secret of spec.secretRef",
  },
  {
    reason: "SecretNotFound",
    remedy: "Create the Secret that the message names, in the namespace of the MeshSync",
  },
  {
    reason: "HostKeyUnknown",
    remedy: "Add the host's key to known_hosts in the Secret of spec.secretRef",
  },
  {
    reason: "SignatureRefused",
    remedy: "Sign the commit with a key of spec.verify, or add the signer's key there",
  },
  { reason: "NotAGitServer", remedy: "Correct spec.url: what answers there is no Git server" },
  { reason: "RepositoryMoved", remedy: "Write the address that the message names into spec.url" },
  {
    reason: "RepositoryUnreachable",
    remedy: "Check the network between the program and the repository; it tries again",
  },
  {
    reason: "AddressRefused",
    remedy: "Name a repository that is not on the program's own machine or network link",
  },
  { reason: "GitTimeout", remedy: "Raise spec.timeout, or make the repository smaller" },
  { reason: "RevisionTooLarge", remedy: "Give the meshes a folder or repository of their own" },
  { reason: "ReadingTooLong", remedy: "Split the files: reading them takes longer than it may" },
  { reason: "RefMoved", remedy: "Check who rewrote the reference; commit anew where it was meant" },
  { reason: "GitFailed", remedy: "Look at what git says in the message; it is tried again" },
  {
    reason: "OutOfTime",
    remedy:
      "Raise spec.timeout, give the meshes a repository or folder of their own, or the program more processors",
  },
  { reason: "SyncFailed", remedy: "Do what the message says; it is tried again" },
  {
    reason: "ApplyFailed",
    remedy:
      "Correct what the API server refuses, as its words say; meshwright diff shows it before",
  },
  {
    reason: "FieldConflict",
    remedy:
      "Let one of them write the field, or annotate the object in Git with gitops.functionmesh.io/force: true",
  },
  {
    reason: "KindNotServed",
    remedy:
      "Install the definition of the kind that the message names, or write the version that it names",
  },
  { reason: "WaitingForKind", remedy: "Wait until the definition is established, or install it" },
  {
    reason: "PruneLimit",
    remedy: "Allow this revision by the annotation that the message names, or bring the files back",
  },
  {
    reason: "PruneFailed",
    remedy: "Do what the message says: something keeps an object from being deleted",
  },
  { reason: "PruneWaits", remedy: "Wait for the MeshSyncs that the message names" },
  {
    reason: "DependencyNotReady",
    remedy: "Look at the MeshSync that the message names: meshwright explain MeshSync/NAME",
  },
  { reason: "WaitingForWindow", remedy: "Wait for the window, or change spec.windows" },
  { reason: "Superseded", remedy: "Wait: a newer commit is applied" },
  {
    reason: "Quarantined",
    remedy: "Commit a correction: this revision was not healthy and went back",
  },
  {
    reason: "Unhealthy",
    remedy: "Look at the first object that the message names: meshwright explain KIND/NAME",
  },
  {
    reason: "Contested",
    remedy:
      "Stop who undoes what Git says, as the message names them, or remove the field from Git",
  },
  { reason: "Suspended", remedy: "Go on by meshwright resume NAME" },
  {
    reason: "NoServiceAccount",
    remedy: "Create the ServiceAccount that the message names, or name another",
  },
  { reason: "DeletionWaits", remedy: "Look at the objects that the message names: they keep it" },
  { reason: "LeftBehind", remedy: "Delete by hand what the message names" },
];

/** All causes that there is a remedy for, the special ones of a reason before the general one. */
export const REMEDIES: readonly Remedy[] = [
  ...ENDED.flatMap((reason) => ENDS.map((end) => ({ reason, ...end }))),
  ...ENDED.map((reason) => ({
    reason,
    remedy:
      "Read the log of the container that the message names, its last run included (kubectl logs --previous)",
  })),
  ...PROGRAM,
  ...CLUSTER,
  ...GIT,
];

/**
 * What to do about a cause; undefined where there is nothing but its own words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { remedyFor } from "#topology";
 * assertEquals(remedyFor("OOMKilled", "")?.startsWith("Raise spec.resources.limits.memory"), true);
 * assertEquals(remedyFor("Ready", ""), undefined);
 * ```
 */
export function remedyFor(reason: string, message: string): string | undefined {
  return REMEDIES.find((entry) =>
    entry.reason === reason && (entry.words?.some((word) => message.includes(word)) ?? true)
  )?.remedy;
}
