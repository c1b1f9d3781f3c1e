/**
 * What to do about containers and pods that do not run: reasons of Kubernetes, passed on as they are.
 *
 * @module
 */
import type { Remedy } from "./remedy.ts";

/** A container that ended, by what it said last. */
export const ENDED_REASONS = [
  "CrashLoopBackOff",
  "Error",
  "Completed",
  "ContainerNotReady",
] as const;

/** What words of a container that ended tell. */
export const ENDS: readonly Omit<Remedy, "reason">[] = [
  {
    words: ["ClassNotFoundException", "NoClassDefFoundError", "class not found", "in class path"],
    means: "The runtime cannot find the class that the component names",
    remedy:
      "Check spec.className against the classes in the package, and spec.java.jar against the package that has it",
  },
  {
    words: ["ModuleNotFoundError", "ImportError", "No module named"],
    means: "The Python runtime cannot find a module",
    remedy: "Put the module into the package or the image, and check spec.className (module.Class)",
  },
  {
    words: ["404", "NoSuchFile", "No such file", "does not exist", "File not found"],
    means: "The package or a file is not where it is looked for",
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
    means: "Pulsar, or the place of the package, refuses the credentials",
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
    means: "Nobody answers at the address of the broker or of the package",
    remedy:
      "Check the addresses in the ConfigMap that spec.pulsar.pulsarConfig names, and whether the broker runs",
  },
  {
    words: ["IncompatibleSchema", "SchemaException"],
    means: "The schema of the messages does not fit the one of the topic",
    remedy:
      "The topic has another schema: make typeClassName and schema of producer and consumer the same",
  },
  {
    words: ["OutOfMemory", "Java heap space", "MemoryError"],
    means: "The program ran out of memory by itself",
    remedy: "Raise spec.resources.limits.memory, or make the function hold less",
  },
  {
    words: ["ConsumerBusy", "SubscriptionBusy"],
    means: "Another consumer holds the subscription in a way that lets no second one in",
    remedy:
      "Somebody else reads under this subscription in another way: give spec.subscriptionName another value",
  },
  {
    words: ["exit code 137"],
    means: "The container was killed, as a rule for memory or by a probe",
    remedy:
      "It was killed: look for memory limits and failing probes, and raise spec.resources.limits.memory",
  },
];

const READ_LOG =
  "Read the log of the container that the message names, its last run included (kubectl logs --previous)";

const UNTOLD: Readonly<Record<typeof ENDED_REASONS[number], string>> = {
  CrashLoopBackOff: "The container ends again and again, and is started later and later",
  Error: "The container ended with a failure",
  Completed: "The container ended without a failure, although it is to run on",
  ContainerNotReady: "The container runs, and its readiness probe fails",
};

/** Of containers that ended. */
export const ENDED_REMEDIES: readonly Remedy[] = [
  ...ENDED_REASONS.flatMap((reason) => ENDS.map((end) => ({ reason, ...end }))),
  ...ENDED_REASONS.map((reason) => ({ reason, means: UNTOLD[reason], remedy: READ_LOG })),
];

