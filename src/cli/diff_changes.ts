import type { Preview } from "#gitops";
import type { PodRestart } from "#plan";

/** What becomes of an object. */
export function actionOf({ before, after }: Preview): "created" | "configured" | "pruned" {
  if (after === undefined) return "pruned";
  return before === undefined ? "created" : "configured";
}

/** `2 pods of Function shop/a` */
export function restartText({ pods, workload }: PodRestart): string {
  const count = pods === undefined ? "pods" : `${pods} pod${pods === 1 ? "" : "s"}`;
  return `${count} of ${workload}`;
}
