import type { MeshSync } from "#api";
import { errorText, idText, isAbort, keyOf } from "#base";
import type { Verdict } from "#plan";
import { actingContext } from "./account.ts";
import { applyOne } from "./apply.ts";
import { eachOf, type GitOpsContext } from "./context.ts";
import type { AppliedObject } from "./memory.ts";
import { tellCorrection, tellLeft } from "./report.ts";
import { withoutValues } from "./manifests/variables.ts";

/**
 * Undoes what others did to objects of a sync, or notes it, as `spec.drift.mode` says; answers what failed.
 */
export async function correct(sync: MeshSync, ctx: GitOpsContext): Promise<Verdict | undefined> {
  const suspects = ctx.memory.suspects(keyOf(sync));
  if (suspects.length === 0) return undefined;
  const acting = actingContext(sync, ctx);
  const tried = await eachOf(suspects, (known) => corrected(known, sync, acting));
  const failures = tried.filter((failure) => failure !== undefined);
  if (failures.length === 0) return undefined;
  const message = `Cannot correct what somebody changed: ${failures.slice(0, 5).join("; ")}`;
  return { ready: false, reconciling: true, stalled: false, reason: "ApplyFailed", message };
}

async function corrected(
  known: AppliedObject,
  sync: MeshSync,
  ctx: GitOpsContext,
): Promise<string | undefined> {
  const { id, hash, object, secrets = [] } = known;
  try {
    const type = await ctx.cluster.resourceType(id.apiVersion, id.kind);
    if (type === undefined || object === undefined) return undefined;
    const change = await applyOne({ object, hash, id, type, known, secrets }, sync, ctx);
    ctx.memory.settle(keyOf(sync), change.applied);
    tellLeft(sync, change, ctx);
    tellCorrection(sync, change, ctx);
    return undefined;
  } catch (error) {
    if (isAbort(error, ctx.signal)) throw error;
    return `${idText(id)}: ${withoutValues(errorText(error), secrets)}`;
  }
}

const SHOWN_MAX = 20;

/** The first objects that others changed and that are left so, for the status. */
export function driftedLines(sync: MeshSync, ctx: GitOpsContext): string[] {
  const left = ctx.memory.left(keyOf(sync));
  const lines = left.slice(0, SHOWN_MAX).map(({ id, paths }) =>
    `${idText(id)}: ${paths.slice(0, 5).join(", ")}`
  );
  const rest = left.length - SHOWN_MAX;
  return rest > 0 ? [...lines, `and ${rest} more`] : lines;
}
