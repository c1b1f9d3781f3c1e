import type { MeshSync, MeshSyncStatus } from "#api";
import {
  conditionList,
  contentHash,
  groupOf,
  isPlainObject,
  type KubeObject,
  type ObjectId,
  sameJson,
} from "#base";
import { entryKey } from "#plan";

/** How a Job ended. */
export type JobResult = "Failed" | "Succeeded";

/** A Job that was seen at its end. */
export interface FinishedJob {
  /** Of what Git said of it then: see {@linkcode jobHash}. */
  readonly hash: string;
  readonly result: JobResult;
}

/** What is known of a Job that was applied. */
export type AppliedJob = NonNullable<MeshSyncStatus["jobs"]>[number];

/** Whether an object runs once. */
export function isJob(id: Pick<ObjectId, "apiVersion" | "kind">): boolean {
  return groupOf(id.apiVersion) === "batch" && id.kind === "Job";
}

/** What of a Job decides whether it is another one: labels and annotations do not run it again. */
export function jobHash(object: KubeObject): string {
  return contentHash(object.spec ?? {});
}

/** How a Job ended; undefined while it did not. */
export function jobResult(object: KubeObject | undefined): JobResult | undefined {
  const status = isPlainObject(object?.status) ? object.status : {};
  const is = (type: string) =>
    conditionList(status["conditions"]).some((one) => one.type === type && one.status === "True");
  return is("Failed") ? "Failed" : is("Complete") ? "Succeeded" : undefined;
}

/** What is known of the Job of a proof or a manifest, with the same content. */
export function appliedJob(
  { id, object }: { readonly id: ObjectId; readonly object: KubeObject },
  { finished, status }: {
    readonly finished: ReadonlyMap<string, FinishedJob>;
    readonly status: MeshSyncStatus | undefined;
  },
): AppliedJob | undefined {
  const key = entryKey(id);
  const hash = jobHash(object);
  const seen = finished.get(key);
  if (seen?.hash === hash) return { id: key, hash, result: seen.result };
  return status?.jobs?.find((job) => job.id === key && job.hash === hash);
}

/**
 * Whether a Job that is not there has run: it was seen at its end, or takes itself away when it ends and nobody watched.
 *
 * @param options.isWatched whether this process would have seen its end
 */
export function isDone(
  job: AppliedJob | undefined,
  { isWatched, object }: { readonly isWatched: boolean; readonly object: KubeObject | undefined },
): boolean {
  if (job === undefined) return false;
  const spec = isPlainObject(object?.spec) ? object.spec : {};
  const removesItself = spec["ttlSecondsAfterFinished"] !== undefined;
  return job.result !== undefined || (removesItself && !isWatched);
}

/**
 * The Jobs that were applied, for the status; no member where that is no news.
 *
 * @param facts.isComplete whether all of a revision was applied: what it does not hold is forgotten
 */
export function jobsNews(
  { status }: Pick<MeshSync, "status">,
  facts: {
    readonly proofs: ReadonlyMap<string, { readonly id: ObjectId; readonly object: KubeObject }>;
    readonly finished: ReadonlyMap<string, FinishedJob>;
    readonly isComplete: boolean;
  },
): Pick<MeshSyncStatus, "jobs"> {
  const { finished, isComplete, proofs } = facts;
  const before = status?.jobs ?? [];
  const applied = [...proofs.values()].filter(({ id }) => isJob(id)).map((proof) =>
    appliedJob(proof, { finished, status }) ??
      { id: entryKey(proof.id), hash: jobHash(proof.object) }
  );
  const known = isComplete ? [] : before.map((job) => [job.id, job] as const);
  const jobs = [...new Map([...known, ...applied.map((job) => [job.id, job] as const)]).values()]
    .sort((a, b) => a.id < b.id ? -1 : 1);
  return sameJson(before, jobs) ? {} : { jobs };
}
