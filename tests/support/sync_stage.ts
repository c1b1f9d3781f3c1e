/**
 * Where a story of MeshSyncs is told: in a world in memory, or on a real API server. Both show what came of it in the same
 * form, so that they can be compared.
 */
import { type MeshSync, resourceOf } from "#api";
import { conditionList, idOf, type KubeObject, type ObjectId } from "#base";
import { type ClusterClient, isForbidden, isNotFound } from "#kube";
import { REPOSITORY_URL, SHOP, SyncWorld } from "./sync_world.ts";

/** What people do in a story. */
export interface SyncStage {
  readonly namespace: string;
  /** Writes files (`undefined` removes one) and commits them; an object becomes its JSON. */
  commit(files: Readonly<Record<string, object | string | undefined>>): Promise<string>;
  /** Makes or changes a MeshSync, whose folder is its name. */
  sync(name: string, spec?: object, annotations?: Readonly<Record<string, string>>): Promise<void>;
  /** Server-side apply, as another tool. */
  apply(object: KubeObject, manager: string): Promise<void>;
  /** A merge patch, as somebody with kubectl. */
  patch(id: ObjectId, patch: object, manager?: string): Promise<void>;
  /** The status that a controller would write. */
  patchStatus(id: ObjectId, status: object): Promise<void>;
  remove(id: ObjectId): Promise<void>;
  /** Has every sync look, and waits until all is done. */
  settle(): Promise<void>;
}

/** What is seen of a stage: texts by object and by sync. */
export type StageView = Readonly<Record<string, unknown>>;

/** Kinds that stories make objects of. */
const KINDS: readonly (readonly [apiVersion: string, kind: string])[] = [
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["v1", "Service"],
];

/** Members of `spec` that an API server fills in by itself. */
const FILLED: readonly string[] = [
  "clusterIP",
  "clusterIPs",
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "sessionAffinity",
  "type",
];

/** What a stage looks like, without what differs from run to run. */
export async function stageView(
  cluster: ClusterClient,
  { commits, kinds, namespace }: {
    readonly namespace: string;
    readonly commits: readonly string[];
    /** Kinds besides those that every story may use. */
    readonly kinds: readonly (readonly [apiVersion: string, kind: string])[];
  },
): Promise<StageView> {
  const view: Record<string, unknown> = {};
  for (const [apiVersion, kind] of [...KINDS, ...kinds]) {
    const type = await cluster.resourceType(apiVersion, kind);
    if (type === undefined) continue;
    for (const space of [namespace, `${namespace}-more`]) {
      for (const object of await listed(cluster, { type, namespace: space })) {
        if (object.metadata.name === "kube-root-ca.crt") continue;
        view[`${kind} ${space}/${object.metadata.name}`] = objectView(object);
      }
    }
  }
  for (const sync of await cluster.list(resourceOf("MeshSync"), { namespace })) {
    view[`MeshSync ${sync.metadata.name}`] = syncView(sync as MeshSync);
  }
  return JSON.parse(withoutNames(JSON.stringify(view), { namespace, commits }));
}

async function listed(
  cluster: ClusterClient,
  { namespace, type }: {
    readonly namespace: string;
    readonly type: Parameters<ClusterClient["list"]>[0];
  },
): Promise<KubeObject[]> {
  try {
    return await cluster.list(type, { namespace });
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return [];
    throw error;
  }
}

function objectView({ metadata, spec, status: _status, ...rest }: KubeObject): unknown {
  const { apiVersion: _version, kind: _kind, ...content } = rest;
  const { annotations = {}, deletionTimestamp, finalizers, labels } = metadata;
  const { "gitops.functionmesh.io/hash": _hash, ...own } = annotations;
  const kept = Object.entries((spec ?? {}) as Record<string, unknown>)
    .filter(([member]) => !FILLED.includes(member));
  return {
    ...content,
    ...(spec === undefined ? {} : { spec: withoutDefaults(Object.fromEntries(kept)) }),
    ...(labels === undefined ? {} : { labels }),
    ...(Object.keys(own).length === 0 ? {} : { annotations: own }),
    ...(finalizers === undefined ? {} : { finalizers }),
    ...(deletionTimestamp === undefined ? {} : { isDeleting: true }),
  };
}

