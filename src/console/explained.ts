import { ANNOTATIONS, type FunctionMesh, isComponent, type MeshKind, resourceOf } from "#api";
import { controllerOf, groupOf, idOf, idText, type KubeObject, shownText } from "#base";
import { belongsTo, holderOf } from "#manifests";
import type { Pod, WarningEvent } from "#plan";
import { componentSources, explanation, firstUnwell, topology } from "#topology";
import type { ResourceAsk } from "#kube";
import type { Rights } from "./rights.ts";
import type { ConsoleSource, ShownKind } from "./source.ts";
import type { EventView, ExplainView } from "./view.ts";

/** Kinds that can be explained. */
export const EXPLAINED_KINDS = ["Function", "Source", "Sink", "FunctionMesh", "MeshSync"] as const;

/** One of {@linkcode EXPLAINED_KINDS}. */
export type ExplainedKind = typeof EXPLAINED_KINDS[number];

/** What is to be explained. */
export interface Explained {
  readonly kind: ExplainedKind;
  readonly namespace: string;
  readonly name: string;
}

const TEXT_LENGTH_MAX = 600;
const EVENTS_MAX = 20;

/** What beside our kinds is told of, and what a viewer must be able to do to be told. */
const OTHERS: Readonly<Record<"Event" | "Pod" | "StatefulSet", Omit<ResourceAsk, "namespace">>> = {
  Event: { verb: "list", group: "", resource: "events" },
  Pod: { verb: "list", group: "", resource: "pods" },
  StatefulSet: { verb: "get", group: "apps", resource: "statefulsets" },
};

/**
 * What `explain` says of an object, from the caches: nothing is asked but what a viewer may see. What he may not is left out,
 * and said.
 *
 * @returns `forbidden` and `missing` as words; who may not see an object does not learn whether there is one
 * @throws {ApiError} when his rights cannot be asked for
 */
export async function explained(
  what: Explained,
  { rights, source }: { readonly rights: Rights; readonly source: ConsoleSource },
): Promise<ExplainView | "forbidden" | "missing"> {
  const reader = new Reader(source, rights);
  if (!await reader.may(what.kind, what.namespace)) return "forbidden";
  const object = await reader.get(what.kind, what);
  if (object === undefined) return "missing";
  const mesh = object.kind === "FunctionMesh" ? object : await meshOf(object, reader);
  const component = isComponent(object) ? object : await unwellOf(object, reader);
  const sync = object.kind === "MeshSync" ? object : await syncOf(mesh ?? object, reader);
  const file = (mesh ?? object).metadata.annotations?.[ANNOTATIONS.file];
  const running = await runningOf(component, reader);
  const told = explanation({
    object,
    component,
    mesh,
    sync,
    ...(file === undefined ? {} : { place: { file } }),
    ...running,
    ...(component === undefined ? {} : { topology: await topologyOf(component, reader) }),
    unread: reader.unread,
  });
  const id = idText(idOf(component ?? object));
  const history = source.numbers.of(id, source.clock.now());
  return {
    ...told,
    events: running.warnings.slice(0, EVENTS_MAX).map(eventView),
    ...(history === undefined ? {} : { history }),
  };
}

/** Reads what a viewer may see, and keeps in words what he may not. */
class Reader {
  readonly unread: string[] = [];
  readonly #source: ConsoleSource;
  readonly #rights: Rights;

  constructor(source: ConsoleSource, rights: Rights) {
    this.#source = source;
    this.#rights = rights;
  }

  async get(
    kind: ShownKind,
    key: { readonly namespace: string; readonly name: string },
  ): Promise<KubeObject | undefined> {
    const { namespace, name } = key;
    const isRead = await this.#reads(`${kind} ${namespace}/${name}`, kind, namespace);
    return isRead ? this.#source.cache(kind)?.get({ namespace, name }) : undefined;
  }

  async list(kind: ShownKind, namespace: string): Promise<readonly KubeObject[]> {
    const isRead = await this.#reads(`${kind}s of ${namespace}`, kind, namespace);
    return isRead ? this.#source.cache(kind)?.list(namespace) ?? [] : [];
  }

