/** How long to wait for a condition. */
export interface EventuallyOptions {
  /**
   * Default 180 000: a test waits for what happens, and gives up late. How long something takes is never what it checks.
   */
  readonly timeoutMs?: number;
  /** Between the first looks; default 50. Later ones are further apart. */
  readonly intervalMs?: number;
}

/** Most looks are a program that starts and a request: who waits long leaves the processor to what it waits for. */
const PAUSE_SHARE = 0.1;
const PAUSE_MAX_MS = 500;

/**
 * Resolves with the first value of `look` that is neither undefined nor false. A `look` that throws, a failed assertion
 * for one, is asked again.
 *
 * @throws {Error} when the time is up, with what `look` threw last as `cause`
 */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: EventuallyOptions = {},
): Promise<T> {
  const { timeoutMs = 180_000, intervalMs = 50 } = options;
  const startMs = performance.now();
  let cause: unknown;
  while (true) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const waitedMs = performance.now() - startMs;
    if (waitedMs > timeoutMs) {
      const last = cause instanceof Error ? `: ${cause.message}` : `: ${look}`;
      throw new Error(`Cannot see the expected state within ${timeoutMs} ms${last}`, { cause });
    }
    const pauseMs = Math.max(intervalMs, Math.min(waitedMs * PAUSE_SHARE, PAUSE_MAX_MS));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
