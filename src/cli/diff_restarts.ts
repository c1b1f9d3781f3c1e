import { COMPONENT_KINDS, resourceOf } from "#api";
import { idOf, idText, keyOf, keyText, type KubeObject, type ObjectKey } from "#base";
import {
  type BackendConfigNames,
  backendFacts,
  type Facts,
  type RenderOptions,
  type Settings,
} from "#desired";
import type { Preview } from "#gitops";
import type { ClusterClient } from "#kube";
import { type PodRestart, podRestarts } from "#plan";

/** How the controller of the cluster renders. */
export interface Rendering {
  readonly cluster: ClusterClient;
  readonly settings: Settings;
  readonly names: BackendConfigNames;
  readonly signal: AbortSignal;
}

/** The pods that restart when changes are applied, those that only a changed BackendConfig concerns included. */
export async function restartsOf(
  changes: readonly Preview[],
  rendering: Rendering,
): Promise<PodRestart[]> {
  const { cluster, signal } = rendering;
  const type = resourceOf("BackendConfig");
  const served = await cluster.resourceType(type.apiVersion, type.kind);
  const live = served === undefined ? [] : await cluster.list(served, { signal });
  const later = configsAfter(live, changes);
  const touched = changes.some(({ id }) => id.kind === type.kind)
    ? await untouchedComponents(changes, rendering)
    : [];
  const found = [...changes, ...touched].flatMap((change) => {
    const options = (configs: readonly KubeObject[]): RenderOptions => ({
      settings: rendering.settings,
      facts: factsOf(change.id, configs, rendering.names),
    });
    return podRestarts(change, { before: options(live), after: options(later) });
  });
  const byName = new Map(found.map((restart) => [restart.workload, restart]));
  return [...byName.values()].sort((a, b) => a.workload < b.workload ? -1 : 1);
}

function configsAfter(live: readonly KubeObject[], changes: readonly Preview[]): KubeObject[] {
  const configs = new Map(live.map((config) => [keyText(keyOf(config)), config]));
  for (const { id, after } of changes.filter((change) => change.id.kind === "BackendConfig")) {
    if (after === undefined) configs.delete(keyText(id));
    else configs.set(keyText(id), after);
  }
  return [...configs.values()];
}

/** Components that the changes themselves do not hold. */
async function untouchedComponents(
  changes: readonly Preview[],
  { cluster, signal }: Rendering,
): Promise<Preview[]> {
  const known = new Set(changes.map(({ id }) => idText(id)));
  const lists = COMPONENT_KINDS.map((kind) => cluster.list(resourceOf(kind), { signal }));
  return (await Promise.all(lists)).flat().map((object) => ({
    id: idOf(object),
    before: object,
    after: object,
  })).filter(({ id }) => !known.has(idText(id)));
}

function factsOf(id: ObjectKey, configs: readonly KubeObject[], names: BackendConfigNames): Facts {
  return backendFacts(
    id.namespace,
    names,
    (key) => configs.find((config) => keyText(keyOf(config)) === keyText(key)),
  );
}
