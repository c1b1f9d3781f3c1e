import { type FunctionMesh, isComponent, type MeshKind, resourceOf } from "#api";
import { controllerOf, errorText, type KubeObject } from "#base";
import { selectorLabels, statefulSetName } from "#desired";
import { isForbidden, readContainerLog, type ResourceType } from "#kube";
import { belongsTo, holderOf } from "#manifests";
import type { Pod, WarningEvent } from "#plan";
import { causeLine, projectedWarning, unexplainedEnds } from "#reconcile";
import { type ExplanationFacts, firstUnwell, type Topology } from "#topology";
import type { ClusterSession } from "./cluster_session.ts";
import { sourcePlace } from "./explain_source.ts";
import { liveTopology } from "./live_topology.ts";

type Session = Pick<ClusterSession, "cluster"> & {
  readonly transport: Pick<ClusterSession["transport"], "stream">;
  readonly signal: AbortSignal;
  /** A folder in a working copy of the repository. */
  readonly checkout: string;
};

const STATEFUL_SET = type("apps/v1", "StatefulSet", "statefulsets");
const POD = type("v1", "Pod", "pods");
const EVENT = type("v1", "Event", "events");

/** More of a log is not read. */
const LOG = { linesMax: 200, bytesMax: 64 * 1024, deadlineMs: 10_000 } as const;

/** Everything that is known of a resource and that the caller may read. */
export async function observedFacts(
  object: KubeObject,
  session: Session,
): Promise<ExplanationFacts> {
  const reader = new Reader(session);
  const mesh = object.kind === "FunctionMesh" ? object : await meshOf(object, reader);
  const component = isComponent(object) ? object : await unwellComponent(object, reader);
  const sync = object.kind === "MeshSync" ? object : await syncOf(mesh ?? object, reader);
  const place = await placeOf(mesh ?? object, sync, reader);
  const running = await runningFacts(component, reader);
  const topology = component === undefined ? undefined : await topologyOf(component, reader);
  return { object, component, mesh, sync, place, topology, ...running, unread: reader.unread };
}

/** Reads what it may, and keeps in words what it may not. */
class Reader {
  readonly unread: string[] = [];
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get session(): Session {
    return this.#session;
  }

  /** What a call answers; undefined, and a line in `unread`, where it fails. */
  async tried<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (this.#session.signal.aborted) throw error;
      this.unread.push(
        `${what}: ${isForbidden(error) ? "you may not read this" : errorText(error)}`,
      );
      return undefined;
    }
  }

  get(kind: MeshKind | ResourceType, namespace: string, name: string) {
    const found = typeof kind === "string" ? resourceOf(kind) : kind;
    const { cluster, signal } = this.#session;
    return this.tried(
      `${found.kind} ${namespace}/${name}`,
      () => cluster.get(found, { namespace, name }, signal),
    );
  }

  async list(kind: ResourceType, namespace: string, by: Record<string, string>) {
    const { cluster, signal } = this.#session;
    const call = () => cluster.list(kind, { namespace, signal, ...by });
    return await this.tried(`${kind.kind}s of ${namespace}`, call) ?? [];
  }
}

async function meshOf(object: KubeObject, reader: Reader): Promise<KubeObject | undefined> {
  const owner = controllerOf(object);
  if (owner?.kind !== "FunctionMesh") return undefined;
  return await reader.get("FunctionMesh", object.metadata.namespace ?? "", owner.name);
}

/** The MeshSync whose labels are on an object. */
async function syncOf(object: KubeObject, reader: Reader): Promise<KubeObject | undefined> {
  const { namespace = "", name } = holderOf(object);
  if (namespace === "" || name === "") return undefined;
  // Not by its name: a label holds the start of a long one.
  const syncs = await reader.list(resourceOf("MeshSync"), namespace, {});
  return syncs.find((sync) => belongsTo(sync, object));
}

async function placeOf(object: KubeObject, sync: KubeObject | undefined, reader: Reader) {
  const { checkout, signal } = reader.session;
  return await reader.tried(
    `Working copy ${checkout}`,
    () => sourcePlace(object, { sync, checkout, signal }),
  );
}

async function unwellComponent(
  object: KubeObject,
  reader: Reader,
): Promise<KubeObject | undefined> {
  const line = object.kind === "FunctionMesh" ? firstUnwell(object as FunctionMesh) : undefined;
  if (line === undefined || !isComponentKind(line.kind)) return undefined;
  return await reader.get(line.kind, object.metadata.namespace ?? "", line.name);
}

function isComponentKind(kind: string): kind is "Function" | "Source" | "Sink" {
  return kind === "Function" || kind === "Source" || kind === "Sink";
}

type Running = Pick<ExplanationFacts, "log" | "pods" | "statefulSet" | "warnings">;

async function runningFacts(component: KubeObject | undefined, reader: Reader): Promise<Running> {
  if (component === undefined || !isComponent(component)) return {};
  const namespace = component.metadata.namespace ?? "";
  const statefulSet = await reader.get(STATEFUL_SET, namespace, statefulSetName(component));
  const labelSelector = Object.entries(selectorLabels(component))
    .map(([name, value]) => `${name}=${value}`).join(",");
  const found = await reader.list(POD, namespace, { labelSelector }) as Pod[];
  // What has the labels by accident is not this component's.
  const uid = statefulSet?.metadata.uid;
  const pods = found.filter((pod) => uid === undefined || controllerOf(pod)?.uid === uid);
  const about = new Set([statefulSet, ...pods].map((one) => one?.metadata.uid));
  const events = await reader.list(EVENT, namespace, { fieldSelector: "type=Warning" });
  const warnings = (events.map(projectedWarning) as WarningEvent[])
    .filter(({ involvedObject }) => about.has(involvedObject?.uid ?? ""))
    .sort((a, b) => (b.lastSeen ?? "").localeCompare(a.lastSeen ?? ""));
  return { statefulSet, pods, warnings, log: await logOf(pods, reader) };
}

/** The telling line of the first container that ended without a word. */
async function logOf(pods: readonly Pod[], reader: Reader): Promise<ExplanationFacts["log"]> {
  const ends = pods.flatMap((pod) => unexplainedEnds(pod).map((end) => ({ end, pod })));
  const [first] = ends;
  if (first === undefined) return undefined;
  const { end: { container, isPrevious }, pod } = first;
  const { namespace = "", name } = pod.metadata;
  const { signal, transport } = reader.session;
  const log = await reader.tried(
    `Log of ${container} in pod ${name}`,
    () =>
      readContainerLog(transport, { namespace, pod: name, container, isPrevious }, {
        ...LOG,
        signal,
      }),
  );
  const line = log === undefined ? undefined : causeLine(log);
  return line === undefined ? undefined : { container, line };
}

async function topologyOf(
  component: KubeObject,
  reader: Reader,
): Promise<Topology | undefined> {
  const { cluster, signal } = reader.session;
  const { namespace = "" } = component.metadata;
  const live = await reader.tried(
    `Components of ${namespace}`,
    () => liveTopology({ cluster, namespace, signal }),
  );
  reader.unread.push(...live?.unread ?? []);
  return live?.topology;
}

function type(apiVersion: string, kind: string, plural: string): ResourceType {
  return { apiVersion, kind, plural, namespaced: true };
}
