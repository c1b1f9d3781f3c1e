import type { FunctionMesh, MeshSync } from "#api";
import { conditionOf, idOf, idText, type KubeObject, redactedText, shownText } from "#base";
import { firstCause, isPodReady, ordinalOf, type Pod, type WarningEvent } from "#plan";
import { membersOf } from "./component_node.ts";
import { downstream, flowOf } from "./flow.ts";
import { remedyFor } from "./remedies.ts";
import type { Topology } from "./topology.ts";

/** What was read to explain an object. What may not be read, or is not there, is absent. */
export interface ExplanationFacts {
  readonly object: KubeObject;
  readonly sync?: KubeObject | undefined;
  readonly mesh?: KubeObject | undefined;
  /** Where Git says the object, or its mesh. */
  readonly place?: SourcePlace | undefined;
  /** The component that is looked into: the object, or the first of a mesh that is not well. */
  readonly component?: KubeObject | undefined;
  readonly statefulSet?: KubeObject | undefined;
  readonly pods?: readonly Pod[];
  readonly warnings?: readonly WarningEvent[];
  /** Of the namespace. */
  readonly topology?: Topology | undefined;
  /** The line of a container's log that names why it ended. */
  readonly log?: { readonly container: string; readonly line: string } | undefined;
  /** What could not be read, and why. */
  readonly unread: readonly string[];
}

/** Where an object stands in Git. */
export interface SourcePlace {
  /** In the repository of its MeshSync. */
  readonly file: string;
  readonly line?: number;
  /** The last commit that changed the file. */
  readonly change?: {
    readonly commit: string;
    readonly author: string;
    readonly subject: string;
  };
}

/** A step from commit to container. */
export interface ChainLink {
  readonly what: string;
  readonly says: string;
  /** Absent where it is not known. */
  readonly isWell?: boolean;
}

/** What an object is and whether it works; all texts are safe to print. */
export interface Explanation {
  readonly object: string;
  /** Absent where nobody has looked yet, or cannot tell. */
  readonly isWell?: boolean;
  readonly reason: string;
  /** The first cause in one sentence, or how it is. */
  readonly message: string;
  /** RFC 3339. */
  readonly since?: string;
  readonly chain: readonly ChainLink[];
  /** Components that wait for what it writes, the nearest first. */
  readonly downstream: readonly string[];
  /** Messages that wait to be read, by topic. */
  readonly backlog: readonly { readonly topic: string; readonly count: number }[];
  readonly remedy?: string;
  readonly unread: readonly string[];
}

const TEXT_LENGTH_MAX = 600;

/** What an object is, whether it works, and if not why, since when and what to do. */
export function explanation(facts: ExplanationFacts): Explanation {
  const { object, topology } = facts;
  const own = stateOf(object);
  const cause = causeOf(facts, own);
  const remedy = remedyFor(cause.reason, cause.message);
  const id = idText(idOf(facts.component ?? object));
  const flow = topology === undefined ? undefined : flowOf(topology);
  return {
    object: shown(idText(idOf(object))),
    ...(own.isWell === undefined ? {} : { isWell: own.isWell }),
    reason: shown(cause.reason),
    message: shown(cause.message),
    ...(own.since === undefined ? {} : { since: own.since }),
    chain: chainOf(facts),
    downstream: flow === undefined ? [] : downstream(flow, id).map(shown),
    backlog: (flow?.byComponent.get(id) ?? []).flatMap(({ backlog = 0, topic }) =>
      backlog === 0 ? [] : [{ topic: shown(flow?.topics.get(topic)?.label ?? ""), count: backlog }]
    ),
    ...(remedy === undefined ? {} : { remedy }),
    unread: facts.unread.map(shown),
  };
}

interface State {
  readonly isWell: boolean | undefined;
  readonly reason: string;
  readonly message: string;
  readonly since?: string;
}

/** What an object's own status says of its current generation. */
function stateOf(object: KubeObject): State {
  if (object.metadata.deletionTimestamp !== undefined) {
    return deletionOf(object, object.metadata.deletionTimestamp);
  }
  const ready = conditionOf(membersOf(object.status)["conditions"], "Ready");
  const isOld = (ready?.observedGeneration ?? 0) < (object.metadata.generation ?? 0);
  if (ready === undefined || isOld) {
    const message = "No controller has looked at it since it was changed: is one running?";
    return { isWell: undefined, reason: "NotObserved", message };
  }
  const isWell = ready.status === "Unknown" ? undefined : ready.status === "True";
  const { lastTransitionTime: since, message, reason } = ready;
  return { isWell, reason, message, since };
}

/** What keeps a deleted object, as its own conditions say. */
const KEEPING: readonly string[] = ["CleaningUp", "CleanupFailed", "DeletionWaits", "LeftBehind"];

function deletionOf({ status }: KubeObject, since: string): State {
  const ready = conditionOf(membersOf(status)["conditions"], "Ready");
  const isWell = false;
  if (ready !== undefined && KEEPING.includes(ready.reason)) {
    const { message, reason } = ready;
    return { isWell, reason, message: `It is being deleted: ${message}`, since };
  }
  return { isWell, reason: "Terminating", message: "It is being deleted", since };
}

