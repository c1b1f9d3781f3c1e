import { ApiError, type NoAnswerError } from "./api_error.ts";
import type { TransportRequest } from "./transport.ts";

/** However long a server wants to be left alone, a caller is not kept waiting longer than this. */
const RETRY_AFTER_MAX_MS = 30_000;

const FIRST_DELAY_MS = 100;
const DELAY_MAX_MS = 5_000;

/** A request that ran into our own deadline is tried this often: each try costs the whole deadline. */
const TIMEOUT_TRIES_MAX = 2;

/**
 * Whether a request that failed may be sent again.
 *
 * 429 means that nothing was done, so anything may be repeated. Where it is not known what was done (no answer, 5xx),
 * only a request that does the same when sent twice.
 */
export function isRepeatable(
  request: TransportRequest,
  error: ApiError | NoAnswerError,
  tries: number,
): boolean {
  const idempotent = request.idempotent ?? request.method !== "POST";
  if (!(error instanceof ApiError)) {
    return idempotent && !isFinal(error) && (!error.timedOut || tries < TIMEOUT_TRIES_MAX);
  }
  if (error.status === 429) return true;
  if (!idempotent) return false;
  return error.status === 502 || error.status === 503 ||
    (error.status >= 500 && error.retryAfterMs !== undefined);
}

/** How long to wait before the next try. @param by.random between 0 and 1 */
export function retryDelayMs(
  error: ApiError | NoAnswerError,
  by: { readonly tries: number; readonly random: number },
): number {
  const jitteredMs = grownDelayMs({
    failures: by.tries,
    firstMs: FIRST_DELAY_MS,
    maxMs: DELAY_MAX_MS,
    random: by.random,
  });
  const askedMs = error instanceof ApiError ? error.retryAfterMs ?? 0 : 0;
  return Math.min(Math.max(askedMs, jitteredMs), RETRY_AFTER_MAX_MS);
}

/** An answer that cannot be read will not get better. */
function isFinal(error: NoAnswerError): boolean {
  return error.cause === undefined || error.cause instanceof SyntaxError;
}

/** How a delay grows. */
export interface Growth {
  /** How often it failed in a row, from 1. */
  readonly failures: number;
  readonly firstMs: number;
  readonly maxMs: number;
  /** Between 0 and 1: those who failed together do not come back together. */
  readonly random: number;
}

/**
 * A delay that doubles with every failure up to a limit, of which at most half is taken off by chance.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grownDelayMs } from "#kube";
 * const growth = { firstMs: 100, maxMs: 1_000, random: 1 };
 * assertEquals([1, 2, 9].map((failures) => grownDelayMs({ ...growth, failures })), [100, 200, 1_000]);
 * assertEquals(grownDelayMs({ ...growth, failures: 2, random: 0 }), 100);
 * ```
 */
export function grownDelayMs(growth: Growth): number {
  const grownMs = Math.min(growth.firstMs * 2 ** Math.min(growth.failures - 1, 30), growth.maxMs);
  return grownMs * (0.5 + growth.random / 2);
}
