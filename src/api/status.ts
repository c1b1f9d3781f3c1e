import type { Condition } from "#base";
import { type TUnsafe, Type } from "@sinclair/typebox";
import { ScalingStatusSchema } from "./backlog_scaling.ts";
import { RuntimeStatusSchema } from "./runtime_status.ts";
import { choice, flag, int32, int64, list, optional, text, time, type Value } from "./schema.ts";

/** Standard conditions, keyed by type. */
export const ConditionsSchema: TUnsafe<Condition[]> = Type.Unsafe<Condition[]>({
  ...list(
    "Ready, Reconciling, Stalled and others",
    Type.Object({
      type: text("What is said"),
      status: choice("Whether it is so", ["True", "False", "Unknown"]),
      reason: optional(text("Why, in one word")),
      message: optional(text("Why, in words")),
      lastTransitionTime: optional(time("Since when")),
      observedGeneration: optional(int64("Generation that was looked at")),
    }),
  ),
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
});

/** Schema of {@linkcode InstanceStatus}. */
export const InstanceStatusSchema = Type.Object({
  name: text("Name of the pod"),
  ordinal: optional(int32("Number of the instance")),
  state: optional(text("What it is doing")),
  ready: optional(flag("Whether it is ready")),
  restarts: optional(int32("How often its containers were restarted")),
  node: optional(text("Where it runs")),
  reason: optional(text("Why it is not ready, in one word")),
  message: optional(text("Why it is not ready, in words")),
  startedAt: optional(time("When it was started")),
});

/** Schema of {@linkcode ComponentStatus}. */
export const ComponentStatusSchema = Type.Object({
  conditions: optional(ConditionsSchema),
  observedGeneration: optional(int64("Generation that was applied")),
  replicas: optional(int32("Pods that are there")),
  readyReplicas: optional(int32("Pods that are ready")),
  updatedReplicas: optional(int32("Pods of the current revision")),
  selector: optional(text("Label selector of the pods")),
  instances: optional(list("What each instance is doing", InstanceStatusSchema)),
  globalBackendConfigRevision: optional(text("Global BackendConfig that was read")),
  namespacedBackendConfigRevision: optional(text("BackendConfig of the namespace that was read")),
  pendingChange: optional(text("What waits to be rolled out")),
  renderedBy: optional(text("Version of the program that rendered the pods")),
  runtime: optional(RuntimeStatusSchema),
  scaling: optional(ScalingStatusSchema),
}, { description: "What was seen; written by the controller" });

/** Schema of {@linkcode MeshStatus}. */
export const MeshStatusSchema = Type.Object({
  conditions: optional(ConditionsSchema),
  observedGeneration: optional(int64("Generation that was applied")),
  ready: optional(text("Ready components of all, e.g. 2/3")),
  readyComponents: optional(int32("Components that are ready")),
  components: optional(
    list(
      "One line for each component",
      Type.Object({
        kind: text("Function, Source or Sink"),
        name: text("Name in the mesh"),
        child: optional(text("Name of the resource")),
        ready: optional(flag("Whether it is ready")),
        reason: optional(text("Why not, in one word")),
        message: optional(text("Why not, in words")),
        replicas: optional(int32("Pods that are there")),
        readyReplicas: optional(int32("Pods that are ready")),
      }),
    ),
  ),
  findings: optional(
    list(
      "What is odd between the components of the mesh, and between them and others, the first 20",
      Type.Object({
        code: text("What it is, in one word"),
        path: text("Field of the mesh that it is about"),
        message: text("What it is, and what to do"),
      }),
    ),
  ),
}, { description: "What was seen; written by the controller" });

/** What one pod of a component is doing. */
export type InstanceStatus = Value<typeof InstanceStatusSchema>;
/** `status` of a Function, Source or Sink. All members may be absent. */
export type ComponentStatus = Value<typeof ComponentStatusSchema>;
/** `status` of a FunctionMesh. */
export type MeshStatus = Value<typeof MeshStatusSchema>;
/** What a mesh says about one component. */
export type MeshComponentStatus = NonNullable<MeshStatus["components"]>[number];