/** The state of the object, of the component where the object is not well through it, or of pods where nobody has looked. */
function causeOf(facts: ExplanationFacts, own: State): { reason: string; message: string } {
  const { component, log, object, pods = [], warnings = [] } = facts;
  if (own.isWell === true || object.metadata.deletionTimestamp !== undefined) return own;
  const inner = component === undefined || component === object ? own : stateOf(component);
  const seen = inner.isWell === false ? inner : own;
  const ofPods = seen.isWell === undefined ? firstCause(pods, warnings) : undefined;
  const { message, reason } = ofPods ?? seen;
  const isTold = log === undefined || message.includes(log.line);
  return { reason, message: isTold ? message : `${message}; its log says: ${log.line}` };
}

function chainOf(facts: ExplanationFacts): ChainLink[] {
  const { component, log, mesh, object, pods = [], statefulSet, sync } = facts;
  const links = sync === undefined ? [] : [syncLink(sync as MeshSync)];
  links.push(...placeLinks(facts));
  const seen = new Set(sync === undefined ? [] : [idText(idOf(sync))]);
  for (const link of [mesh, object, component]) {
    if (link === undefined || seen.has(idText(idOf(link)))) continue;
    seen.add(idText(idOf(link)));
    links.push(objectLink(link));
  }
  if (statefulSet !== undefined) links.push(setLink(statefulSet, pods));
  const sorted = [...pods].sort((a, b) => ordinalOf(a) - ordinalOf(b));
  const pod = sorted.find((one) => !isPodReady(one)) ?? sorted[0];
  if (pod !== undefined) links.push(...podLinks(pod));
  if (log !== undefined) {
    links.push({ what: `Log of ${shown(log.container)}`, says: shown(log.line), isWell: false });
  }
  const event = facts.warnings?.[0];
  if (event !== undefined && pods.some((one) => !isPodReady(one))) {
    links.push({
      what: `Event ${shown(event.reason ?? "")}`,
      says: shown(event.message ?? ""),
      isWell: false,
    });
  }
  return links;
}

function syncLink(sync: MeshSync): ChainLink {
  const { history = [], lastAppliedRevision } = sync.status ?? {};
  const entry = history.find(({ revision }) => revision === lastAppliedRevision) ?? history[0];
  const commit = [entry?.author, entry?.subject].filter((part) => part !== undefined).join(": ");
  const path = membersOf(sync.spec)["path"];
  const says = [
    `${redactedText(String(sync.spec.url))}${typeof path === "string" ? `, folder ${path}` : ""}`,
    lastAppliedRevision === undefined ? "nothing applied yet" : `applied ${lastAppliedRevision}`,
    ...(commit === "" ? [] : [`(${commit})`]),
  ].join(" ");
  const { says: state, ...link } = objectLink(sync);
  return { ...link, says: shown(`${says}; ${state}`) };
}

function placeLinks({ place }: ExplanationFacts): ChainLink[] {
  if (place === undefined) return [];
  const { change, file, line } = place;
  const what = shown(`File ${file}${line === undefined ? "" : `:${line}`}`);
  if (change === undefined) {
    return [{ what, says: "as of when it was written; explain --checkout tells line and commit" }];
  }
  const { author, commit, subject } = change;
  return [{ what, says: shown(`changed last by ${commit.slice(0, 12)} (${author}: ${subject})`) }];
}

function objectLink(object: KubeObject): ChainLink {
  const { isWell, message, reason } = stateOf(object);
  return {
    what: shown(idText(idOf(object))),
    says: shown(isWell === true ? message : `${reason}: ${message}`),
    ...(isWell === undefined ? {} : { isWell }),
  };
}

function setLink(set: KubeObject, pods: readonly Pod[]): ChainLink {
  const wanted = membersOf(set.spec)["replicas"];
  const want = typeof wanted === "number" ? wanted : 1;
  const ready = pods.filter(isPodReady).length;
  return {
    what: shown(idText(idOf(set))),
    says: `${ready} of ${want} pods ready`,
    isWell: ready >= want,
  };
}

function podLinks(pod: Pod): ChainLink[] {
  const { containerStatuses = [], initContainerStatuses = [], phase = "Pending" } = pod.status ??
    {};
  const node = pod.spec?.nodeName === undefined ? "on no node yet" : `on node ${pod.spec.nodeName}`;
  const isWell = isPodReady(pod);
  const containers = [...initContainerStatuses, ...containerStatuses];
  const container =
    containers.find(({ ready, state }) => ready !== true && state?.terminated?.exitCode !== 0) ??
      containers.at(-1);
  const links = [{ what: shown(idText(idOf(pod))), says: shown(`${phase}, ${node}`), isWell }];
  if (container === undefined) return links;
  const { image = "", name, ready = false, restartCount = 0, state } = container;
  const word = state?.waiting?.reason ?? state?.terminated?.reason ??
    (state?.running === undefined ? "waiting" : ready ? "ready" : "running, not ready");
  const says = `${word}, image ${image}, restarted ${restartCount} times`;
  return [...links, { what: `Container ${shown(name)}`, says: shown(says), isWell: ready }];
}

/** The first component of a mesh that is not well, by the name of its resource. */
export function firstUnwell(
  mesh: FunctionMesh,
): { readonly kind: string; readonly name: string } | undefined {
  const line = mesh.status?.components?.find(({ ready }) => ready !== true);
  return line === undefined ? undefined : { kind: line.kind, name: line.child ?? line.name };
}

function shown(text: string): string {
  return shownText(text, TEXT_LENGTH_MAX);
}
