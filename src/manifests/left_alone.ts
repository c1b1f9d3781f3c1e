/**
 * Of what `kubectl get -o yaml` prints some objects are nobody's wish: a controller makes them anew for their owner, keeps
 * them as they are, or deletes them after a while. To apply them is a fight with who looks after them. Each family of them has
 * a rule with a name here; all but the first are about what an object says of itself. Pure, but for the look at the owner.
 *
 * @module
 */
import {
  groupOf,
  idText,
  isPlainObject,
  type KubeObject,
  perObject,
  pooled,
  withoutValues,
} from "#base";
import type { ClusterClient } from "#kube";
import { authored, isStoredObject } from "./exported.ts";
import { type Manifest, type ManifestProblem, problemOf } from "./manifest.ts";
import type { TargetObject } from "./target.ts";

/** Looks at owners at the same time. */
const OWNERS_AT_ONCE = 8;

/** One family of objects that are left to somebody else. */
interface LeftRule {
  readonly name: string;
  /** Whose they are, in words; undefined for another object. */
  readonly ownerOf: (object: KubeObject) => string | undefined;
}

const isKind = ({ apiVersion, kind }: KubeObject, group: string, kinds: readonly string[]) =>
  groupOf(apiVersion) === group && kinds.includes(kind);

/** How controllers sign the objects that they keep; others may use the same label. */
const KEEPERS: Readonly<Record<string, readonly string[]>> = {
  "endpoints.kubernetes.io/managed-by": ["endpoint-controller"],
  "endpointslice.kubernetes.io/managed-by": [
    "endpointslice-controller.k8s.io",
    "endpointslicemirroring-controller.k8s.io",
  ],
  "ipaddress.kubernetes.io/managed-by": ["ipallocator.k8s.io"],
};

/** What the API server keeps as it is, or makes again at its start: labels and annotations that say so. */
const BUILT_IN: readonly Readonly<Record<string, string>>[] = [
  { "kube-aggregator.kubernetes.io/automanaged": "onstart" },
  { "kube-aggregator.kubernetes.io/automanaged": "true" },
  { "apf.kubernetes.io/autoupdate-spec": "true" },
  {
    "kubernetes.io/bootstrapping": "rbac-defaults",
    "rbac.authorization.kubernetes.io/autoupdate": "true",
  },
];

/** The signs of life of nodes and of API servers. */
function isNodeLease(object: KubeObject): boolean {
  const { labels = {}, namespace } = object.metadata;
  return isKind(object, "coordination.k8s.io", ["Lease"]) &&
    (namespace === "kube-node-lease" || Object.hasOwn(labels, "apiserver.kubernetes.io/identity"));
}

const LEFT_RULES: readonly LeftRule[] = [
  {
    name: "records that expire",
    ownerOf: (object) =>
      isKind(object, "", ["Event"]) || isKind(object, "events.k8s.io", ["Event"])
        ? "is a record of what happened, which the cluster deletes after an hour"
        : undefined,
  },
  {
    name: "requests that were answered",
    ownerOf: (object) =>
      isKind(object, "certificates.k8s.io", ["CertificateSigningRequest"]) && isStoredObject(object)
        ? "is a request that was made once, which the cluster deletes after a while"
        : undefined,
  },
  {
    name: "kept by controllers",
    ownerOf: ({ metadata: { labels = {} } }) =>
      Object.entries(KEEPERS).flatMap(([label, names]) => {
        const keeper = labels[label];
        return keeper !== undefined && names.includes(keeper) ? [`is kept by ${keeper}`] : [];
      })[0],
  },
  {
    name: "kept by the API server",
    ownerOf: (object) => {
      const marks: Readonly<Record<string, string>> = {
        ...object.metadata.labels,
        ...object.metadata.annotations,
      };
      const isBuiltIn = BUILT_IN.some((wanted) =>
        Object.entries(wanted).every(([name, value]) => marks[name] === value)
      );
      return isBuiltIn && isStoredObject(object) ? "is kept by the API server" : undefined;
    },
  },
  {
    name: "what nodes and drivers report",
    ownerOf: (object) =>
      isStoredObject(object) &&
        (isNodeLease(object) ||
          isKind(object, "storage.k8s.io", ["CSINode", "CSIStorageCapacity", "VolumeAttachment"]) ||
          isKind(object, "resource.k8s.io", ["ResourceSlice"]))
        ? "is what nodes and drivers report"
        : undefined,
  },
  {
    name: "what clusters publish",
    ownerOf: (object) => {
      const { name, namespace } = object.metadata;
      const isPublished = isKind(object, "", ["ConfigMap"]) && name === "kube-root-ca.crt" ||
        (isKind(object, "", ["Endpoints"]) ||
            isKind(object, "discovery.k8s.io", ["EndpointSlice"])) &&
          name === "kubernetes" && namespace === "default";
      return isPublished ? "is what every cluster publishes of itself" : undefined;
    },
  },
];

/** Who looks after an object, whatever Git says of it, in words; undefined for one that may be applied. */
export const keeperText: (object: KubeObject) => string | undefined = perObject((object) =>
  LEFT_RULES.map(({ ownerOf }) => ownerOf(object)).find((words) => words !== undefined)
);

