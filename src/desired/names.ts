import { withoutEnd } from "#base";
import { APP, type Component, type ComponentKind, LABELS } from "#api";

/** What stands for the kind in derived names. */
const SUFFIXES = { Function: "function", Source: "source", Sink: "sink" } as const satisfies Record<
  ComponentKind,
  string
>;

/** Longest name of a volume (a DNS label). */
export const VOLUME_NAME_MAX = 63;

/** Namespace of a resource; `default` where it names none (rendering without a cluster). */
export function namespaceOf(
  object: { readonly metadata: { readonly namespace?: string } },
): string {
  return object.metadata.namespace ?? "default";
}

/** `function`, `source` or `sink`. */
export function suffixOf(component: Component): "function" | "source" | "sink" {
  return SUFFIXES[component.kind];
}

/** Name of the StatefulSet, and the prefix of its pods' names. */
export function statefulSetName(component: Component): string {
  return `${component.metadata.name}-${suffixOf(component)}`;
}

/** Name of the headless Service. */
export function serviceName(component: Component): string {
  return `${statefulSetName(component)}-headless`;
}

/** Name of the HorizontalPodAutoscaler. */
export function autoscalerName(component: Component): string {
  return statefulSetName(component);
}

/** Name of the VerticalPodAutoscaler. */
export function verticalAutoscalerName(component: Component): string {
  return statefulSetName(component);
}

/** Name of the clean-up Job. */
export function cleanupJobName(component: Component): string {
  return `${statefulSetName(component)}-cleanup`;
}

/** Name of the container that runs the user's code. */
export function runnerContainerName(component: Component): string {
  return `pulsar-${suffixOf(component)}`;
}

/** Name of the resource that an item of a FunctionMesh becomes. */
export function childName(
  mesh: { readonly metadata: { readonly name: string } },
  itemName: string,
): string {
  return `${mesh.metadata.name}-${itemName}`;
}

/**
 * The labels by which a component's objects are found: on each of them, and the selector of the pods. A StatefulSet's
 * selector can never change, so these cannot either.
 */
export function selectorLabels(component: Component): Readonly<Record<string, string>> {
  const { name } = component.metadata;
  const suffix = suffixOf(component);
  const full = statefulSetName(component);
  return {
    // The reference operator marks only Functions as its own.
    ...(component.kind === "Function" ? { [LABELS.oldApp]: APP, [LABELS.app]: APP } : {}),
    [LABELS.appInstance]: full,
    [LABELS.appName]: full,
    [LABELS.oldComponent]: suffix,
    [LABELS.component]: suffix,
    [LABELS.name]: name,
    [LABELS.namespace]: namespaceOf(component),
    [LABELS.oldName]: name,
    [LABELS.oldNamespace]: namespaceOf(component),
  };
}

/**
 * A name for a volume made from any text: lower case, everything but letters, digits and dashes as one dash, at most
 * 63 characters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { volumeName } from "#desired";
 * assertEquals(volumeName("My.Cfg_Map-java-log-conf"), "my-cfg-map-java-log-conf");
 * ```
 */
export function volumeName(text: string): string {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-").slice(0, VOLUME_NAME_MAX);
  return withoutEnd(name.replace(/^-+/, ""), "-");
}
