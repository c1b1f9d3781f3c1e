import type { KubeObject } from "#base";
import { Type } from "@sinclair/typebox";
import { PodPolicySchema } from "./pod_policy.ts";
import { flag, map, optional, text, type Value } from "./schema.ts";

/** Schema of {@linkcode BackendConfigSpec}. */
export const BackendConfigSpecSchema = Type.Object({
  name: optional(text("Not read")),
  env: optional(map("Environment of every container", Type.String())),
  pod: optional(PodPolicySchema),
  autoUpdate: optional(flag("Roll a change out at once")),
}, { description: "Settings of all pods" });

/** `spec` of a BackendConfig. */
export type BackendConfigSpec = Value<typeof BackendConfigSpecSchema>;
/** A BackendConfig: settings of the pods of a namespace, or of all. */
export interface BackendConfig extends KubeObject {
  readonly kind: "BackendConfig";
  readonly spec: BackendConfigSpec;
}
