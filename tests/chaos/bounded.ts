/** What a fault may cost at most while it lasts. */
import type { RecordingProxy } from "../support/recording_proxy.ts";
import { requestRate } from "./settled.ts";
import { residentMebibytes } from "./soak_samples.ts";

/** More than garbage that is not collected yet, and all answers that may be read at the same time, take together. */
const MEMORY_MIB_MAX = 128;
const LOOK_EVERY_MS = 250;

/**
 * Does something, and looks that a process takes neither much memory meanwhile nor asks without a pause. Answers, in
 * words, how often it asked.
 *
 * @throws where it does
 */
export async function bounded(
  { pid, proxy }: { readonly pid: number; readonly proxy: RecordingProxy },
  work: () => Promise<unknown>,
): Promise<string> {
  if (Deno.build.os !== "linux") return await requestRate(proxy, work);
  const before = await residentMebibytes(pid);
  let most = before;
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      most = Math.max(most, await residentMebibytes(pid));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  const rate = await requestRate(proxy, work).finally(() => isOver = true);
  await looking;
  const grown = Math.round(most - before);
  if (grown > MEMORY_MIB_MAX) throw new Error(`It took ${grown} MiB of memory more`);
  return `${rate}, ${Math.max(0, grown)} MiB more`;
}