  async owned(kind: keyof typeof OTHERS, owners: readonly KubeObject[]): Promise<KubeObject[]> {
    const [first] = owners;
    const namespace = first?.metadata.namespace ?? "";
    if (first === undefined || !await this.#reads(`${kind}s of ${namespace}`, kind, namespace)) {
      return [];
    }
    const cache = this.#source.cache(kind);
    // An owner may be named by what is in another namespace: that is nobody's who looks here.
    return owners.flatMap(({ metadata: { uid = "" } }) => [...cache?.ownedBy(uid) ?? []])
      .filter((object) => object.metadata.namespace === namespace);
  }

  async may(kind: ShownKind, namespace: string): Promise<boolean> {
    const other = kind in OTHERS ? OTHERS[kind as keyof typeof OTHERS] : undefined;
    return await this.#rights.may({ ...other ?? getOf(kind as MeshKind), namespace });
  }

  async #reads(what: string, kind: ShownKind, namespace: string): Promise<boolean> {
    const may = await this.may(kind, namespace);
    const line = `${what}: you may not read this`;
    if (!may && !this.unread.includes(line)) this.unread.push(line);
    return may;
  }
}

function getOf(kind: MeshKind): Omit<ResourceAsk, "namespace"> {
  const { apiVersion, plural } = resourceOf(kind);
  return { verb: "get", group: groupOf(apiVersion), resource: plural };
}

async function meshOf(object: KubeObject, reader: Reader): Promise<KubeObject | undefined> {
  const owner = controllerOf(object);
  if (owner?.kind !== "FunctionMesh") return undefined;
  const { namespace = "" } = object.metadata;
  return await reader.get("FunctionMesh", { namespace, name: owner.name });
}

async function unwellOf(object: KubeObject, reader: Reader): Promise<KubeObject | undefined> {
  const line = object.kind === "FunctionMesh" ? firstUnwell(object as FunctionMesh) : undefined;
  const kind = EXPLAINED_KINDS.slice(0, 3).find((one) => one === line?.kind);
  if (line === undefined || kind === undefined) return undefined;
  const { namespace = "" } = object.metadata;
  return await reader.get(kind, { namespace, name: line.name });
}

/** Not by its name: a label holds the start of a long one. */
async function syncOf(object: KubeObject, reader: Reader): Promise<KubeObject | undefined> {
  const { name, namespace } = holderOf(object);
  if (namespace === "" || name === "") return undefined;
  const syncs = await reader.list("MeshSync", namespace);
  return syncs.find((sync) => belongsTo(sync, object));
}

async function runningOf(component: KubeObject | undefined, reader: Reader): Promise<{
  readonly statefulSet: KubeObject | undefined;
  readonly pods: readonly Pod[];
  readonly warnings: readonly WarningEvent[];
}> {
  const [statefulSet] = await reader.owned(
    "StatefulSet",
    component === undefined ? [] : [component],
  );
  const owners = statefulSet === undefined ? [] : [statefulSet];
  const pods = await reader.owned("Pod", owners) as Pod[];
  const warnings = await reader.owned("Event", [...owners, ...pods]) as WarningEvent[];
  return {
    statefulSet,
    pods,
    warnings: warnings.sort((a, b) => (b.lastSeen ?? "").localeCompare(a.lastSeen ?? "")),
  };
}

/** Of the namespace, as far as it may be seen. */
async function topologyOf(component: KubeObject, reader: Reader) {
  const { namespace = "" } = component.metadata;
  const lists = [];
  for (const kind of EXPLAINED_KINDS.slice(0, 3)) lists.push(await reader.list(kind, namespace));
  return topology(componentSources(lists.flat().map((object) => ({ object }))));
}

function eventView(
  { involvedObject, lastSeen, message, metadata, reason }: WarningEvent,
): EventView {
  const { kind = "", name = "" } = involvedObject ?? {};
  return {
    object: shown(idText({ kind, namespace: metadata.namespace ?? "", name })),
    reason: shown(reason ?? ""),
    message: shown(message ?? ""),
    ...(lastSeen === undefined || lastSeen === "" ? {} : { at: shown(lastSeen) }),
  };
}

function shown(text: string): string {
  return shownText(text, TEXT_LENGTH_MAX);
}
