import type { Making } from "../../../scripts/e2e/stored.ts";
import type { Subject } from "../whole/subject.ts";
import type { Speed } from "./controllers.ts";
import { fluxAndFunctionMesh } from "./flux_and_function_mesh.ts";
import { peerPrograms } from "./programs.ts";

const SPEEDS = {
  flux: "unbound",
  "flux-as-released": "as released",
} as const satisfies Readonly<Record<string, Speed>>;

/** Programs that the bench can build and start by itself. */
export type KnownPeer = keyof typeof SPEEDS;

/** Their names. */
export const KNOWN_PEERS = Object.keys(SPEEDS) as readonly KnownPeer[];

/** Whether it is one of their names. */
export function isKnownPeer(name: string): name is KnownPeer {
  return Object.hasOwn(SPEEDS, name);
}

/** Builds what is not built yet. @throws {Error} where that cannot be */
export async function knownPeer(name: KnownPeer, making: Making): Promise<Subject> {
  return fluxAndFunctionMesh(await peerPrograms(making), SPEEDS[name]);
}
