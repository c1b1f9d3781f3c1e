/** What the tests of clean-ups share: a Function that has something to remove, and looks at its Job. */
import type { KubeObject } from "#base";
import { type ControllerStory, userFunction } from "./controller_story.ts";
import { eventually } from "./control_plane.ts";

/** Name of the Job that cleans up after the Function `orders`. */
export const JOB = "job/orders-function-cleanup";

/** The finalizer of a component that has something to remove. */
export const FINALIZER = "cleanup.subscription.finalizer";

/** A Job as far as the tests look at it. */
export interface Job extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly command: readonly string[] }[] };
    };
  };
}

/** The Function `orders`, with a subscription to remove. */
export function ordersFunction(
  spec: Record<string, unknown> = {},
  metadata: Record<string, unknown> = {},
): KubeObject {
  return userFunction("orders", { cleanupSubscription: true, ...spec }, metadata);
}

/** Resolves when `orders` is ready and held. */
export async function untilHeld(story: ControllerStory): Promise<KubeObject> {
  await story.untilReady("function/orders");
  return await eventually(async () => {
    const object = await story.get("function/orders");
    return object.metadata.finalizers?.includes(FINALIZER) && object;
  });
}

/** Deletes `orders` without waiting for its end. */
export async function deleteOrders(story: ControllerStory, ...args: string[]): Promise<void> {
  await story.kubectl("delete", "function/orders", "--wait=false", ...args);
}

/** Resolves when an object is gone. */
export async function untilGone(
  story: ControllerStory,
  name: string,
  timeoutMs = 180_000,
): Promise<void> {
  await eventually(async () => await story.find(name) === undefined, {
    timeoutMs,
    intervalMs: 100,
  });
}

/** Resolves with the Job when it is there and `accepts` does. */
export async function untilJob(
  story: ControllerStory,
  accepts: (job: Job) => boolean = () => true,
): Promise<Job> {
  return await eventually(async () => {
    const job = await story.find<Job>(JOB);
    return job !== undefined && accepts(job) && job;
  }, { intervalMs: 100 });
}

/** Resolves with the first event about `orders` that has a reason. Events are written in the background. */
export async function untilEvent(story: ControllerStory, reason: string): Promise<string> {
  return await eventually(async () =>
    (await story.events("function/orders")).find((event) => event.split(" ")[1] === reason)
  );
}

/** Which attempt a Job is. */
export function attemptOf(job: KubeObject): string | undefined {
  return job.metadata.annotations?.["compute.functionmesh.io/cleanup-attempt"];
}

/** The script that a Job runs. */
export function scriptOf(job: Job): string {
  return job.spec.template.spec.containers[0]?.command[2] ?? "";
}

/**
 * Resolves when a namespace holds no object of these kinds. The garbage collector may need half a minute to notice kinds
 * that were defined just before.
 *
 * @throws with the names of what is left
 */
export async function untilNone(story: ControllerStory, ...kinds: string[]): Promise<void> {
  await eventually(async () => {
    const left = await story.kubectl("get", kinds.join(","), "-o", "name");
    if (left !== "") throw new Error(`Cannot see the end of ${left.trim().split("\n").join(", ")}`);
    return true;
  }, { intervalMs: 200 });
}
