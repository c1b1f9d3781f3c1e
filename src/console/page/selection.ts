import type { ComponentView, StateView } from "../view.ts";
import type { Model } from "./model.ts";
import type { Route } from "./route.ts";
import { isNotWell, STATES } from "./words.ts";

/** A component with its key. */
export interface Shown {
  readonly key: string;
  readonly component: ComponentView;
}

/** Components that lie together: a mesh, or what belongs to none in a namespace. */
export interface Group {
  /** `namespace/mesh`; `namespace/` for those without a mesh. */
  readonly key: string;
  readonly members: readonly Shown[];
}

/** Key of the group of a component. */
export function groupKeyOf({ mesh = "", namespace }: ComponentView): string {
  return `${namespace}/${mesh}`;
}

/** The components that a route shows; the search does not count here. */
export function shownComponents(model: Model, route: Route): Shown[] {
  const { mesh } = route;
  const found: Shown[] = [];
  for (const [key, component] of model.components) {
    if (mesh !== undefined && groupKeyOf(component) !== mesh) continue;
    if (route.namespace !== undefined && component.namespace !== route.namespace) continue;
    // What is open stays where it was found.
    if (route.isUnwellOnly && !isNotWell(component.state) && key !== route.component) continue;
    found.push({ key, component });
  }
  return found;
}

/** Whether a component is what somebody searches for: every word is in its key, state, reason or message. */
export function isFound({ component, key }: Shown, search: string): boolean {
  const { image = "", mesh = "", message = "", reason = "", state } = component;
  const text = [key, mesh, state, reason, image, message.slice(0, 500)].join(" ").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Components by mesh, sorted by its key. */
export function groupsOf(shown: readonly Shown[]): Group[] {
  const groups = Map.groupBy(shown, ({ component }) => groupKeyOf(component));
  return [...groups].map(([key, members]) => ({ key, members }))
    .sort((a, b) => a.key < b.key ? -1 : 1);
}

/** The worst state in a group. */
export function worstOf({ members }: Group): StateView {
  return STATES.find((state) => members.some(({ component }) => component.state === state)) ?? "ok";
}

/** How many components are in each state. */
export function stateCounts(
  shown: Iterable<{ readonly state: StateView }>,
): Map<StateView, number> {
  const counts = new Map<StateView, number>();
  for (const { state } of shown) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