/** An owner whose controller made an object. */
export interface Controller {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** The owner whose controller made an object, as the object says. */
export function controllerOf(object: KubeObject): Controller | undefined {
  const { ownerReferences } = object.metadata as unknown as Record<string, unknown>;
  const owners = Array.isArray(ownerReferences) ? ownerReferences.filter(isPlainObject) : [];
  const owner = owners.find(({ controller }) => controller === true);
  return owner === undefined ? undefined : {
    apiVersion: String(owner["apiVersion"]),
    kind: String(owner["kind"]),
    name: String(owner["name"]),
  };
}

function controllerText({ kind, name }: Controller): string {
  return `belongs to ${kind}/${name}, whose controller makes it`;
}

/** A warning for an object that is not applied, or will not be where its owner lives. */
function leftWarning(manifest: Manifest): string | undefined {
  const keeper = keeperText(manifest.object);
  if (keeper !== undefined) return `${keeper}: it is not applied; remove it`;
  const controller = controllerOf(manifest.object);
  return controller === undefined
    ? undefined
    : `${controllerText(controller)}: where that lives it is not applied; remove it`;
}

/** An object that is not applied. */
export interface LeftObject {
  readonly target: TargetObject;
  /** What it is, and whose. */
  readonly words: string;
}

/**
 * Parts objects into those that are applied and those that are somebody else's. What a controller made belongs to its owner
 * where that lives: in the same revision, or in the cluster, as the live object says.
 */
export async function withoutLeft(
  targets: readonly TargetObject[],
  manifests: readonly Manifest[],
  { acting, signal }: {
    readonly acting: Pick<ClusterClient, "get">;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly applied: TargetObject[]; readonly left: LeftObject[] }> {
  const there = new Set(targets.map(({ id }) => ownerKey(id, id.name)));
  const found = await pooled(targets.map((target, index) => ({ target, index })), OWNERS_AT_ONCE, (
    { index, target },
  ) => keeperOf(target, { object: manifests[index]?.object, there, acting, signal }));
  return {
    applied: targets.filter((_, index) => found[index] === undefined),
    left: targets.flatMap((target, index) => {
      const words = found[index];
      if (words === undefined) return [];
      const text = `${idText(target.id)} ${words}: not applied`;
      return [{ target, words: withoutValues(text, target.secrets ?? []) }];
    }),
  };
}

async function keeperOf(
  { id, type }: TargetObject,
  { acting, object, signal, there }: {
    readonly object: KubeObject | undefined;
    readonly there: ReadonlySet<string>;
    readonly acting: Pick<ClusterClient, "get">;
    readonly signal: AbortSignal;
  },
): Promise<string | undefined> {
  if (object === undefined) return undefined;
  const keeper = keeperText(object);
  if (keeper !== undefined) return keeper;
  const controller = controllerOf(object);
  if (controller === undefined) return undefined;
  if (there.has(ownerKey(controller, controller.name))) return controllerText(controller);
  const live = type === undefined ? undefined : await acting.get(type, id, signal);
  const living = live === undefined ? undefined : controllerOf(live);
  return living === undefined ? undefined : controllerText(living);
}

function ownerKey(
  of: { readonly apiVersion: string; readonly kind: string },
  name: string,
): string {
  return `${groupOf(of.apiVersion)} ${of.kind} ${name}`;
}

/** A warning for owners and finalizers in files: people who write them expect them to have an effect. */
export function exportWarnings(manifest: Manifest): ManifestProblem[] {
  const { finalizers, ownerReferences } = manifest.object.metadata as unknown as Record<
    string,
    unknown
  >;
  const warning = leftWarning(manifest);
  const left = Array.isArray(finalizers) ? withoutEffect(finalizers, manifest) : [];
  return [
    ...(warning === undefined ? [] : [problemOf(manifest, warning)]),
    ...(warning === undefined && Array.isArray(ownerReferences) && ownerReferences.length > 0
      ? [problemOf(
        manifest,
        "has no effect: the uid in it is that of one cluster; remove it",
        "metadata.ownerReferences",
      )]
      : []),
    ...(left.length > 0
      ? [problemOf(
        manifest,
        `${left.join(", ")} has no effect: a controller puts it on and takes it off; remove it`,
        "metadata.finalizers",
      )]
      : []),
  ];
}

function withoutEffect(finalizers: readonly unknown[], { object }: Manifest): unknown[] {
  const kept = authored(object).metadata.finalizers ?? [];
  return finalizers.filter((name) => typeof name !== "string" || !kept.includes(name));
}

/** A problem for each owner that an object names and no file holds: what it belonged to is not there. */
export function ownerProblems(manifests: readonly Manifest[]): ManifestProblem[] {
  const nameOf = (of: Readonly<Record<string, unknown>>, name: unknown) =>
    `${String(of["apiVersion"]).split("/")[0]} ${of["kind"]} ${name}`;
  const there = new Set(manifests.map(({ object }) => nameOf(object, object.metadata.name)));
  return manifests.flatMap((manifest) => {
    const { ownerReferences } = manifest.object.metadata as unknown as Record<string, unknown>;
    const owners = Array.isArray(ownerReferences) ? ownerReferences.filter(isPlainObject) : [];
    return owners.flatMap((owner, index) =>
      there.has(nameOf(owner, owner["name"])) ? [] : [problemOf(
        manifest,
        `names the owner ${owner["kind"]}/${
          owner["name"]
        }, which no file holds; remove the reference, ` +
          "or the object if what owned it made it",
        `metadata.ownerReferences[${index}]`,
      )]
    );
  });
}
