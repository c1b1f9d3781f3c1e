/**
 * Tasks that live and end together: the first that fails stops the others, and nobody goes on before all have ended.
 * With a bare `Promise.all` the others would go on while their owner already cleans up after them.
 *
 * # Guarantees
 * - The signal that tasks get aborts with the outer one, or when a task fails.
 * - {@linkcode ended} resolves when every task has ended, those included that tasks started; it throws the first failure.
 *   That a task was told to stop is none, unless there is no other reason to give.
 *
 * @example
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { pause, systemClock, TaskGroup } from "#base";
 * const group = new TaskGroup(new AbortController().signal);
 * group.start((signal) => pause(3_600_000, { clock: systemClock, signal }));
 * group.start(() => Promise.reject(new Error("broken")));
 * await assertRejects(() => group.ended(), Error, "broken");
 * ```
 */
export class TaskGroup {
  readonly #stop = new AbortController();
  readonly #outer: AbortSignal;
  readonly #follow = () => this.#stop.abort(this.#outer.reason);
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener("abort", this.#follow, { once: true });
    if (outer.aborted) this.#follow();
  }

  /** Aborts when the tasks are to end. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Starts a task at once. */
  start(task: (signal: AbortSignal) => Promise<void>): void {
    const running = this.#run(task).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Tells all tasks to end: what is left to do is done. */
  stop(): void {
    this.#stop.abort(new DOMException("the tasks are done", "AbortError"));
  }

  /** Resolves when all tasks have ended. @throws the first failure */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    this.#outer.removeEventListener("abort", this.#follow);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #run(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await task(this.signal);
    } catch (error) {
      const isStop = this.signal.aborted && error === this.signal.reason;
      if (isStop && !this.#outer.aborted) return;
      this.#failure ??= { error };
      this.#stop.abort(error);
    }
  }
}
