/**
 * Stories of MeshSyncs that are told in memory and on a real API server, and have to end alike in every object and every
 * word of the status: that is why the fake server can be believed.
 */
import type { KubeObject, ObjectId } from "#base";
import type { SyncStage } from "../support/sync_stage.ts";

/** One story. */
export interface SyncTale {
  readonly name: string;
  /** What `Ready` of the syncs says in the end, without its message. */
  readonly ends: Readonly<Record<string, string>>;
  readonly tell: (stage: SyncStage) => Promise<void>;
}

function configMap(name: string, value: string, metadata: object = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data: { value } };
}

function mapId({ namespace }: SyncStage, name: string): ObjectId {
  return { apiVersion: "v1", kind: "ConfigMap", namespace, name };
}

function syncId({ namespace }: SyncStage, name: string): ObjectId {
  return { apiVersion: "gitops.functionmesh.io/v1alpha1", kind: "MeshSync", namespace, name };
}

function within({ namespace }: SyncStage, object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

const ONE = { "a/one.json": configMap("one", "1") };
const TWO = { ...ONE, "a/two.json": configMap("two", "1") };

/** Tells the beginning: these files, applied by sync `a`. */
async function begun(stage: SyncStage, files: object, spec: object = {}): Promise<void> {
  await stage.commit(files as Record<string, object>);
  await stage.sync("a", spec);
  await stage.settle();
}

/** The stories. */
export const TALES: readonly SyncTale[] = [
  {
    name: "what Git holds is made",
    ends: { a: "True Healthy" },
    tell: (stage) => begun(stage, TWO),
  },
  {
    name: "what Git changes is changed",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.commit({ "a/one.json": configMap("one", "2") });
      await stage.settle();
    },
  },
  {
    name: "what Git drops is deleted",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.commit({ "a/two.json": undefined });
      await stage.settle();
    },
  },
  {
    name: "an object with another name is another object",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.commit({ "a/two.json": configMap("second", "1") });
      await stage.settle();
    },
  },
  {
    name: "a file with another name is the same object",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.commit({ "a/two.json": undefined, "a/deep/second.json": configMap("two", "1") });
      await stage.settle();
    },
  },
  {
    name: "an object moves from one sync to another",
    ends: { a: "True Healthy", b: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, { ...TWO, "b/three.json": configMap("three", "1") });
      await stage.sync("b");
      await stage.settle();
      await stage.commit({ "a/two.json": undefined, "b/two.json": configMap("two", "1") });
      await stage.settle();
    },
  },
  {
    name: "an object that two syncs want belongs to the first",
    ends: { a: "True Healthy", b: "False FieldConflict" },
    tell: async (stage) => {
      await begun(stage, { ...ONE, "b/one.json": configMap("one", "2") });
      await stage.sync("b");
      await stage.settle();
    },
  },
  {
    name: "an edit is undone",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.patch(mapId(stage, "one"), { data: { value: "edited" } });
      await stage.settle();
    },
  },
  {
    name: "what somebody adds stays, and what Git declares comes back",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.patch(mapId(stage, "one"), { data: { more: "x", value: null } });
      await stage.settle();
    },
  },
  {
    name: "an edit is reported where that is wanted",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO, { drift: { mode: "report" } });
      await stage.patch(mapId(stage, "one"), { data: { value: "edited" } });
      await stage.settle();
      await stage.commit({ "a/one.json": configMap("one", "2") });
      await stage.settle();
    },
  },
  {
    name: "an edit of an ignored field is left",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO, { drift: { ignore: [{ paths: ["/data/value"] }] } });
      await stage.patch(mapId(stage, "one"), { data: { value: "edited" } });
      await stage.settle();
    },
  },
  {
    name: "what somebody deletes comes back",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.remove(mapId(stage, "one"));
      await stage.settle();
    },
  },
  {
    name: "a suspended sync does nothing until it goes on",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.sync("a", { suspend: true, suspendReason: "release freeze" });
      await stage.settle();
      await stage.commit({ "a/one.json": configMap("one", "2") });
      await stage.settle();
      await stage.sync("a", { suspend: false });
      await stage.settle();
    },
  },
  {
    name: "objects go with their sync",
    ends: {},
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.remove(syncId(stage, "a"));
      await stage.settle();
    },
  },
  {
    name: "objects stay without their sync where the policy says so",
    ends: {},
    tell: async (stage) => {
      await begun(stage, TWO, { deletionPolicy: "Orphan" });
      await stage.remove(syncId(stage, "a"));
      await stage.settle();
    },
  },
  {
    name: "objects of a sync that does not prune stay without it",
    ends: {},
    tell: async (stage) => {
      await begun(stage, TWO, { prune: false });
      await stage.remove(syncId(stage, "a"));
      await stage.settle();
    },
  },
  {
    name: "an object that must not be pruned stays",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      const annotations = { "gitops.functionmesh.io/prune": "disabled" };
      await begun(stage, { ...ONE, "a/two.json": configMap("two", "1", { annotations }) });
      await stage.commit({ "a/two.json": undefined });
      await stage.settle();
    },
  },
  {
    name: "a sync waits for what it depends on",
    ends: { a: "True Healthy", b: "True Healthy" },
    tell: async (stage) => {
      await stage.commit({ ...ONE, "b/three.json": configMap("three", "1") });
      await stage.sync("b", { dependsOn: [{ name: "a" }] });
      await stage.settle();
      await stage.sync("a");
      await stage.settle();
    },
  },
  {
    name: "a revision waits for a window",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      const windows = [{ kind: "deny", schedule: "* * * * *", duration: "24h" }];
      await begun(stage, ONE, { windows });
      await stage.sync("a", { windows: [] });
      await stage.settle();
    },
  },
  {
    name: "a namespace comes with what it holds",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      const name = `${stage.namespace}-more`;
      const space = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      const inside = configMap("inside", "1", { namespace: name });
      await begun(stage, { "a/space.json": space, "a/inside.json": inside, ...ONE });
      await stage.commit({ "a/inside.json": { ...inside, data: { value: "2" } } });
      await stage.settle();
    },
  },
  {
    name: "a missing namespace holds a revision back",
    ends: { a: "False ApplyFailed" },
    tell: (stage) => {
      const namespace = `${stage.namespace}-more`;
      return begun(stage, { ...ONE, "a/inside.json": configMap("inside", "1", { namespace }) });
    },
  },
  {
    name: "a kind that is not served is waited for",
    ends: { a: "False WaitingForKind" },
    tell: (stage) => {
      const widget = {
        apiVersion: "nobody.example.org/v1",
        kind: "Widget",
        metadata: { name: "one" },
      };
      return begun(stage, { ...ONE, "a/widget.json": widget });
    },
  },
  {
    name: "a field that another tool declares is a conflict",
    ends: { a: "False FieldConflict" },
    tell: async (stage) => {
      await stage.apply(within(stage, configMap("one", "helm")), "helm");
      await begun(stage, TWO);
    },
  },
  {
    name: "a field that another tool declares is taken by force of the sync",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await stage.apply(within(stage, configMap("one", "helm")), "helm");
      await begun(stage, TWO, { force: true });
    },
  },
  {
    name: "a field that another tool declares is taken by force of the object",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await stage.apply(within(stage, configMap("one", "helm")), "helm");
      const annotations = { "gitops.functionmesh.io/force": "true" };
      await begun(stage, { "a/one.json": configMap("one", "1", { annotations }) });
    },
  },
  {
    name: "what another tool begins to declare is a conflict",
    ends: { a: "False FieldConflict" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.apply(within(stage, configMap("one", "helm")), "helm");
      await stage.commit({ "a/one.json": configMap("one", "2") });
      await stage.settle();
    },
  },
  {
    name: "a revision that deletes too much is held back until it is allowed",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      const pruneLimit = { objects: 0, percent: 0 };
      await begun(stage, TWO, { pruneLimit });
      const commit = await stage.commit({ "a/two.json": undefined });
      await stage.settle();
      const allowed = { "gitops.functionmesh.io/allow-prune": commit };
      await stage.sync("a", { pruneLimit }, allowed);
      await stage.settle();
    },
  },
  {
    name: "a manifest that is wrong holds its revision back",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      await stage.commit({
        "a/one.json": configMap("one", "2"),
        "a/two.json": { apiVersion: "v1", kind: "ConfigMap", metadata: { labels: { a: 1 } } },
      });
      await stage.settle();
      await stage.commit({ "a/two.json": configMap("two", "2") });
      await stage.settle();
    },
  },
  {
    name: "an empty folder deletes nothing",
    ends: { a: "False PathNotFound" },
    tell: async (stage) => {
      await begun(stage, { ...ONE, "b/other.json": configMap("other", "1") });
      await stage.commit({ "a/one.json": undefined });
      await stage.settle();
    },
  },
  {
    name: "what the API server refuses holds a revision back, in its words",
    ends: { a: "False ApplyFailed" },
    tell: async (stage) => {
      const fixed = (value: string) => ({ ...configMap("one", value), immutable: true });
      await begun(stage, { "a/one.json": fixed("1"), "a/two.json": configMap("two", "1") });
      await stage.commit({ "a/one.json": fixed("2"), "a/two.json": configMap("two", "2") });
      await stage.settle();
    },
  },
  {
    name: "a variable comes from a Secret, once it is there",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, { "a/one.json": configMap("one", "user ${NAME}") }, {
        variablesFrom: [{ kind: "Secret", name: "vars" }],
      });
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "vars" },
        data: { NAME: btoa("ada") },
      };
      await stage.apply(within(stage, secret), "user");
      await stage.settle();
    },
  },
  {
    name: "labels of the sync are on all that it applies, while they are wanted",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO, { commonLabels: { team: "red", cost: "1" } });
      await stage.sync("a", { commonLabels: { team: "blue" } });
      await stage.settle();
    },
  },
  {
    name: "a member that Git no longer declares goes, and those of others stay",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      const service = (ports: readonly object[]) => ({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web", labels: { own: "1", shared: "1" } },
        spec: { clusterIP: "None", ports },
      });
      const [web, admin] = [{ name: "web", port: 80 }, { name: "admin", port: 81 }];
      await begun(stage, { "a/web.json": service([web, admin]) });
      const id = { apiVersion: "v1", kind: "Service", namespace: stage.namespace, name: "web" };
      await stage.patch(id, { metadata: { labels: { theirs: "1" } } });
      await stage.commit({ "a/web.json": service([web]) });
      await stage.settle();
    },
  },
  {
    name: "an object with a finalizer of others goes when they let it",
    ends: { a: "True Healthy" },
    tell: async (stage) => {
      await begun(stage, TWO);
      const finalizers = ["example.org/keep"];
      await stage.patch(mapId(stage, "two"), { metadata: { finalizers } });
      await stage.commit({ "a/two.json": undefined });
      await stage.settle();
      await stage.patch(mapId(stage, "two"), { metadata: { finalizers: null } });
      await stage.settle();
    },
  },
];
