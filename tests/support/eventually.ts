/** How long to wait for a condition. */
export interface EventuallyOptions {
  /**
   * Default 180 000: a test waits for what happens, and gives up late. How long something takes is never what it checks.
   */
  readonly timeoutMs?: number;
  /** Default 50. */
  readonly intervalMs?: number;
}

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
  const timeoutMs = options.timeoutMs ?? 180_000;
  const deadlineMs = performance.now() + timeoutMs;
  let cause: unknown;
  while (true) {
    try {
      const value = await look();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadlineMs) {
      const last = cause instanceof Error ? `: ${cause.message}` : `: ${look}`;
      throw new Error(`Cannot see the expected state within ${timeoutMs} ms${last}`, { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 50));
  }
}
