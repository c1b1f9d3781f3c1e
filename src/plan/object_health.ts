import { type Condition, conditionList, groupOf, isPlainObject, type KubeObject } from "#base";

/** How an object is, in the words of kstatus (cli-utils `pkg/kstatus`). */
export interface ObjectHealth {
  /** `failed` will not get better by waiting; it is still waited for, as somebody may mend what it needs. */
  readonly state: "current" | "progressing" | "failed";
  /** Why it is not current; empty when it is. */
  readonly message: string;
}

const CURRENT: ObjectHealth = { state: "current", message: "" };

type Fields = Readonly<Record<string, unknown>>;

/** One object, taken apart. */
interface Look {
  readonly spec: Fields;
  readonly status: Fields;
  readonly conditions: readonly Condition[];
}

type HealthRule = (look: Look) => ObjectHealth;

/** Kinds of Kubernetes itself that say more than conditions, by group and kind (kstatus `core.go`). */
const RULES: Readonly<Record<string, HealthRule>> = {
  "/PersistentVolumeClaim": volumeClaimHealth,
  "/Pod": podHealth,
  "/Service": serviceHealth,
  "apiextensions.k8s.io/CustomResourceDefinition": definitionHealth,
  "apps/DaemonSet": daemonSetHealth,
  "apps/Deployment": deploymentHealth,
  "apps/ReplicaSet": replicaSetHealth,
  "apps/StatefulSet": statefulSetHealth,
  "batch/Job": jobHealth,
  "gitops.functionmesh.io/MeshSync": syncHealth,
};

/** Kinds that are as they should be once they are there: they have no status that says anything else. */
const STATELESS: ReadonlySet<string> = new Set([
  "/ConfigMap",
  "/Endpoints",
  "/LimitRange",
  "/Namespace",
  "/Secret",
  "/ServiceAccount",
  "admissionregistration.k8s.io/MutatingWebhookConfiguration",
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
  "compute.functionmesh.io/BackendConfig",
  "networking.k8s.io/IngressClass",
  "networking.k8s.io/NetworkPolicy",
  "node.k8s.io/RuntimeClass",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
  "rbac.authorization.k8s.io/Role",
  "rbac.authorization.k8s.io/RoleBinding",
  "scheduling.k8s.io/PriorityClass",
  "storage.k8s.io/StorageClass",
]);

/**
 * Whether objects of a kind can be anything but healthy: of the others nobody has to ask.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hasHealth } from "#plan";
 * assertEquals(hasHealth({ apiVersion: "v1", kind: "ConfigMap" }), false);
 * assertEquals(hasHealth({ apiVersion: "apps/v1", kind: "Deployment" }), true);
 * ```
 */
export function hasHealth(of: { readonly apiVersion: string; readonly kind: string }): boolean {
  return !STATELESS.has(`${groupOf(of.apiVersion)}/${of.kind}`);
}

/**
 * The health of any object by the rules of kstatus: being deleted, a generation that nobody looked at, the standard
 * conditions `Stalled`, `Reconciling` and `Ready`, and what the kinds of Kubernetes itself say.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { objectHealth } from "#plan";
 * const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "a" } };
 * assertEquals(objectHealth({ ...claim, status: { phase: "Bound" } }).state, "current");
 * assertEquals(objectHealth(claim), { state: "progressing", message: "not bound to a volume" });
 * ```
 */
export function objectHealth(object: KubeObject): ObjectHealth {
  if (object.metadata.deletionTimestamp !== undefined) return progressing("is being deleted");
  const spec = fields(object.spec);
  const status = fields(object.status);
  const observed = status["observedGeneration"];
  const generation = object.metadata.generation ?? 0;
  if (typeof observed === "number" && observed < generation) {
    return progressing("not looked at yet");
  }
  const conditions = conditionList(status["conditions"]);
  const ready = conditions.find((condition) => condition.type === "Ready");
  if ((ready?.observedGeneration ?? generation) < generation) {
    return progressing("not looked at yet");
  }
  const look = { spec, status, conditions };
  const rule = RULES[`${groupOf(object.apiVersion)}/${object.kind}`];
  return rule === undefined ? conditionHealth(look) : rule(look);
}

/** Kinds that nobody knows: what the standard conditions say; without them an object that is there is current. */
function conditionHealth({ conditions }: Look): ObjectHealth {
  const of = (type: string) => conditions.find((condition) => condition.type === type);
  const [stalled, reconciling, ready] = [of("Stalled"), of("Reconciling"), of("Ready")];
  if (stalled?.status === "True") return failed(words(stalled));
  if (reconciling?.status === "True") return progressing(words(reconciling));
  if (ready === undefined || ready.status === "True") return CURRENT;
  return progressing(words(ready));
}

/** Nobody has looked at a MeshSync that says nothing. */
function syncHealth(look: Look): ObjectHealth {
  const isLookedAt = look.conditions.some(({ type }) => type === "Ready");
  return isLookedAt ? conditionHealth(look) : progressing("not looked at yet");
}

