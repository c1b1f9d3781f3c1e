/** The control plane that faults happen to, and who asks it past them. */
import {
  type ControlPlane,
  type Progress,
  startControlPlane,
} from "../../scripts/control_plane.ts";
import { customResourceDefinitions } from "#api";
import { systemClock } from "#base";
import { installDefinitions } from "#kube";
import type { ClusterAccess } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";
import { Api } from "./api.ts";

/** A control plane of the harness's own. */
export interface ChaosStage extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly access: ClusterAccess;
  readonly api: Api;
}

/** Starts one. */
export async function openStage(
  options: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<ChaosStage> {
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await startControlPlane(options));
  const access = { serverUrl: plane.serverUrl, caPem: plane.caPem, token: plane.adminToken };
  const api = stack.use(new Api(access));
  // As the program does it at its first start: what it writes later belongs to a place.
  await using client = testClient(access);
  await installDefinitions(client.cluster, customResourceDefinitions(), {
    fieldManager: "meshwright-definitions",
    clock: systemClock,
  });
  const running = stack.move();
  return { plane, access, api, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
