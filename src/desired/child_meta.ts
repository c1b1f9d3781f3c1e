import type { Component } from "#api";
import { ownerReference } from "#base";
import { namespaceOf, selectorLabels } from "./names.ts";
import type { Part } from "./tidy.ts";

/** `metadata` of an object made for a component and owned by it. */
export function childMeta(component: Component, name: string): Part {
  return {
    name,
    namespace: namespaceOf(component),
    labels: selectorLabels(component),
    ownerReferences: [ownerReference(component)],
  };
}
