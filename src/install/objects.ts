import { ANNOTATIONS, customResourceDefinitions } from "#api";
import type { KubeObject } from "#base";
import { accessObjects } from "./access.ts";
import { deployment } from "./deployment.ts";
import { type Installation, labelsOf } from "./installation.ts";
import { disruptionBudget, networkPolicy, serviceMonitor, serviceObjects } from "./services.ts";

/** The parts of an installation, each a file of `gitops/operator/`, in the order in which they are applied. */
export interface InstallParts {
  readonly namespace: readonly KubeObject[];
  readonly definitions: readonly KubeObject[];
  readonly access: readonly KubeObject[];
  readonly program: readonly KubeObject[];
}

/** A MeshSync never deletes what would take people's meshes along. */
const KEPT = { [ANNOTATIONS.prune]: "disabled" };

/** What flags of an installation change, by part: all but the definitions. */
export type ChangingParts = Omit<InstallParts, "definitions">;

/** Everything a cluster needs, by part. The definitions have no label, because running programs write them too. */
export function installParts(installation: Installation): InstallParts {
  const { access, namespace, program } = changingParts(installation);
  const definitions = customResourceDefinitions().map((definition) => ({
    ...definition,
    metadata: { ...definition.metadata, annotations: KEPT },
  }));
  return { namespace, definitions, access, program };
}

/** Everything but the definitions, which take the longest to make and are always the same. */
export function changingParts(installation: Installation): ChangingParts {
  return {
    namespace: [namespaceObject(installation)],
    access: accessObjects(installation),
    program: [
      ...serviceObjects(installation),
      deployment(installation),
      disruptionBudget(installation),
      networkPolicy(installation),
      ...(installation.serviceMonitor ? [serviceMonitor(installation)] : []),
    ],
  };
}

/** Everything a cluster needs, in the order in which it is applied. */
export function installObjects(installation: Installation): KubeObject[] {
  const { namespace, definitions, access, program } = installParts(installation);
  return [...namespace, ...definitions, ...access, ...program];
}

function namespaceObject(installation: Installation): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: installation.namespace,
      annotations: KEPT,
      labels: { ...labelsOf(installation), "pod-security.kubernetes.io/enforce": "restricted" },
    },
  };
}
