/**
 * What people commit is often what `kubectl get -o yaml` printed. Of that, fields which only the API server or a controller
 * writes are no wish of anybody: to apply them is refused, fought over, or undone again and again. Each family of them has a
 * rule with a name here. Some fields may be either, such as a `nodePort`: they go only from an object that bears the marks of
 * one that was stored. Pure.
 *
 * @module
 */
import { ANNOTATIONS, FINALIZERS } from "#api";
import { isPlainObject, type KubeObject } from "#base";

/** Where a field is; `*` stands for every member or item. */
type Path = readonly string[];

/** One family of fields that nobody wrote on purpose. */
export interface ExportRule {
  readonly name: string;
  /** Fields that go. */
  readonly paths: readonly Path[];
  /** Whether it is about an object; every one when left out. */
  readonly isAbout?: (object: KubeObject, isStored: boolean) => boolean;
  /** Whether a value goes; every one when left out. */
  readonly isLeftOut?: (value: unknown, object: KubeObject) => boolean;
}

const IN_METADATA = [
  ...["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation"],
  ...["managedFields", "resourceVersion", "selfLink", "uid"],
];

/** Where templates of other objects are. */
const TEMPLATES: readonly Path[] = [
  ["spec", "template"],
  ["spec", "jobTemplate"],
  ["spec", "jobTemplate", "spec", "template"],
  ["spec", "volumeClaimTemplates", "*"],
];

const annotations = (...names: readonly string[]): Path[] =>
  names.map((name) => ["metadata", "annotations", name]);

const isKind = (kind: string, group = "") => ({ apiVersion, kind: own }: KubeObject) =>
  own === kind && (apiVersion.includes("/") ? apiVersion.split("/")[0] : "") === group;

const isStoredKind = (kind: string, group = "") => (object: KubeObject, isStored: boolean) =>
  isStored && isKind(kind, group)(object);

