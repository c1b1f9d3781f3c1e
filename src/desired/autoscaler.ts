import {
  autoscalerPreset,
  backlogScalingOf,
  type DefaultedComponent,
  integerValue,
  milliValue,
  parseQuantity,
  type Quantity,
} from "#api";
import { childMeta } from "./child_meta.ts";
import { autoscalerName } from "./names.ts";
import { metricSpelled } from "./quantities.ts";
import { type Part, someOf } from "./tidy.ts";

const DEFAULT_RULE = "AverageUtilizationCPUPercent80";

/**
 * The HorizontalPodAutoscaler of a component that can scale. It scales the component, whose scale
 * subresource sets `spec.replicas`.
 *
 * None where replicas follow the backlog, and none where `maxReplicas` leaves no room: the reference operator makes one
 * there that never settles (W-7).
 */
export function autoscaler(component: DefaultedComponent): Part | undefined {
  const { minReplicas, maxReplicas } = component.spec;
  if (backlogScalingOf(component) !== undefined) return undefined;
  if (maxReplicas === undefined || maxReplicas <= minReplicas) return undefined;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: childMeta(component, autoscalerName(component)),
    spec: {
      scaleTargetRef: scaleTarget(component),
      minReplicas,
      maxReplicas,
      ...metrics(component),
    },
  };
}

/** The component as the target of an autoscaler. */
export function scaleTarget(component: DefaultedComponent): Part {
  return { apiVersion: component.apiVersion, kind: component.kind, name: component.metadata.name };
}

function metrics(component: DefaultedComponent): Part {
  const { builtinAutoscaler, autoScalingMetrics, autoScalingBehavior } = component.spec.pod ?? {};
  if (builtinAutoscaler?.length) return { metrics: someOf(builtIn(component, builtinAutoscaler)) };
  if (!autoScalingMetrics?.length && !autoScalingBehavior) {
    return { metrics: builtIn(component, [DEFAULT_RULE]) };
  }
  return { metrics: someOf(autoScalingMetrics?.map(metricSpelled)), behavior: autoScalingBehavior };
}

/** The first rule for each resource counts. Names that are unknown are for `problems()` to report. */
function builtIn(component: DefaultedComponent, rules: readonly string[]): Part[] {
  const seen = new Set<string>();
  return rules.flatMap((rule) => {
    const preset = autoscalerPreset(rule);
    if (preset === undefined || seen.has(preset.resource)) return [];
    const { resource: name, percent } = preset;
    seen.add(name);
    const averageUtilization = Math.trunc(percent * headroom(component, name));
    return [{
      type: "Resource",
      resource: { name, target: { type: "Utilization", averageUtilization } },
    }];
  });
}

/** Limit over request: utilization is measured against the request, the rules mean the limit. 1 without both. */
function headroom(component: DefaultedComponent, name: "cpu" | "memory"): number {
  const { limits, requests } = component.spec.resources ?? {};
  const amount = (quantity: Quantity | undefined) => {
    const parsed = quantity === undefined ? undefined : parseQuantity(quantity);
    if (parsed === undefined) return 0;
    return Number(name === "cpu" ? milliValue(parsed) : integerValue(parsed));
  };
  const [limit, request] = [amount(limits?.[name]), amount(requests?.[name])];
  return limit === 0 || request === 0 ? 1 : limit / request;
}
