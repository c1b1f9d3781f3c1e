/**
 * What to do about what this program says of components and meshes, and an API server of what is written.
 *
 * @module
 */
import type { Remedy } from "./remedy.ts";

/** Of components and meshes. */
export const COMPONENT_REMEDIES: readonly Remedy[] = [
  {
    reason: "InvalidSpec",
    means: "The spec can mean nothing; what runs goes on running",
    remedy:
      "Correct the fields that the message names; meshwright validate shows them with their lines",
  },
  {
    reason: "NotOwned",
    means: "An object of that name is there, and belongs to somebody else",
    remedy: "Rename this resource, or remove the object that is in its way",
  },
  {
    reason: "Progressing",
    means: "The program or the cluster is at work, and nothing is known to be wrong",
    remedy: "Wait: the program or the cluster is at work on it",
  },
  {
    reason: "PodStarting",
    means: "The pod is on its way up",
    remedy: "Wait: the pod is on its way up",
  },
  {
    reason: "Terminating",
    means: "It was deleted, and something keeps it",
    remedy: "Wait until it is gone; finalizers in its metadata name what it waits for",
  },
  {
    reason: "RollingOut",
    means: "Pods of the former revision are replaced one after the other",
    remedy: "Wait until the pods of the new revision are ready, or look at the first that is not",
  },
  {
    reason: "Recreating",
    means: "The StatefulSet is deleted and made anew, as a field of it cannot be changed",
    remedy: "Wait: the StatefulSet is made anew",
  },
  {
    reason: "ScaledToZero",
    means: "It is well, and nothing of it runs",
    remedy: "Nothing runs as spec.replicas is 0; raise it where it is to run",
  },
  {
    reason: "Unavailable",
    means: "The API server did not answer",
    remedy: "Wait until the API server answers; the program tries again",
  },
  {
    reason: "Unknown",
    means: "How something is cannot be told, as it cannot be read",
    remedy: "Look at the program's log: it cannot read what it needs to say how this is",
  },
  {
    reason: "CacheBehind",
    means: "The program cannot read objects of a kind that it needs",
    remedy: "Wait: the program's view of the cluster is behind",
  },
  {
    reason: "QuotaExceeded",
    means: "The namespace may not hold as much",
    remedy: "Raise the ResourceQuota of the namespace, or lower spec.resources and replicas",
  },
  {
    reason: "PodCreationFailed",
    means: "The API server refuses to make the pods",
    remedy:
      "Do what the API server's words ask for: a policy, a webhook or a missing account refuses the pods",
  },
  {
    reason: "CleanupFailed",
    means: "The Job that deletes subscriptions failed; the component stays until it is through",
    remedy:
      "Look at the clean-up Job's log; the annotation compute.functionmesh.io/cleanup: skip ends the wait",
  },
  {
    reason: "CleaningUp",
    means: "It was deleted, and its subscriptions are being deleted",
    remedy:
      "Wait until the subscriptions are deleted; compute.functionmesh.io/cleanup: skip ends the wait",
  },
  {
    reason: "CleanupGivenUp",
    means: "It was deleted, and some of its subscriptions are left",
    remedy: "Delete the subscriptions that the event names by hand, with pulsar-admin",
  },
  {
    reason: "NotObserved",
    means: "Nobody looked at it since it was changed",
    remedy:
      'Check that the program runs and follows this namespace (--watched-namespace), and that it is not told to leave it alone (annotation compute.functionmesh.io/managed: "false")',
  },
];

/** Of writes that an API server refuses. */
export const REFUSAL_REMEDIES: readonly Remedy[] = [
  {
    reason: "Forbidden",
    means: "A right is missing, or a policy or webhook says no",
    remedy:
      "Give the account the right that the message names (meshwright install prints those of the program), or do what the policy asks for",
  },
  {
    reason: "Invalid",
    means: "The object means nothing to the API server, or a policy says no",
    remedy: "Correct what the API server refuses, as its words say",
  },
  {
    reason: "AlreadyExists",
    means: "An object of that name is there already",
    remedy: "Rename this resource, or remove the object that is in its way",
  },
  {
    reason: "BadRequest",
    means: "The API server cannot read what is written",
    remedy: "Correct what the API server refuses, as its words say",
  },
  {
    reason: "Conflict",
    means: "Somebody else writes the same object or field",
    remedy: "Let one of them write the field: the message names the other",
  },
  {
    reason: "InternalError",
    means: "The API server failed, or a webhook that it asks",
    remedy:
      "Look at the webhook that the message names, or at the log of the API server; it is tried again",
  },
  {
    reason: "MethodNotAllowed",
    means: "The API server does not serve this for the kind",
    remedy:
      "Check the versions of the definitions in the cluster: meshwright install prints those of the program",
  },
  {
    reason: "NotFound",
    means: "The namespace, or the kind, is not there",
    remedy: "Create the namespace that the message names, or install the definition of the kind",
  },
  {
    reason: "RequestEntityTooLarge",
    means: "The object is larger than the API server takes",
    remedy: "Make the object smaller: move large texts into ConfigMaps or the package",
  },
  {
    reason: "ServerTimeout",
    means: "The API server has no time now",
    remedy: "Wait: the API server is busy; it is tried again",
  },
  {
    reason: "ServiceUnavailable",
    means: "The API server, or one behind it, is away",
    remedy: "Wait until the API server is back; it is tried again",
  },
  {
    reason: "Timeout",
    means: "The API server took too long",
    remedy: "Wait: the API server is busy, or a webhook that it asks is slow; it is tried again",
  },
  {
    reason: "TooManyRequests",
    means: "The API server lets this account do no more for now",
    remedy: "Wait; where it stays, raise the share of the program by a FlowSchema",
  },
  {
    reason: "Unauthorized",
    means: "The API server does not know who asks",
    remedy: "Check the token of the program's ServiceAccount; a new one needs a restart of the pod",
  },
];