/** Ports as they were declared. */
function withoutDefaults(spec: Record<string, unknown>): unknown {
  if (!Array.isArray(spec["ports"])) return spec;
  const ports = spec["ports"].map(({ protocol: _protocol, targetPort: _target, ...port }) => port);
  return { ...spec, ports };
}

function syncView({ metadata, status = {} }: MeshSync): unknown {
  const conditions = conditionList(status.conditions).map(
    ({ message, reason, status: word, type }) => `${type} ${word} ${reason}: ${message}`,
  );
  return {
    conditions,
    lastAppliedRevision: status.lastAppliedRevision,
    lastAttemptedRevision: status.lastAttemptedRevision,
    lastHealthyRevision: status.lastHealthyRevision,
    inventory: (status.inventory ?? []).map(({ id }) => id),
    quarantined: (status.quarantined ?? []).map(({ objects, revision }) => [revision, objects]),
    drifted: status.drifted,
    ...(metadata.deletionTimestamp === undefined ? {} : { isDeleting: true }),
  };
}

/** A text in which namespaces and commits have the names that they have in every run. */
function withoutNames(
  text: string,
  { commits, namespace }: { readonly commits: readonly string[]; readonly namespace: string },
): string {
  return commits.reduce(
    (named, commit, index) => named.replaceAll(commit, `commit-${index + 1}`),
    text.replaceAll(namespace, "SPACE"),
  );
}

/** Time that a story's world gets to settle: longer than every timeout that stories set. */
const SETTLE_MS = 12_000;

/** A stage in memory; each view that {@linkcode SyncStage.settle} leads to is noted. */
export async function fakeStage(
  kinds: readonly (readonly [string, string])[] = [],
): Promise<SyncStage & { readonly views: StageView[]; readonly world: SyncWorld }> {
  const world = new SyncWorld();
  await world.advance(0);
  const views: StageView[] = [];
  const commits: string[] = [];
  const names = new Set<string>();
  let looks = 0;
  return {
    world,
    views,
    namespace: SHOP,
    commit: (files) => {
      const texts = Object.entries(files).map(([path, file]) => [path, fileText(file)]);
      const commit = world.repository.commit(Object.fromEntries(texts));
      commits.push(commit);
      return Promise.resolve(commit);
    },
    sync: (name, spec = {}, annotations = {}) => {
      names.add(name);
      world.applyNow(
        meshSyncObject(SHOP, name, { url: REPOSITORY_URL, spec, annotations }),
        "user",
      );
      return Promise.resolve();
    },
    apply: (object, manager) => Promise.resolve(world.applyNow(object, manager)),
    patch: (id, patch, manager = "kubectl-edit") =>
      Promise.resolve(world.patchNow(id, patch as Record<string, unknown>, { manager })),
    patchStatus: (id, status) => {
      const options = { manager: "controller", subresource: "status" };
      return Promise.resolve(world.patchNow(id, { status }, options));
    },
    remove: (id) => Promise.resolve(world.removeNow(id)),
    settle: async () => {
      await world.advance(1_000);
      for (const name of names) {
        if (world.meshSync(name) === undefined) continue;
        const annotations = { "reconcile.functionmesh.io/requestedAt": String(++looks) };
        const id = { ...idOf(meshSyncObject(SHOP, name, { url: "", spec: {}, annotations })) };
        world.patchNow(id, { metadata: { annotations } }, { manager: "user" });
      }
      await world.advance(SETTLE_MS);
      views.push(await stageView(world.user, { namespace: SHOP, commits, kinds }));
    },
  };
}

/** A file of a commit as a text. */
export function fileText(file: object | string | undefined): string | undefined {
  return typeof file === "object" ? JSON.stringify(file) : file;
}

/** A MeshSync of a story. */
export function meshSyncObject(
  namespace: string,
  name: string,
  { annotations, spec, url }: {
    readonly url: string;
    readonly spec: object;
    readonly annotations: Readonly<Record<string, string>>;
  },
): KubeObject {
  return {
    apiVersion: "gitops.functionmesh.io/v1alpha1",
    kind: "MeshSync",
    metadata: { namespace, name, annotations },
    spec: { url, path: name, interval: "1h", ...spec },
  };
}
