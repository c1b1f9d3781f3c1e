import type { DefaultedComponent } from "#api";
import { scaleTarget } from "./autoscaler.ts";
import { childMeta } from "./child_meta.ts";
import { verticalAutoscalerName } from "./names.ts";
import { quantitiesSpelled } from "./quantities.ts";
import type { Settings } from "./settings.ts";
import type { Part } from "./tidy.ts";

/** The VerticalPodAutoscaler of a component that asks for one, where its API is served. */
export function verticalAutoscaler(
  component: DefaultedComponent,
  settings: Settings,
): Part | undefined {
  const policy = component.spec.pod?.vpa;
  if (!policy || !settings.verticalPodAutoscaler) return undefined;
  return {
    apiVersion: "autoscaling.k8s.io/v1",
    kind: "VerticalPodAutoscaler",
    metadata: childMeta(component, verticalAutoscalerName(component)),
    spec: {
      targetRef: scaleTarget(component),
      updatePolicy: policy.updatePolicy,
      resourcePolicy: quantitiesSpelled(policy.resourcePolicy),
    },
  };
}
