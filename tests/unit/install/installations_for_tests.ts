import type { KubeObject } from "#base";
import type { Installation } from "#install";

/** An installation without any wish. */
export const INSTALLATION: Installation = {
  namespace: "mesh-system",
  image: "registry.example/meshwright:1",
  version: "1.2.3",
  replicas: 1,
  shards: 1,
  gitOpsRights: "mesh-only",
  singleTenant: false,
  defaultServiceAccount: "default",
  podServiceAccounts: "",
  receiver: false,
  console: false,
  metricsSecure: false,
  serviceMonitor: false,
  arguments: [],
};

/** One rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The rules of all objects of a kind. */
export function rulesOf(objects: readonly KubeObject[], kind: string): readonly Rule[] {
  return objects.filter((object) => object.kind === kind)
    .flatMap((object) => object["rules"] as readonly Rule[]);
}

/** `Kind namespace/name` of all but the definitions. */
export function namesOf(objects: readonly KubeObject[]): string[] {
  return objects.filter(({ kind }) => kind !== "CustomResourceDefinition").map((object) => {
    const { namespace, name } = object.metadata;
    return `${object.kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
  });
}

/** The object of a kind and name. */
export function found(objects: readonly KubeObject[], kind: string, name: string): KubeObject {
  const object = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (object === undefined) throw new Error(`Cannot find ${kind} ${name}`);
  return object;
}
