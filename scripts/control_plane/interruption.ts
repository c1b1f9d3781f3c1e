/** What ended a script from outside. */
export type InterruptSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

const EXIT_CODES: Readonly<Record<InterruptSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGHUP: 129,
};

/** Ctrl-C, `kill` and a closed terminal, as an abort signal. Dispose it to give the signals back. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: readonly (readonly [InterruptSignal, () => void])[];
  /** Which signal came, if one did. */
  received: InterruptSignal | undefined;

  constructor() {
    const names: readonly InterruptSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];
    this.#listeners = names.map((name) => {
      const listener = () => {
        this.received ??= name;
        this.#controller.abort(new Error(`interrupted by ${name}`));
      };
      Deno.addSignalListener(name, listener);
      return [name, listener] as const;
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code that shells expect of a program that a signal ended; 0 when none came. */
  get exitCode(): number {
    return this.received === undefined ? 0 : EXIT_CODES[this.received];
  }

  /** Resolves when a signal comes. */
  happened(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.signal.aborted) resolve();
    this.signal.addEventListener("abort", () => resolve(), { once: true });
    return promise;
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
  }
}
