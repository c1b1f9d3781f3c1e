import type { DefaultedComponent } from "#api";
import type { KubeObject } from "#base";
import { autoscaler } from "./autoscaler.ts";
import { backendOf } from "./pod/backend.ts";
import { headlessService } from "./service.ts";
import type { Facts, Settings } from "./settings.ts";
import { statefulSet } from "./stateful_set.ts";
import { tidyObject } from "./tidy.ts";
import { verticalAutoscaler } from "./vertical_autoscaler.ts";

/**
 * The objects that a component becomes, ready for a server-side apply: Service, StatefulSet, and the autoscalers that it
 * asks for, in this order.
 *
 * # Guarantees
 * Equal arguments give equal bytes, whatever the order of their members; no argument is changed; every object has a
 * namespace and the component as its controller.
 *
 * # Assumptions
 * `problems(component)` is empty. Otherwise an API server may refuse what comes out; nothing throws.
 */
export function desiredChildren(
  component: DefaultedComponent,
  facts: Facts,
  settings: Settings,
): KubeObject[] {
  const parts = [
    headlessService(component),
    statefulSet(component, { settings, backend: backendOf(facts) }),
    autoscaler(component),
    verticalAutoscaler(component, settings),
  ];
  return parts.filter((part) => part !== undefined).map(tidyObject);
}
