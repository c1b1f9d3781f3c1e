import type { ComponentRow } from "../../../scripts/demo/component_row.ts";

/** A ready Function with one pod that reads and writes nothing; what is given wins. */
export function row(name: string, members: Partial<ComponentRow> = {}): ComponentRow {
  return {
    kind: "Function",
    namespace: "shop",
    name,
    mesh: undefined,
    isReady: true,
    words: "1/1 pods ready",
    wantedPods: 1,
    readyPods: 1,
    autoscaler: undefined,
    inputs: [],
    output: undefined,
    ...members,
  };
}
