import { Type } from "@sinclair/typebox";
import {
  choice,
  embedded,
  flag,
  int32,
  int64,
  list,
  map,
  optional,
  quantities,
  text,
  type Value,
} from "./schema.ts";

/** Schema of {@linkcode VerticalPolicy}. */
export const VpaSchema = Type.Object({
  updatePolicy: optional(
    Type.Object({
      updateMode: optional(
        choice("When recommendations are applied", ["Off", "Initial", "Recreate", "Auto"]),
      ),
      minReplicas: optional(int32("Replicas that must be there before one is evicted")),
    }),
  ),
  resourcePolicy: optional(
    Type.Object({
      containerPolicies: optional(
        list(
          "Limits of the recommendations by container",
          Type.Object({
            containerName: optional(text("Name of the container, or *")),
            mode: optional(choice("Whether it is scaled", ["Auto", "Off"])),
            minAllowed: optional(quantities("Least resources")),
            maxAllowed: optional(quantities("Most resources")),
            controlledResources: optional(list("Which resources", Type.String())),
            controlledValues: optional(
              choice("Which values", ["RequestsAndLimits", "RequestsOnly"]),
            ),
          }),
        ),
      ),
    }),
  ),
}, { description: "Enables a VerticalPodAutoscaler" });

/** Schema of {@linkcode Liveness}. */
export const LivenessSchema = Type.Object({
  initialDelaySeconds: optional(int32("Seconds before the first probe")),
  periodSeconds: optional(int32("Seconds between probes; no probe without it")),
  successThreshold: optional(int32("Successes in a row that count as alive")),
  failureThreshold: optional(int32("Failures in a row that count as dead")),
}, { description: "Liveness probe of the runner" });

/** Schema of {@linkcode PodPolicy}. */
export const PodPolicySchema = Type.Object({
  labels: optional(map("Labels of the pods", Type.String())),
  annotations: optional(map("Annotations of the pods", Type.String())),
  nodeSelector: optional(map("Node selector", Type.String())),
  affinity: optional(embedded("Affinity", "core/v1 Affinity")),
  disableDefaultAffinity: optional(flag("Do not spread the pods over nodes by default")),
  tolerations: optional(list("core/v1 Toleration", embedded("Toleration"))),
  securityContext: optional(embedded("PodSecurityContext", "core/v1 PodSecurityContext")),
  terminationGracePeriodSeconds: optional(int64("Seconds that a pod gets to end")),
  volumes: optional(list("core/v1 Volume", embedded("Volume"))),
  imagePullSecrets: optional(
    list("core/v1 LocalObjectReference", embedded("LocalObjectReference")),
  ),
  initContainers: optional(list("core/v1 Container", embedded("Container"))),
  sidecars: optional(list("core/v1 Container, beside the runner", embedded("Container"))),
  serviceAccountName: optional(text("Service account of the pods")),
  builtinAutoscaler: optional(
    list("Presets, e.g. AverageUtilizationCPUPercent80", Type.String()),
  ),
  autoScalingMetrics: optional(list("autoscaling/v2 MetricSpec", embedded("MetricSpec"))),
  autoScalingBehavior: optional(
    embedded("HorizontalPodAutoscalerBehavior", "autoscaling/v2 HorizontalPodAutoscalerBehavior"),
  ),
  vpa: optional(VpaSchema),
  env: optional(list("core/v1 EnvVar of the runner", embedded("EnvVar"))),
  liveness: optional(LivenessSchema),
  startupProbe: optional(embedded("Probe", "core/v1 Probe of the runner")),
}, { description: "Settings of the pods" });

/** `spec.pod.vpa`. */
export type VerticalPolicy = Value<typeof VpaSchema>;
/** `spec.pod.liveness`. */
export type Liveness = Value<typeof LivenessSchema>;
/** `spec.pod`: what the user says about the pods. */
export type PodPolicy = Value<typeof PodPolicySchema>;