/** Of containers and pods that do not start, or are taken away. */
export const POD_REMEDIES: readonly Remedy[] = [
  {
    reason: "OOMKilled",
    means: "The container needed more memory than its limit",
    remedy: "Raise spec.resources.limits.memory, or make the function hold less",
  },
  {
    reason: "ErrImagePull",
    means: "The image cannot be pulled",
    remedy: "Check spec.image, whether the registry has it, and spec.pod.imagePullSecrets",
  },
  {
    reason: "ImagePullBackOff",
    means: "The image cannot be pulled, and is tried later and later",
    remedy: "Check spec.image, whether the registry has it, and spec.pod.imagePullSecrets",
  },
  {
    reason: "ErrImageNeverPull",
    means: "The image is not on the node, and may not be pulled",
    remedy: "Put the image onto the node, or change spec.imagePullPolicy",
  },
  {
    reason: "ImageInspectError",
    means: "The node cannot read the image that it has",
    remedy: "The image on the node is damaged: remove it there, or name another",
  },
  {
    reason: "InvalidImageName",
    means: "The image's name cannot be read",
    remedy: "Correct spec.image: it is no name of an image",
  },
  {
    reason: "RegistryUnavailable",
    means: "The registry does not answer the node",
    remedy: "Wait until the registry answers, or name another in spec.image",
  },
  {
    reason: "CreateContainerConfigError",
    means: "A Secret, a ConfigMap or a key that the container needs is missing",
    remedy:
      "Create the Secret, ConfigMap or key that the message names, or correct its name in the spec",
  },
  {
    reason: "CreateContainerError",
    means: "The node cannot make the container",
    remedy: "Correct what the message names: the command, a mount, or the name of a container",
  },
  {
    reason: "RunContainerError",
    means: "The node cannot start the container",
    remedy: "Correct what the message names: the command of the image or a mount",
  },
  {
    reason: "ContainerCannotRun",
    means: "The container's program cannot be run",
    remedy: "The image has no such program: check spec.image against the runtime of the component",
  },
  {
    reason: "Unschedulable",
    words: ["Insufficient"],
    means: "No node has as much left as the pod requests",
    remedy: "Lower spec.resources, or add nodes with that much left",
  },
  {
    reason: "Unschedulable",
    words: ["affinity", "selector"],
    besides: "taint",
    means:
      "Some nodes do not have the labels that the pod wants, the others a taint that it does not tolerate",
    remedy:
      "Correct spec.pod.nodeSelector and affinity, or add spec.pod.tolerations where the nodes that are meant have a taint",
  },
  {
    reason: "Unschedulable",
    words: ["taint"],
    means: "All nodes that fit have a taint that the pod does not tolerate",
    remedy: "Add spec.pod.tolerations, or nodes without that taint",
  },
  {
    reason: "Unschedulable",
    words: ["affinity", "selector"],
    means: "No node has the labels that the pod wants",
    remedy: "Correct spec.pod.nodeSelector and affinity, or label a node",
  },
  {
    reason: "Unschedulable",
    words: ["PersistentVolumeClaim", "volume"],
    means: "A volume of the pod cannot be had, or not where there is room",
    remedy: "Make the volume available where nodes are free: check its StorageClass and zone",
  },
  {
    reason: "Unschedulable",
    means: "No node fits the pod",
    remedy: "Give the pod a node that fits: the message says what each lacks",
  },
  {
    reason: "SchedulerError",
    means: "The scheduler itself failed",
    remedy: "Look at the log of the scheduler",
  },
  {
    reason: "Evicted",
    means: "The node put the pod out, as it ran short",
    remedy:
      "The node ran short of what the message names: raise spec.resources.requests, or give nodes more",
  },
  {
    reason: "NodeLost",
    means: "The node of the pod is not heard of any more",
    remedy: "The node is gone: delete its pods where it does not come back",
  },
  {
    reason: "NodeShutdown",
    means: "The node of the pod went down",
    remedy: "The node went down; the pod comes back on another",
  },
  {
    reason: "DeadlineExceeded",
    means: "The pod ran longer than its deadline",
    remedy: "The pod took longer than it may: look at its log",
  },
  {
    reason: "PodFailed",
    means: "The pod failed, and nobody says why",
    remedy: "Look at the log of the pod",
  },
  {
    reason: "FailedMount",
    means: "A volume cannot be mounted",
    remedy:
      "Create the Secret, ConfigMap or claim that the message names, or correct spec.pod.volumes",
  },
  {
    reason: "FailedAttachVolume",
    means: "A volume cannot be attached to the node",
    remedy: "Free the volume from the node that has it, or wait until that one lets go",
  },
  {
    reason: "StartError",
    means: "The node could not start the container's program",
    remedy: "Correct what the message names: the command of the image or a mount",
  },
  {
    reason: "ContainerStatusUnknown",
    means: "The node does not know any more how the container is",
    remedy: "The node does not tell how the container is: look at the node",
  },
  {
    reason: "SchedulingGated",
    means: "The pod waits for its scheduling gates to be lifted",
    remedy: "Look at who set spec.schedulingGates of the pod: that one has to lift them",
  },
  {
    reason: "Terminated",
    means: "The container ended, and the node gives no reason",
    remedy: "Read the log of the container that the message names",
  },
];
