import { idOf, idText, type KubeObject } from "#base";
import { durationText } from "../control_plane.ts";
import { componentRows, type Snapshot } from "./component_row.ts";
import { isDone } from "./progress_table.ts";
import type { Stage } from "./stage.ts";

/** How long the program took to make good what somebody broke. */
export interface Repair {
  readonly kind: string;
  /** From the deletion to the new object. */
  readonly backMs: number;
  /** From the deletion to its pods being ready. */
  readonly readyMs: number;
}

const TIMEOUT_MS = 30_000;

/** Deletes the StatefulSet of a component, as a person might by mistake, and waits until all is well again. */
export async function showDrift(component: string, stage: Stage): Promise<Repair> {
  const { screen, world } = stage;
  const victim = statefulSetOf(component, world.snapshot());
  if (victim === undefined) {
    throw new Error(`Cannot delete the StatefulSet of ${component}: there is none`);
  }
  screen.line(`  delete ${idText(idOf(victim))}`);
  const startMs = performance.now();
  await world.cluster.remove(idOf(victim));
  const wait = {
    what: `${idText(idOf(victim))} again`,
    timeoutMs: TIMEOUT_MS,
    state: (snapshot: Snapshot) =>
      componentRows(snapshot).find(({ name }) => name === component)?.words ?? "it is not there",
  };
  const isNew = (snapshot: Snapshot) => {
    const found = statefulSetOf(component, snapshot);
    return found !== undefined && found.metadata.uid !== victim.metadata.uid;
  };
  await world.until((snapshot) => isNew(snapshot) || undefined, wait);
  const backMs = performance.now() - startMs;
  screen.marked(`  ✓ it is back after ${Math.round(backMs)} ms`);
  await world.until(
    (snapshot) => isNew(snapshot) && componentRows(snapshot).every(isDone) || undefined,
    wait,
  );
  const readyMs = performance.now() - startMs;
  screen.marked(`  ✓ its pods are ready again after ${durationText(readyMs)}`);
  return { kind: victim.kind, backMs, readyMs };
}

function statefulSetOf(component: string, snapshot: Snapshot): KubeObject | undefined {
  return (snapshot["StatefulSet"] ?? []).find(({ metadata }) =>
    metadata.ownerReferences?.some(({ name }) => name === component)
  );
}
