import type { Problem } from "#base";
import { autoscalerPreset } from "./autoscaler_preset.ts";
import { backlogScalingOf, backlogScalingProblems } from "./backlog_scaling.ts";
import type { DefaultedComponent } from "./defaults.ts";
import { at, quoted, type RuleOptions, when } from "./rule.ts";

/** How many pods, and who decides (W-40). */
export function replicaProblems(component: DefaultedComponent, options: RuleOptions): Problem[] {
  const { replicas, minReplicas, maxReplicas } = component.spec;
  const scaledToZero = replicas === 0 && options.zeroReplicas !== "refuse";
  const followsBacklog = backlogScalingOf(component) !== undefined;
  const idle = followsBacklog || (scaledToZero && maxReplicas === undefined);
  return [
    ...when(
      replicas === 0 && !scaledToZero,
      at("replicas", "is 0; give 1 or more (a running resource can be scaled to 0)"),
    ),
    ...when(
      minReplicas === 0 && !idle,
      at("minReplicas", "is 0; give 1 or more, or leave it out"),
    ),
    ...when(
      minReplicas > replicas && !scaledToZero,
      at(
        "minReplicas",
        `${minReplicas} is more than replicas (${replicas}); lower it or raise replicas`,
      ),
    ),
    ...(maxReplicas === undefined ? [] : maximumProblems(maxReplicas, { replicas, minReplicas })),
    ...verticalProblems(component),
    ...backlogScalingProblems(component),
  ];
}

/** Presets of the autoscaler: two for the same resource contradict each other. */
export function presetProblems(presets: readonly string[] | undefined): Problem[] {
  const known = (presets ?? []).map((preset) => autoscalerPreset(preset)?.resource);
  return ([["cpu", "CPU"], ["memory", "Memory"]] as const).flatMap(([resource, word]) =>
    when(
      known.filter((found) => found === resource).length > 1,
      at("pod.builtinAutoscaler", `names more than one preset for ${word}; keep one`),
    )
  );
}

/** Presets that nobody knows: they do nothing (W-26). */
export function presetWarnings(presets: readonly string[] | undefined): Problem[] {
  return (presets ?? []).flatMap((preset, index) =>
    when(
      autoscalerPreset(preset) === undefined,
      at(
        `pod.builtinAutoscaler[${index}]`,
        `${quoted(preset)} is no preset and has no effect; ` +
          "use AverageUtilizationCPUPercent or AverageUtilizationMemoryPercent with 80, 50 or 20",
      ),
    )
  );
}

function maximumProblems(
  maxReplicas: number,
  { replicas, minReplicas }: { readonly replicas: number; readonly minReplicas: number },
): Problem[] {
  if (maxReplicas < 1) {
    return [at("maxReplicas", `${maxReplicas} is too small; give 1 or more, or leave it out`)];
  }
  return [
    ...when(
      maxReplicas < replicas,
      at(
        "maxReplicas",
        `${maxReplicas} is less than replicas (${replicas}); raise it or lower replicas`,
      ),
    ),
    ...when(
      maxReplicas < minReplicas,
      at(
        "maxReplicas",
        `${maxReplicas} is less than minReplicas (${minReplicas}); raise it or lower minReplicas`,
      ),
    ),
  ];
}

function verticalProblems({ spec }: DefaultedComponent): Problem[] {
  const vpa = spec.pod?.vpa;
  if (vpa === undefined) return [];
  const policies = vpa.resourcePolicy?.containerPolicies ?? [];
  return [
    ...when(
      spec.maxReplicas !== undefined,
      at("pod.vpa", "scales pods up and maxReplicas scales them out; keep one of them"),
    ),
    ...policies.flatMap((policy, index) =>
      when(
        !policy.containerName,
        at(
          `pod.vpa.resourcePolicy.containerPolicies[${index}].containerName`,
          "is missing; name a container, or * for all",
        ),
      )
    ),
  ];
}
