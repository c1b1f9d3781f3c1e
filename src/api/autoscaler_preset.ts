/** A preset of the autoscaler: the share of a resource's limit that pods should use on average. */
export interface AutoscalerPreset {
  readonly resource: "cpu" | "memory";
  readonly percent: number;
}

/** Every preset that the reference operator knows, by name. */
const PRESETS: ReadonlyMap<string, AutoscalerPreset> = new Map(
  (["cpu", "memory"] as const).flatMap((resource) =>
    [80, 50, 20].map((percent): [string, AutoscalerPreset] => [
      `AverageUtilization${resource === "cpu" ? "CPU" : "Memory"}Percent${percent}`,
      { resource, percent },
    ])
  ),
);

/**
 * The preset of a name in `pod.builtinAutoscaler`; undefined for names that mean nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { autoscalerPreset } from "#api";
 * assertEquals(autoscalerPreset("AverageUtilizationCPUPercent80"), { resource: "cpu", percent: 80 });
 * assertEquals(autoscalerPreset("AverageUtilizationCPUPercent70"), undefined);
 * ```
 */
export function autoscalerPreset(name: string): AutoscalerPreset | undefined {
  return PRESETS.get(name);
}
