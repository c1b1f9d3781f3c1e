/** What a commit of the harness holds, as files, and how a namespace differs from it. */
import { conditionOf, isPlainObject, type KubeObject } from "#base";
import { FAIL } from "../support/control_plane.ts";
import { userFunction } from "../support/controller_story.ts";
import type { Api } from "./api.ts";

/** A Function of a commit. */
export interface FunctionContent {
  readonly cpu: string;
  /** It has a subscription that is removed with it. */
  readonly cleanup?: boolean;
  /** Its pods crash. */
  readonly sick?: boolean;
  /** So many characters of configuration. */
  readonly payload?: number;
  /** It has no pods. */
  readonly idle?: boolean;
}

/** All that a commit holds: ConfigMaps with one value, and Functions. */
export interface Content {
  readonly configs: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, FunctionContent>>;
}

/** Nothing at all. */
export const NOTHING: Content = { configs: {}, functions: {} };

/** The folder of the repository that is applied. */
export const FOLDER = "meshes";

/** Objects that belong to the namespace, not to Git. */
const OF_THE_PLACE: readonly string[] = ["kube-root-ca.crt", "pulsar"];
/** On parts of an inventory. */
const PART_LABEL = "gitops.functionmesh.io/inventory-of";

/** Files by path: JSON is YAML. */
export function filesOf({ configs, functions }: Content): Record<string, string> {
  return Object.fromEntries([
    ...Object.entries(configs).map(([name, value]) => {
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value } };
      return [`${FOLDER}/config-${name}.yaml`, JSON.stringify(object)];
    }),
    ...Object.entries(functions).map(([name, content]) => {
      return [`${FOLDER}/function-${name}.yaml`, JSON.stringify(functionObject(name, content))];
    }),
  ]);
}

function functionObject(
  name: string,
  { cpu, cleanup = false, idle = false, payload = 0, sick = false }: FunctionContent,
) {
  const amounts = { cpu, memory: "1G" };
  return userFunction(name, {
    resources: { requests: amounts, limits: amounts },
    cleanupSubscription: cleanup,
    ...(idle ? { replicas: 0 } : {}),
    ...(payload === 0 ? {} : { funcConfig: { payload: "x".repeat(payload) } }),
    ...(sick ? { pod: { annotations: { [FAIL]: "CrashLoopBackOff" } } } : {}),
  });
}

/** A namespace at one moment. */
export interface Snapshot {
  readonly configs: readonly KubeObject[];
  readonly functions: readonly KubeObject[];
  /** What is made for Functions, by whomever. */
  readonly children: readonly KubeObject[];
  /** Names of the parts of an inventory. */
  readonly parts: readonly string[];
}

/** Looks at all that commits can lead to. */
export async function snapshotOf(api: Api, namespace: string): Promise<Snapshot> {
  const children = ["StatefulSet", "Service", "Job", "HorizontalPodAutoscaler", "Pod"] as const;
  const [found = [], functions = [], ...others] = await Promise.all(
    (["ConfigMap", "Function", ...children] as const).map((kind) => api.list(kind, namespace)),
  );
  const configs = found.filter(({ metadata }) => !OF_THE_PLACE.includes(metadata.name));
  const isPart = ({ metadata }: KubeObject) => metadata.labels?.[PART_LABEL] !== undefined;
  return {
    configs: configs.filter((config) => !isPart(config)),
    functions,
    children: others.flat(),
    parts: configs.filter(isPart).map(({ metadata }) => metadata.name).sort(),
  };
}

/** What is missing, other than in Git, or left over. */
export function differences(snapshot: Snapshot, content: Content): string[] {
  return [
    ...missing(snapshot, content),
    ...unwanted(snapshot, content),
    ...notReady(snapshot),
  ];
}

/** What is missing or other than in Git: the part that a status called Healthy may never be wrong about. */
export function missing(snapshot: Snapshot, { configs, functions }: Content): string[] {
  return [
    ...Object.entries(configs).flatMap(([name, value]) => {
      const found = named(snapshot.configs, name);
      const data = found?.["data"];
      const is = isPlainObject(data) ? data["value"] : undefined;
      return is === value
        ? []
        : [`ConfigMap ${name} is ${found && shown(is)}, not ${shown(value)}`];
    }),
    ...Object.entries(functions).flatMap(([name, { cpu }]) => {
      const found = named(snapshot.functions, name);
      const is = found === undefined ? undefined : cpuOf(found);
      if (is !== cpu) return [`Function ${name} has the cpu ${is}, not ${cpu}`];
      const owned = snapshot.children.filter((child) => isOwnedBy(child, found));
      return ["StatefulSet", "Service"].filter((kind) => !owned.some((one) => one.kind === kind))
        .map((kind) => `Function ${name} has no ${kind}`);
    }),
  ];
}

/** The beginning of a value, which may be large. */
function shown(value: unknown): string {
  return String(value).slice(0, 20);
}

function unwanted({ configs, functions, children }: Snapshot, content: Content): string[] {
  const isAlive = ({ metadata }: KubeObject) => metadata["deletionTimestamp"] === undefined;
  const owners = new Set([...functions, ...children].map(({ metadata }) => metadata.uid));
  return [
    ...configs.filter(({ metadata }) => content.configs[metadata.name] === undefined),
    ...functions.filter(({ metadata }) => content.functions[metadata.name] === undefined),
    ...children.filter(({ metadata }) =>
      !(metadata.ownerReferences ?? []).some(({ uid }) => owners.has(uid))
    ),
    ...[...configs, ...functions, ...children].filter((object) => !isAlive(object)),
  ].map(({ kind, metadata }) => `${kind} ${metadata.name} is left`);
}

function notReady({ functions }: Snapshot): string[] {
  return functions.flatMap((object) => {
    const { status } = object;
    const conditions = isPlainObject(status) ? status["conditions"] : undefined;
    const ready = conditionOf(conditions, "Ready");
    const isCurrent = ready?.observedGeneration === object.metadata.generation;
    return isCurrent && ready?.status === "True"
      ? []
      : [`Function ${object.metadata.name} is not Ready: ${ready?.message}`];
  });
}

/** Uids by kind and name of what has to stay the same object while it is wanted; pods come and go. */
export function uidsOf({ configs, functions, children }: Snapshot): Map<string, string> {
  return new Map(
    [...configs, ...functions, ...children].filter(({ kind }) => kind !== "Pod" && kind !== "Job")
      .map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.uid ?? ""]),
  );
}

function named(objects: readonly KubeObject[], name: string): KubeObject | undefined {
  return objects.find(({ metadata }) => metadata.name === name);
}

function isOwnedBy(child: KubeObject, owner: KubeObject | undefined): boolean {
  return (child.metadata.ownerReferences ?? []).some(({ uid }) => uid === owner?.metadata.uid);
}

function cpuOf({ spec }: KubeObject): string | undefined {
  const resources = isPlainObject(spec) ? spec["resources"] : undefined;
  const requests = isPlainObject(resources) ? resources["requests"] : undefined;
  const cpu = isPlainObject(requests) ? requests["cpu"] : undefined;
  return typeof cpu === "string" ? cpu : undefined;
}
