import {
  type Component,
  COMPUTE_API_VERSION,
  type FunctionMesh,
  isComponent,
  problems,
  withDefaults,
} from "#api";
import type { KubeObject, Problem } from "#base";
import { desiredChildren } from "./children.ts";
import { meshChildren } from "./mesh_children.ts";
import { referenceForm } from "./reference_form.ts";
import type { Facts, Settings } from "./settings.ts";

/** What one resource becomes, as `render` prints it. */
export interface Rendering {
  readonly resource: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly problems: readonly Problem[];
  readonly objects: readonly KubeObject[];
}

/** What a rendering depends on besides the resource. */
export interface RenderOptions {
  readonly facts: Facts;
  readonly settings: Settings;
  /** "reference" is for comparisons: see {@linkcode referenceForm}; scaling to zero is a problem there (W-40). */
  readonly form?: RenderForm;
}

/** Objects as the controller applies them, or with the faults of the reference operator for comparisons. */
export type RenderForm = "applied" | "reference";

/**
 * What the controller makes of a resource, without a cluster: of a Function, Source or Sink its objects, of a
 * FunctionMesh its children, each followed by its objects. A resource with problems makes nothing.
 *
 * `metadata.uid` stands in owner references; children of a mesh have none yet.
 */
export function renderResource(
  object: KubeObject,
  { facts, settings, form = "applied" }: RenderOptions,
): Rendering {
  const { kind, metadata } = object;
  const resource = { kind, namespace: metadata.namespace ?? "", name: metadata.name };
  const found = problems(object, form === "applied" ? {} : { zeroReplicas: "refuse" });
  if (found.length > 0) return { resource, problems: found, objects: [] };
  const own = (component: Component) => {
    const defaulted = withDefaults(component);
    const objects = desiredChildren(defaulted, facts, settings);
    return form === "applied" ? objects : referenceForm(objects, defaulted, settings);
  };
  if (isComponent(object)) return { resource, problems: [], objects: own(object) };
  if (!isMesh(object)) return { resource, problems: [], objects: [] };
  const objects = meshChildren(object).flatMap((child) =>
    isComponent(child) ? [child, ...own(child)] : [child]
  );
  return { resource, problems: [], objects };
}

function isMesh(object: KubeObject): object is FunctionMesh {
  return object.apiVersion === COMPUTE_API_VERSION && object.kind === "FunctionMesh";
}
