import type {
  Changed,
  ComponentView,
  FindingView,
  FlowView,
  SyncView,
  TopicView,
  View,
  ViewChange,
} from "../view.ts";

/** What the page shows: a view, by keys that may be any text. */
export interface Model {
  /** RFC 3339: of the last event. */
  readonly at: string;
  readonly program: View["program"];
  readonly components: ReadonlyMap<string, ComponentView>;
  readonly topics: ReadonlyMap<string, TopicView>;
  readonly flows: ReadonlyMap<string, FlowView>;
  readonly syncs: ReadonlyMap<string, SyncView>;
  readonly findings: readonly FindingView[];
  readonly someHidden: boolean;
}

/** A view as it was told whole. */
export function modelOf(view: View): Model {
  return {
    at: view.at,
    program: view.program,
    components: sorted(new Map(Object.entries(view.components))),
    topics: new Map(Object.entries(view.topics)),
    flows: new Map(Object.entries(view.flows)),
    syncs: sorted(new Map(Object.entries(view.syncs))),
    findings: view.findings,
    someHidden: view.someHidden,
  };
}

/** A model after a change. What did not change stays the same object, so that nothing of it is drawn again. */
export function changedModel(model: Model, change: ViewChange): Model {
  return {
    ...model,
    at: change.at,
    program: change.program ?? model.program,
    components: sorted(merged(model.components, change.components)),
    topics: merged(model.topics, change.topics),
    flows: merged(model.flows, change.flows),
    syncs: sorted(merged(model.syncs, change.syncs)),
    findings: change.findings ?? model.findings,
    someHidden: change.someHidden ?? model.someHidden,
  };
}

function merged<T>(
  before: ReadonlyMap<string, T>,
  change: Changed<T> | undefined,
): ReadonlyMap<string, T> {
  if (change === undefined) return before;
  const after = new Map(before);
  for (const [key, value] of Object.entries(change)) {
    if (value === null) after.delete(key);
    else after.set(key, value);
  }
  return after;
}

/** The same map where its keys stand in order already. */
function sorted<T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  let last = "";
  for (const key of map.keys()) {
    if (key < last) return new Map([...map].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0));
    last = key;
  }
  return map;
}
