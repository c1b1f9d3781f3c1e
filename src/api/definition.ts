import type { TSchema } from "@sinclair/typebox";
import { BackendConfigSpecSchema } from "./backend_config.ts";
import { FunctionSpecSchema } from "./function.ts";
import { MeshSpecSchema } from "./mesh.ts";
import { MeshSyncSpecSchema, MeshSyncStatusSchema } from "./mesh_sync.ts";
import type { MeshKind } from "./resources.ts";
import { freeForm } from "./schema.ts";
import { SinkSpecSchema } from "./sink.ts";
import { SourceSpecSchema } from "./source.ts";
import { ComponentStatusSchema, MeshStatusSchema } from "./status.ts";

/** The schemas of a kind. */
export interface Definition {
  readonly spec: TSchema;
  readonly status: TSchema;
}

/** The schemas of every kind: what `crd.ts` writes out and `validate.ts` checks. */
export const DEFINITIONS: Readonly<Record<MeshKind, Definition>> = {
  Function: { spec: FunctionSpecSchema, status: ComponentStatusSchema },
  Source: { spec: SourceSpecSchema, status: ComponentStatusSchema },
  Sink: { spec: SinkSpecSchema, status: ComponentStatusSchema },
  FunctionMesh: { spec: MeshSpecSchema, status: MeshStatusSchema },
  BackendConfig: { spec: BackendConfigSpecSchema, status: freeForm("Not written") },
  MeshSync: { spec: MeshSyncSpecSchema, status: MeshSyncStatusSchema },
};