/** All of the rules, in the order in which they are followed. */
export const EXPORT_RULES: readonly ExportRule[] = [
  { name: "server metadata", paths: IN_METADATA.map((name) => ["metadata", name]) },
  {
    name: "metadata of templates",
    // The status of a claim's template stays: a StatefulSet holds those templates as one value.
    paths: TEMPLATES.map((template) => [...template, "metadata", "creationTimestamp"]),
  },
  { name: "status", paths: [["status"]] },
  // The uid in it is that of one cluster: anywhere else the garbage collector deletes the object.
  { name: "owners", paths: [["metadata", "ownerReferences"]] },
  {
    name: "finalizers of controllers",
    paths: [["metadata", "finalizers", "*"]],
    isLeftOut: (value) => isControllersFinalizer(String(value)),
  },
  {
    name: "finalizers of a stored object",
    paths: [["metadata", "finalizers"]],
    isAbout: (_object, isStored) => isStored,
  },
  {
    name: "bookkeeping of kubectl",
    paths: annotations("kubectl.kubernetes.io/last-applied-configuration"),
  },
  {
    name: "bookkeeping of this program",
    paths: annotations(
      ...[ANNOTATIONS.appliedHash, ANNOTATIONS.declaredMinimum, ANNOTATIONS.declaredReplicas],
      ...[ANNOTATIONS.cleanupAttempt, ANNOTATIONS.rendered, ANNOTATIONS.gitHash],
      ANNOTATIONS.file,
    ),
  },
  {
    name: "replicas that were filled in",
    paths: [["spec", "replicas"]],
    isLeftOut: (value, object) =>
      object.metadata.annotations?.[ANNOTATIONS.filledReplicas] === String(value),
  },
  {
    name: "the note of replicas that were filled in",
    paths: annotations(ANNOTATIONS.filledReplicas),
  },
  {
    name: "revisions of workloads",
    paths: annotations(
      ...["deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"],
      ...["deployment.kubernetes.io/revision", "deployment.kubernetes.io/revision-history"],
      "deprecated.daemonset.template.generation",
    ),
  },
  {
    name: "marks of Job pods",
    paths: [
      ...[
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-uid",
        "job-name",
      ]
        .flatMap((label): Path[] => [
          ["metadata", "labels", label],
          ["spec", "selector", "matchLabels", label],
          ["spec", "template", "metadata", "labels", label],
        ]),
      ...annotations("batch.kubernetes.io/job-tracking"),
    ],
    isAbout: (object) =>
      isKind("Job", "batch")(object) && specOf(object)["manualSelector"] !== true,
  },
  {
    name: "addresses of Services",
    paths: [["spec", "clusterIP"], ["spec", "clusterIPs"]],
    isAbout: isStoredKind("Service"),
    isLeftOut: (value) => value !== "None" && !(Array.isArray(value) && value[0] === "None"),
  },
  {
    name: "ports of Services",
    paths: [["spec", "ports", "*", "nodePort"], ["spec", "healthCheckNodePort"]],
    isAbout: isStoredKind("Service"),
  },
  {
    name: "binding of claims",
    paths: [
      ["spec", "volumeName"],
      ...annotations(
        ...["pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"],
        ...["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/selected-node"],
        "volume.kubernetes.io/storage-provisioner",
      ),
    ],
    isAbout: isStoredKind("PersistentVolumeClaim"),
  },
  {
    name: "binding of volumes",
    paths: [
      ["spec", "claimRef", "resourceVersion"],
      ["spec", "claimRef", "uid"],
      ...annotations("pv.kubernetes.io/bound-by-controller"),
    ],
    isAbout: isKind("PersistentVolume"),
  },
  {
    name: "tokens of ServiceAccounts",
    paths: [
      ...["ca.crt", "namespace", "token"].map((name): Path => ["data", name]),
      ...annotations("kubernetes.io/service-account.uid"),
      ["metadata", "labels", "kubernetes.io/legacy-token-invalid-since"],
      ["metadata", "labels", "kubernetes.io/legacy-token-last-used"],
    ],
    isAbout: (object) =>
      isKind("Secret")(object) && object["type"] === "kubernetes.io/service-account-token",
  },
  {
    name: "Secrets of ServiceAccounts",
    paths: [["secrets", "*"], ["imagePullSecrets", "*"]],
    isAbout: isStoredKind("ServiceAccount"),
    isLeftOut: (value, { metadata }) =>
      isPlainObject(value) && [`${metadata.name}-token-`, `${metadata.name}-dockercfg-`]
        .some((start) => String(value["name"]).startsWith(start)),
  },
  {
    name: "aggregated rules",
    paths: [["rules"]],
    isAbout: (object) =>
      isKind("ClusterRole", "rbac.authorization.k8s.io")(object) &&
      isPlainObject(object["aggregationRule"]),
  },
  {
    name: "finalizers of Namespaces",
    paths: [["spec", "finalizers"]],
    isAbout: isKind("Namespace"),
  },
  {
    name: "state of Nodes",
    paths: [
      ["spec", "podCIDR"],
      ["spec", "podCIDRs"],
      ["spec", "providerID"],
      ["spec", "taints", "*"],
      ...annotations(
        ...["csi.volume.kubernetes.io/nodeid", "node.alpha.kubernetes.io/ttl"],
        "volumes.kubernetes.io/controller-managed-attach-detach",
      ),
    ],
    isAbout: isStoredKind("Node"),
    // Those that people set have keys of their own.
    isLeftOut: (value) =>
      !isPlainObject(value) ||
      /^node\.(?:cloudprovider\.)?kubernetes\.io\//.test(String(value["key"])),
  },
  {
    name: "node and token of Pods",
    paths: [
      ["spec", "nodeName"],
      ["spec", "priority"],
      ["spec", "volumes", "*"],
      ...["containers", "initContainers", "ephemeralContainers"]
        .map((list): Path => ["spec", list, "*", "volumeMounts", "*"]),
    ],
    isAbout: isStoredKind("Pod"),
    isLeftOut: (value) =>
      !isPlainObject(value) || String(value["name"]).startsWith("kube-api-access-"),
  },
  {
    name: "who holds a Lease",
    paths: [["spec"]],
    isAbout: isStoredKind("Lease", "coordination.k8s.io"),
  },
  {
    name: "leaders in annotations",
    paths: annotations(
      "control-plane.alpha.kubernetes.io/leader",
      "endpoints.kubernetes.io/last-change-trigger-time",
    ),
  },
  {
    name: "state of autoscalers in annotations",
    paths: annotations(
      "autoscaling.alpha.kubernetes.io/conditions",
      "autoscaling.alpha.kubernetes.io/current-metrics",
    ),
  },
  {
    name: "who asks for a certificate",
    paths: ["extra", "groups", "uid", "username"].map((name) => ["spec", name]),
    isAbout: isKind("CertificateSigningRequest", "certificates.k8s.io"),
  },
  {
    name: "authorities that cert-manager puts in",
    paths: [
      ["spec", "caBundle"],
      ["spec", "conversion", "webhook", "clientConfig", "caBundle"],
      ["webhooks", "*", "clientConfig", "caBundle"],
    ],
    isAbout: ({ metadata }) =>
      Object.keys(metadata.annotations ?? {}).some((name) =>
        name.startsWith("cert-manager.io/inject-")
      ),
  },
];

/** Those that Kubernetes and this program put on and take off; others may be meant. */
function isControllersFinalizer(name: string): boolean {
  const domain = name.slice(0, Math.max(0, name.lastIndexOf("/")));
  return name === FINALIZERS.cleanup || name === FINALIZERS.sync || name === "foregroundDeletion" ||
    name === "orphan" || name === "customresourcecleanup.apiextensions.k8s.io" ||
    domain === "kubernetes.io" || domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io");
}

