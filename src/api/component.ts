import type { KubeObject } from "#base";
import type { FunctionResource } from "./function.ts";
import { COMPUTE_API_VERSION } from "./resources.ts";
import type { SinkResource } from "./sink.ts";
import type { SourceResource } from "./source.ts";

/** The kinds that become pods. */
export type ComponentKind = "Function" | "Source" | "Sink";

/** A resource that becomes pods: told apart by `kind`. */
export type Component = FunctionResource | SourceResource | SinkResource;

/** The kinds of {@linkcode Component}, in the order in which data flows. */
export const COMPONENT_KINDS: readonly ComponentKind[] = ["Source", "Function", "Sink"];

/** Whether an object is a Function, Source or Sink. Says nothing about its spec: see `problems()`. */
export function isComponent(object: KubeObject): object is Component {
  return object.apiVersion === COMPUTE_API_VERSION &&
    COMPONENT_KINDS.some((kind) => kind === object.kind);
}
