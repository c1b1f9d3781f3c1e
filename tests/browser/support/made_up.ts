import type {
  ComponentView,
  FlowView,
  StateView,
  SyncView,
  TopicView,
  View,
} from "../../../src/console/view.ts";

/** Numbers that look like chance, and are the same each time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** When made-up things happen: pictures of them are the same each time. */
export const NOW_MS = Date.parse("2026-11-29T10:30:00Z");

/** RFC 3339 of some minutes before {@linkcode NOW_MS}. */
export function ago(minutes: number): string {
  return new Date(NOW_MS - minutes * 60_000).toISOString();
}

/** A component that is well, except for what `changes` say. */
export function component(
  key: string,
  changes: Partial<ComponentView> = {},
): ComponentView {
  const [kind, namespace = "", name = ""] = key.split("/");
  const state = changes.state ?? "ok";
  const replicas = changes.replicas ?? { ready: state === "failing" ? 0 : 1, wanted: 1 };
  return {
    kind: kind as ComponentView["kind"],
    namespace,
    name,
    state,
    reason: state === "ok" ? "Ready" : "Progressing",
    message: `${replicas.ready}/${replicas.wanted} pods ready`,
    since: ago(190),
    image: "registry.example/shop/functions:2.14.0",
    language: "java",
    instances: Array.from({ length: replicas.wanted }, (_, index) => ({
      pod: `${name}-function-${index}`,
      ready: index < replicas.ready,
    })),
    ...changes,
    replicas,
  };
}

/** Builds views: components by what they read and write. */
export class ViewMaker {
  readonly components: Record<string, ComponentView> = {};
  readonly topics: Record<string, TopicView> = {};
  readonly flows: Record<string, FlowView> = {};
  readonly syncs: Record<string, SyncView> = {};

  add(
    key: string,
    changes: Partial<ComponentView> = {},
    { reads = [], writes = [], others = [] }: {
      readonly reads?: readonly string[];
      readonly writes?: readonly string[];
      readonly others?: readonly (readonly [FlowView["role"], string])[];
    } = {},
  ): void {
    const made = component(key, changes);
    this.components[key] = made;
    for (const topic of reads) {
      this.#flow({
        from: `t:${this.#topic(topic)}`,
        to: `c:${key}`,
        role: "input",
        ...(made.backlog === undefined ? {} : { backlog: made.backlog }),
        ...(made.perSecond === undefined ? {} : { perSecond: made.perSecond }),
        subscription: key.split("/").slice(1).join("/"),
      });
    }
    for (const [role, topic] of [...writes.map((one) => ["output", one] as const), ...others]) {
      const isRated = role === "output" && made.kind === "Source" && made.perSecond !== undefined;
      this.#flow({
        from: `c:${key}`,
        to: `t:${this.#topic(topic)}`,
        role,
        ...(isRated ? { perSecond: made.perSecond ?? 0 } : {}),
      });
    }
  }

  view(): View {
    return {
      at: new Date(NOW_MS).toISOString(),
      program: { version: "0.1.0", server: "https://10.0.0.1:6443" },
      components: this.components,
      topics: this.topics,
      flows: this.flows,
      syncs: this.syncs,
      findings: [],
      someHidden: false,
    };
  }

  #topic(label: string): string {
    this.topics[label] ??= label.includes("*") ? { label, kind: "pattern" } : { label };
    return label;
  }

  #flow(flow: FlowView): void {
    this.flows[`${flow.from} ${flow.role} ${flow.to}`] = flow;
  }
}

/** Many components in many meshes; about one in fifty is not well. */
export function manyMeshes(
  count: number,
  { meshSize = 12 }: { readonly meshSize?: number } = {},
): View {
  const maker = new ViewMaker();
  const chance = seeded(7);
  for (let index = 0; index < count; index++) {
    const mesh = Math.floor(index / meshSize);
    const [namespace, name] = [`team-${mesh % 9}`, `mesh-${mesh}`];
    const step = index % meshSize;
    const state = stateBy(chance());
    const kind = step === 0 ? "Source" : step === meshSize - 1 ? "Sink" : "Function";
    const rate = Math.round(chance() * 900);
    maker.add(`${kind}/${namespace}/${name}-step-${step}`, {
      mesh: name,
      state,
      ...(state === "failing" ? { reason: "CrashLoopBackOff", message: "0/1 pods ready" } : {}),
      perSecond: state === "failing" ? 0 : rate,
      backlog: state === "failing"
        ? 8_000 + Math.round(chance() * 90_000)
        : Math.round(chance() * 30),
      exceptions: 0,
    }, {
      reads: step === 0 ? [] : [`${name}-${Math.max(0, step - 1 - Math.floor(chance() * 2))}`],
      writes: step === meshSize - 1 ? [] : [`${name}-${step}`],
    });
  }
  return maker.view();
}

function stateBy(chance: number): StateView {
  if (chance < 0.018) return "failing";
  if (chance < 0.028) return "progressing";
  return chance < 0.034 ? "suspended" : "ok";
}
