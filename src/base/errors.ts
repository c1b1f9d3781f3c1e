/** An error that only a person can end: it is reported and not retried until the object changes. */
export class StalledError extends Error {
  override readonly name = "StalledError";
  /** CamelCase word for conditions, events and logs. */
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Something is not there yet: look again after `delayMs`, without backoff and without alarm. */
export class WaitingError extends Error {
  override readonly name = "WaitingError";
  readonly reason: string;
  readonly delayMs: number;
  constructor(reason: string, message: string, delayMs: number, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.delayMs = delayMs;
  }
}

/** The text of anything thrown, with the chain of its causes. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
}

/** Whether an error only says that the caller's signal aborted. */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  return signal?.aborted === true &&
    (error === signal.reason || (error instanceof Error && error.name === "AbortError"));
}
