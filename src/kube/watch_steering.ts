import { type Clock, deadline, pause, unlessAborted } from "#base";
import type { Logger } from "#telemetry";
import { StreamError } from "./json_lines.ts";
import { type ListRequest, listVersion } from "./list_pages.ts";
import { isNewerVersion, isOlderVersion } from "./resource_version.ts";
import { grownDelayMs } from "./retry.ts";

/** So long a watch may take to tell what was so before: servers need a second. Then all is listed. */
const CATCH_UP_MS = 5_000;

/** Servers that do not say how far they are are asked again, less and less often. */
const FIRST_RETRY_MS = 200;
const RETRY_MAX_MS = 30_000;

/** Ends a watch that is in order, for one that soon says how far the server is. */
export class WatchHurried extends Error {
  override readonly name = "WatchHurried";
}

/** Who waits for a list that begins after now. */
interface ListWaiter {
  readonly reason: StreamError;
  readonly done: PromiseWithResolvers<void>;
  isRestarted: boolean;
}

/** Who waits until everything up to a version has been told. */
interface VersionWaiter {
  readonly version: string;
  readonly done: PromiseWithResolvers<void>;
}

/** Ends the watch of a cache where it may not tell everything, and knows who waits until everything has been told. */
export class WatchSteering {
  #watch = new AbortController();
  /** Why the next list is wanted, until a watch has ended for it. */
  #wanted: StreamError | undefined;
  #seen: string | undefined;
  readonly #lists = new Set<ListWaiter>();
  readonly #versions = new Set<VersionWaiter>();

  /** The newest version up to which the server has told everything. */
  get seen(): string | undefined {
    return this.#seen;
  }

  /** Whether somebody waits for a watch to say how far it is. */
  get isHurried(): boolean {
    return this.#versions.size > 0;
  }

  /** The signal of a watch that begins. */
  begin(): AbortSignal {
    this.#watch = new AbortController();
    if (this.#wanted !== undefined) this.#watch.abort(this.#wanted);
    return this.#watch.signal;
  }

  /** A watch or a list broke off. */
  restarted(error: unknown): void {
    if (error === this.#wanted) this.#wanted = undefined;
    for (const waiter of this.#lists) waiter.isRestarted ||= waiter.reason === error;
  }

  /** A list is complete. */
  listed(): void {
    for (const waiter of this.#lists) {
      if (!waiter.isRestarted) continue;
      this.#lists.delete(waiter);
      waiter.done.resolve();
    }
  }

  /** The server has told everything up to a version. */
  told(version: string | undefined): void {
    if (version === undefined || version === "") return;
    if (this.#seen === undefined || isNewerVersion(version, this.#seen)) this.#seen = version;
    for (const waiter of this.#versions) {
      if (!this.isToldUpTo(waiter.version)) continue;
      this.#versions.delete(waiter);
      waiter.done.resolve();
    }
  }

  /** The server went back: versions count anew. */
  forget(): void {
    this.#seen = undefined;
  }

  isToldUpTo(version: string): boolean {
    return this.#seen !== undefined && !isNewerVersion(version, this.#seen);
  }

  /** Has everything listed again, and resolves when a list that begins after now is complete. */
  listAgain(reason: StreamError): Promise<void> {
    this.#wanted ??= reason;
    const waiter = {
      reason: this.#wanted,
      done: Promise.withResolvers<void>(),
      isRestarted: false,
    };
    this.#lists.add(waiter);
    this.#watch.abort(this.#wanted);
    return waiter.done.promise;
  }

  /**
   * Has the watch begin anew, so that it soon says how far it is, and resolves when that is as far as a version.
   *
   * @throws the signal's reason
   */
  async hurry(version: string, signal: AbortSignal): Promise<void> {
    const waiter = { version, done: Promise.withResolvers<void>() };
    this.#versions.add(waiter);
    this.#watch.abort(new WatchHurried("a watch begins that says how far the server is"));
    try {
      await unlessAborted(waiter.done.promise, signal);
    } finally {
      this.#versions.delete(waiter);
    }
  }
}

/** A cache that is to be compared with its server. */
export interface Compared {
  readonly steering: WatchSteering;
  readonly request: ListRequest;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/**
 * Resolves when a cache has been told everything that was so on the server when this was called: for the price of one
 * object and of a watch that begins anew. Only where that watch does not say it, all objects are listed.
 *
 * @throws the signal's reason
 */
export async function whenCompared(compared: Compared, signal: AbortSignal): Promise<void> {
  const { clock, log, random } = compared;
  for (let failures = 1;; failures++) {
    try {
      return await compareOnce(compared, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.info("Cannot compare with the server yet", { error, failures });
    }
    const growth = { failures, firstMs: FIRST_RETRY_MS, maxMs: RETRY_MAX_MS, random: random() };
    await pause(grownDelayMs(growth), { clock, signal });
    signal.throwIfAborted();
  }
}

async function compareOnce(
  { clock, request, steering }: Compared,
  signal: AbortSignal,
): Promise<void> {
  const { seen } = steering;
  const version = await listVersion({ ...request, signal });
  if (seen !== undefined && isOlderVersion(version, seen)) {
    const text = `the server went back from version ${seen} to ${version}`;
    return await unlessAborted(steering.listAgain(new StreamError("rewound", text)), signal);
  }
  if (steering.isToldUpTo(version)) return;
  using limit = deadline(CATCH_UP_MS, { clock, signal });
  try {
    return await steering.hurry(version, limit.signal);
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    signal.throwIfAborted();
  }
  const text = `the watch did not come to version ${version} in ${CATCH_UP_MS} ms`;
  await unlessAborted(steering.listAgain(new StreamError("silent", text)), signal);
}