function deploymentHealth({ spec, status, conditions }: Look): ObjectHealth {
  const late = conditions.find((one) => one.type === "Progressing" && one.status === "False");
  if (late?.reason === "ProgressDeadlineExceeded") return failed(words(late));
  const wanted = count(spec["replicas"], 1);
  const [replicas, updated, ready, available] = [
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
  ].map((name) => count(status[name], 0)) as [number, number, number, number];
  if (updated < wanted) return progressing(`${updated} of ${wanted} replicas updated`);
  if (replicas > wanted) return progressing(`${replicas - wanted} old replicas still there`);
  if (available < wanted) return progressing(`${available} of ${wanted} replicas available`);
  if (ready < wanted) return progressing(`${ready} of ${wanted} replicas ready`);
  const unavailable = conditions.find((one) => one.type === "Available" && one.status !== "True");
  return unavailable === undefined ? CURRENT : progressing(words(unavailable));
}

function replicaSetHealth({ spec, status, conditions }: Look): ObjectHealth {
  const failure = conditions.find((one) => one.type === "ReplicaFailure" && one.status === "True");
  if (failure !== undefined) return progressing(words(failure));
  return replicasHealth(count(spec["replicas"], 1), status);
}

function statefulSetHealth({ spec, status }: Look): ObjectHealth {
  const strategy = fields(spec["updateStrategy"]);
  const wanted = count(spec["replicas"], 1);
  const waiting = replicasHealth(wanted, status);
  if (waiting.state !== "current" || strategy["type"] === "OnDelete") return waiting;
  const partition = count(fields(strategy["rollingUpdate"])["partition"], 0);
  const updated = count(status["updatedReplicas"], 0);
  if (partition > 0) {
    return updated >= wanted - partition
      ? CURRENT
      : progressing(`${updated} of ${wanted - partition} replicas of the partition updated`);
  }
  return status["currentRevision"] === status["updateRevision"]
    ? CURRENT
    : progressing(`${updated} of ${wanted} replicas updated`);
}

function replicasHealth(wanted: number, status: Fields): ObjectHealth {
  const [replicas, ready] = [count(status["replicas"], 0), count(status["readyReplicas"], 0)];
  if (replicas !== wanted) return progressing(`${replicas} of ${wanted} replicas there`);
  return ready < wanted ? progressing(`${ready} of ${wanted} replicas ready`) : CURRENT;
}

function daemonSetHealth({ status }: Look): ObjectHealth {
  if (status["desiredNumberScheduled"] === undefined) return progressing("not looked at yet");
  const wanted = count(status["desiredNumberScheduled"], 0);
  for (
    const [member, word] of [
      ["currentNumberScheduled", "scheduled"],
      ["updatedNumberScheduled", "updated"],
      ["numberAvailable", "available"],
      ["numberReady", "ready"],
    ] as const
  ) {
    const number = count(status[member], 0);
    if (number < wanted) return progressing(`${number} of ${wanted} pods ${word}`);
  }
  return CURRENT;
}

/** A Job is current once it runs, as with kstatus: one that never ends is not unhealthy. */
function jobHealth({ status, conditions }: Look): ObjectHealth {
  const failure = conditions.find((one) => one.type === "Failed" && one.status === "True");
  if (failure !== undefined) return failed(words(failure));
  const isStarted = typeof status["startTime"] === "string" ||
    conditions.some((one) => one.type === "Suspended" && one.status === "True");
  return isStarted ? CURRENT : progressing("not started");
}

function volumeClaimHealth({ status }: Look): ObjectHealth {
  return status["phase"] === "Bound" ? CURRENT : progressing("not bound to a volume");
}

function serviceHealth({ spec, status }: Look): ObjectHealth {
  if (spec["type"] !== "LoadBalancer") return CURRENT;
  const { ingress } = fields(status["loadBalancer"]);
  return Array.isArray(ingress) && ingress.length > 0
    ? CURRENT
    : progressing("has no load balancer yet");
}

function definitionHealth({ conditions }: Look): ObjectHealth {
  const refused = conditions.find((one) => one.type === "NamesAccepted" && one.status === "False");
  if (refused !== undefined) return failed(words(refused));
  const established = conditions.find((one) => one.type === "Established");
  return established?.status === "True" ? CURRENT : progressing("not established");
}

function podHealth({ status, conditions }: Look): ObjectHealth {
  const phase = status["phase"];
  if (phase === "Succeeded") return CURRENT;
  const words = text(status["message"]) || text(status["reason"]);
  if (phase === "Failed") return failed(words || "failed");
  const ready = conditions.find((one) => one.type === "Ready");
  if (phase === "Running" && ready?.status === "True") return CURRENT;
  return waitingContainer(status) ?? progressing(words || ready?.message || "not ready");
}

/** Reasons that a container gives while it cannot start. */
const CRASHES = /^(CrashLoopBackOff|ErrImagePull|ImagePullBackOff|InvalidImageName|Create.*Error)$/;

function waitingContainer(status: Fields): ObjectHealth | undefined {
  for (const member of ["initContainerStatuses", "containerStatuses"]) {
    const containers = status[member];
    for (const container of Array.isArray(containers) ? containers.map(fields) : []) {
      const reason = text(fields(fields(container["state"])["waiting"])["reason"]);
      if (CRASHES.test(reason)) {
        return progressing(`container ${text(container["name"])}: ${reason}`);
      }
    }
  }
  return undefined;
}

function progressing(message: string): ObjectHealth {
  return { state: "progressing", message };
}

function failed(message: string): ObjectHealth {
  return { state: "failed", message };
}

function words(condition: Condition): string {
  return condition.message || condition.reason || `${condition.type} is ${condition.status}`;
}

function fields(value: unknown): Fields {
  return isPlainObject(value) ? value : {};
}

function count(value: unknown, absent: number): number {
  return typeof value === "number" ? value : absent;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
