/** The stage of stories on a real API server: the whole loop at work, Git over HTTP, other tools by their names. */
import { assertEquals } from "@std/assert";
import { resourceOf } from "#api";
import type { JsonObject } from "#base";
import type { ClusterClient } from "#kube";
import { eventually, type TestCluster } from "./control_plane.ts";
import { runningLoop } from "./running_loop.ts";
import {
  fileText,
  meshSyncObject,
  type StageView,
  stageView,
  type SyncStage,
} from "./sync_stage.ts";

/** A stage that is not through until it looks as expected, view by view. */
export async function realStage(
  cluster: TestCluster,
  expected: readonly StageView[],
): Promise<SyncStage & AsyncDisposable> {
  const loop = await runningLoop(cluster);
  const { namespace, parts, repository, server } = loop;
  const url = `${server.url}/work/.git`;
  const commits: string[] = [];
  let settled = 0;
  return {
    namespace,
    commit: async (files) => {
      const texts = Object.entries(files).map(([path, file]) => [path, fileText(file)]);
      const commit = await repository.commit(Object.fromEntries(texts));
      commits.push(commit);
      return commit;
    },
    sync: async (name, spec = {}, annotations = {}) => {
      const object = meshSyncObject(namespace, name, { url, spec, annotations });
      await parts.cluster.apply(object, { fieldManager: "user" });
    },
    apply: async (object, manager) => {
      await parts.cluster.apply(object, { fieldManager: manager });
    },
    patch: async (id, patch, manager = "kubectl-edit") => {
      await parts.cluster.patch(id, patch as JsonObject, { fieldManager: manager });
    },
    patchStatus: async (id, status) => {
      const options = { fieldManager: "controller", subresource: "status" };
      await parts.cluster.patch(id, { status: status as JsonObject }, options);
    },
    remove: async (id) => {
      await parts.cluster.remove(id);
    },
    settle: async () => {
      const wanted = expected[settled++];
      await lookNow(parts.cluster, namespace);
      await eventually(async () => {
        const view = await stageView(parts.cluster, { namespace, commits, kinds: [] });
        assertEquals(view, wanted);
        return true;
      }, { timeoutMs: 60_000, intervalMs: 200 });
    },
    [Symbol.asyncDispose]: async () => {
      const more = {
        apiVersion: "v1",
        kind: "Namespace",
        namespace: "",
        name: `${namespace}-more`,
      };
      await parts.cluster.remove(more);
      await loop[Symbol.asyncDispose]();
    },
  };
}

/** Has every sync of a namespace look at Git. */
async function lookNow(cluster: ClusterClient, namespace: string): Promise<void> {
  const { apiVersion, kind } = resourceOf("MeshSync");
  for (const { metadata } of await cluster.list(resourceOf("MeshSync"), { namespace })) {
    const annotations = { "reconcile.functionmesh.io/requestedAt": crypto.randomUUID() };
    const id = { apiVersion, kind, namespace, name: metadata.name };
    await cluster.patch(id, { metadata: { annotations } }, { fieldManager: "user" });
  }
}
