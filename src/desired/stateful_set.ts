import type { DefaultedComponent } from "#api";
import { childMeta } from "./child_meta.ts";
import { selectorLabels, serviceName, statefulSetName } from "./names.ts";
import { type PodInput, podTemplate } from "./pod/template.ts";
import { quantitiesSpelled } from "./quantities.ts";
import { type Part, someOf } from "./tidy.ts";

/** The StatefulSet that runs a component: a pod's number is the number of the instance. */
export function statefulSet(component: DefaultedComponent, input: PodInput): Part {
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: childMeta(component, statefulSetName(component)),
    spec: {
      replicas: component.spec.replicas,
      selector: { matchLabels: selectorLabels(component) },
      serviceName: serviceName(component),
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "RollingUpdate" },
      template: podTemplate(component, input),
      ...claims(component),
    },
  };
}

/** Only a Function may claim volumes. */
function claims(component: DefaultedComponent): Part {
  if (component.kind !== "Function") return {};
  const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = component.spec;
  return {
    volumeClaimTemplates: someOf(volumeClaimTemplates?.map(quantitiesSpelled)),
    persistentVolumeClaimRetentionPolicy,
  };
}
