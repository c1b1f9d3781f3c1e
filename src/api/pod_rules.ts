import { isPlainObject, type JsonObject, type Problem } from "#base";
import type { Component } from "./component.ts";
import { closest } from "./closest.ts";
import { labelProblems } from "./label_rules.ts";
import { at, quoted, when } from "./rule.ts";

/** What Kubernetes offers as pull policies. */
const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
/** The variable from which a runner learns which instance it is. */
const OWN_VARIABLE = "POD_NAME";
const LOG_AGENT = "filebeat";
const DOWNLOADER = "downloader";

/** A container of the author's, and where it is. */
interface NamedContainer {
  readonly name: string;
  readonly path: string;
}

/** What an API server would refuse in the StatefulSet, and whoever wrote the resource would not be told at once. */
export function podProblems(component: Component): Problem[] {
  const { pod, volumeMounts } = component.spec;
  return [
    ...containerNameProblems(component),
    ...labelProblems(pod?.labels, "spec.pod.labels"),
    ...labelProblems(pod?.nodeSelector, "spec.pod.nodeSelector"),
    ...twice(pod?.volumes, "pod.volumes", "name"),
    ...twice(volumeMounts, "volumeMounts", "mountPath"),
  ];
}

/** Items of a list that name what an earlier one names already. */
function twice(
  items: readonly JsonObject[] | undefined,
  list: string,
  member: string,
  remedy = "choose another",
): Problem[] {
  const first = new Map<unknown, number>();
  return (items ?? []).flatMap((item, index) => {
    const value = item[member];
    const other = first.get(value);
    if (value === undefined || value === null || other === undefined) {
      first.set(value, index);
      return [];
    }
    const message = `${quoted(value)} is in spec.${list}[${other}] as well; ${remedy}`;
    return [at(`${list}[${index}].${member}`, message)];
  });
}

/** What has no effect, or works only with something that the resource does not show. */
export function podWarnings(component: Component): Problem[] {
  return [
    ...pullPolicyWarnings(component),
    ...undeclaredVolumes(component),
    ...downloaderNames(component),
    ...repeatedVariables(component),
    ...twice(
      component.spec.pod?.imagePullSecrets,
      "pod.imagePullSecrets",
      "name",
      "it counts once, take this one out",
    ),
  ];
}

/** A container takes the last variable of a name; from one of them a runner learns which instance it is. */
function repeatedVariables({ spec }: Component): Problem[] {
  const variables = spec.pod?.env ?? [];
  return [
    ...twice(variables, "pod.env", "name", "the last one counts, keep that"),
    ...variables.flatMap(({ name }, index) =>
      when(
        name === OWN_VARIABLE,
        at(`pod.env[${index}].name`, `${OWN_VARIABLE} is this program's own; choose another`),
      )
    ),
  ];
}

/** The reference loses the policy, so that any text does there (W-5): one that nobody knows stays without effect. */
function pullPolicyWarnings({ spec: { imagePullPolicy } }: Component): Problem[] {
  if (!imagePullPolicy || isPullPolicy(imagePullPolicy)) return [];
  const meant = closest(imagePullPolicy, PULL_POLICIES);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  const text = quoted(imagePullPolicy);
  return [at(
    "imagePullPolicy",
    `${text} has no effect${hint}; use one of ${PULL_POLICIES.join(", ")}`,
  )];
}

/** Whether Kubernetes offers a pull policy. */
export function isPullPolicy(text: string): boolean {
  return PULL_POLICIES.includes(text);
}

/** A pod has each name of a container once, whatever its kind; some are this program's. */
function containerNameProblems(component: Component): Problem[] {
  const taken = new Set([`pulsar-${component.kind.toLowerCase()}`]);
  if (hasLogAgent(component)) taken.add(LOG_AGENT);
  const own = new Set(taken);
  return containersOf(component).flatMap(({ name, path }) => {
    if (!taken.has(name)) {
      taken.add(name);
      return [];
    }
    const whose = own.has(name) ? "this program's own container" : "another container of the pod";
    return [{ path: `${path}.name`, message: `is the name of ${whose}; choose another` }];
  });
}

function hasLogAgent({ kind, spec }: Component): boolean {
  if (!spec.logTopic) return false;
  return (spec.logTopicAgent || (kind === "Function" ? "runtime" : "sidecar")) === "sidecar";
}

/** The downloader is there only where packages are downloaded by an init container, which settings say. */
function downloaderNames(component: Component): Problem[] {
  return containersOf(component).filter(({ name }) => name === DOWNLOADER).map(({ path }) => ({
    path: `${path}.name`,
    message: "is the name of the init container that downloads packages, where there is one; " +
      "choose another",
  }));
}

function undeclaredVolumes(component: Component): Problem[] {
  const { spec } = component;
  const declared = new Set([
    ...(spec.pod?.volumes ?? []).map((volume) => volume["name"]),
    ...claimNames(component),
  ]);
  const places = [{ path: "spec", part: { volumeMounts: spec.volumeMounts } as unknown }].concat(
    containersOf(component).map(({ path, part }) => ({ path, part })),
  );
  return places.flatMap(({ path, part }) =>
    mountsOf(part).flatMap((mount, index) => {
      const name = isPlainObject(mount) ? mount["name"] : undefined;
      return when(typeof name === "string" && !declared.has(name), {
        path: `${path}.volumeMounts[${index}].name`,
        message: `${quoted(name)} is no volume of spec.pod.volumes; declare it there`,
      });
    })
  );
}

function claimNames({ kind, spec }: Component): unknown[] {
  const claims = kind === "Function" && "volumeClaimTemplates" in spec
    ? spec.volumeClaimTemplates ?? []
    : [];
  return claims.map(({ metadata }) => isPlainObject(metadata) ? metadata["name"] : undefined);
}

function mountsOf(part: unknown): readonly unknown[] {
  const mounts = isPlainObject(part) ? part["volumeMounts"] : undefined;
  return Array.isArray(mounts) ? mounts : [];
}

function containersOf({ spec }: Component): (NamedContainer & { readonly part: unknown })[] {
  return (["sidecars", "initContainers"] as const).flatMap((list) =>
    (spec.pod?.[list] ?? []).map((part, index) => ({
      name: String(part["name"] ?? ""),
      path: `spec.pod.${list}[${index}]`,
      part,
    }))
  );
}