function specOf({ spec }: KubeObject): Readonly<Record<string, unknown>> {
  return isPlainObject(spec) ? spec : {};
}

/** Whether an object was read from a cluster: nobody writes these by hand. */
export function isStoredObject({ metadata }: KubeObject): boolean {
  const { creationTimestamp, managedFields, resourceVersion, uid } = metadata as unknown as Record<
    string,
    unknown
  >;
  // `null` is what kubectl and generators write for an object that nobody stored yet.
  return [creationTimestamp, managedFields, resourceVersion, uid].some(Boolean);
}

/**
 * An object as its author meant it: without what only the API server and controllers write.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { authored } from "./exported.ts";
 * const head = { apiVersion: "v1", kind: "Service" };
 * const ports = [{ port: 80 }];
 * const stored = { metadata: { name: "web", uid: "7a0c" }, spec: { clusterIP: "10.0.0.7", ports } };
 * assertEquals(authored({ ...head, ...stored }), { ...head, metadata: { name: "web" }, spec: { ports } });
 * const written = { ...head, metadata: { name: "web" }, spec: { clusterIP: "10.0.0.7", ports } };
 * assertEquals(authored(written), written);
 * ```
 */
export function authored(object: KubeObject): KubeObject {
  const isStored = isStoredObject(object);
  return EXPORT_RULES.filter(({ isAbout }) => isAbout?.(object, isStored) ?? true)
    .reduce(
      (result, rule) =>
        rule.paths.reduce(
          (kept, path) => without(kept, { path, object, rule }) as KubeObject,
          result,
        ),
      object,
    );
}

/** What is left out of an object, and by which rule. */
interface Leaving {
  readonly path: Path;
  readonly object: KubeObject;
  readonly rule: ExportRule;
}

/**
 * A value without a field, if the rule leaves it out; else the value itself, as most objects hold nothing to leave out.
 * Lists and maps that become empty by that go too.
 */
function without(value: unknown, at: Leaving): unknown {
  const [name, ...rest] = at.path;
  if (name === undefined) return value;
  const below = { ...at, path: rest };
  if (Array.isArray(value)) return name === "*" ? listWithout(value, below) : value;
  return isPlainObject(value) && Object.hasOwn(value, name)
    ? mapWithout(value, name, below)
    : value;
}

function listWithout(list: readonly unknown[], at: Leaving): readonly unknown[] {
  const kept = at.path.length > 0
    ? list.map((item) => without(item, at))
    : list.filter((item) => at.rule.isLeftOut?.(item, at.object) === false);
  const isSame = kept.length === list.length && kept.every((item, index) => item === list[index]);
  return isSame ? list : kept;
}

function mapWithout(map: Readonly<Record<string, unknown>>, name: string, at: Leaving): unknown {
  const before = map[name];
  if (at.path.length === 0) {
    return at.rule.isLeftOut?.(before, at.object) === false ? map : mapOfOthers(map, name);
  }
  const after = without(before, at);
  if (after === before) return map;
  return isEmpty(after) && !isEmpty(before) ? mapOfOthers(map, name) : { ...map, [name]: after };
}

function mapOfOthers(map: Readonly<Record<string, unknown>>, name: string): unknown {
  const { [name]: _gone, ...others } = map;
  return others;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length === 0
    : isPlainObject(value) && Object.keys(value).length === 0;
}

/**
 * An object without members that have no value, as `kubectl apply` has it: `nodeSelector: {zone: }` asks for no zone, where a
 * server-side apply would ask for one of the name `""`, and overwrite a value of `data` with nothing. What annotations have no
 * value stays: they are texts without a character then, there as here.
 */
export function withoutNulls(object: KubeObject): KubeObject {
  if (!holdsNull(object)) return object;
  const { annotations } = object.metadata;
  const bare = valued(object) as KubeObject;
  if (annotations === undefined || annotations === null) return bare;
  return { ...bare, metadata: { ...bare.metadata, annotations } };
}

function holdsNull(value: unknown): boolean {
  return typeof value === "object" && (value === null || Object.values(value).some(holdsNull));
}

/** Nulls that are items of a list are values: to leave them out would move the others. */
function valued(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valued);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== null)
      .map(([name, member]) => [name, valued(member)]),
  );
}

/**
 * A Secret with its `stringData` in `data`, where it would be stored: a member that leaves Git leaves the cluster then. Other
 * objects are handed back as they are.
 */
export function withStoredData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (!isKind("Secret")(object) || stringData === undefined) return object;
  const texts = isPlainObject(stringData) ? stringData : {};
  const encoded = Object.entries(texts).filter(([, value]) => value !== null).map(([name, value]) =>
    [name, new TextEncoder().encode(String(value)).toBase64()] as const
  );
  const data = isPlainObject(rest["data"]) ? rest["data"] : {};
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}
