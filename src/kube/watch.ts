import { type Clock, isPlainObject, type KubeObject } from "#base";
import type { RestartCause } from "#telemetry";
import { apiErrorFrom } from "./api_error.ts";
import { jsonLines, StreamError } from "./json_lines.ts";
import { listPages, listVersion } from "./list_pages.ts";
import { isOlderVersion } from "./resource_version.ts";
import { mayBeDefined, resourcePath, type ResourceType } from "./resource_type.ts";
import { strippedObject } from "./stripped_object.ts";
import type { Transport } from "./transport.ts";
import { WatchHurried } from "./watch_steering.ts";
import {
  restartCause,
  stepAfter,
  WATCH_START,
  type WatchEnd,
  type WatchState,
} from "./watch_state.ts";

/** What a watch says. */
export type WatchEvent =
  /** Some of all objects; after the last page comes `listed`, and what was on no page is not there any longer. */
  | {
    readonly type: "page";
    readonly objects: readonly KubeObject[];
    readonly resourceVersion: string;
  }
  | { readonly type: "listed"; readonly resourceVersion: string }
  | { readonly type: "changed"; readonly object: KubeObject }
  | { readonly type: "deleted"; readonly object: KubeObject }
  /** The server has taken a watch: from here on it tells what happens. */
  | { readonly type: "opened" }
  /** Everything up to this version has been said. */
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  /** Something failed; the watch goes on by itself after the delay. Pages not followed by `listed` do not count. */
  | {
    readonly type: "restart";
    readonly cause: RestartCause;
    readonly error: unknown;
    readonly delayMs: number;
  };

/** What to watch, and how. */
export interface WatchOptions {
  readonly transport: Transport;
  readonly type: ResourceType;
  /** All namespaces when left out. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly clock: Clock;
  /** Between 0 and 1; `Math.random` when left out. */
  readonly random?: (() => number) | undefined;
  /**
   * A connection on which nothing comes for so long is dead; 150 s when left out. Servers send a bookmark every
   * minute, so that a quiet kind is not a silent one.
   */
  readonly silentMs?: number | undefined;
  /** A signal for each watch: with it the watch ends with the signal's reason, and all is listed or checked again. */
  readonly again?: () => AbortSignal;
  /**
   * Whether a watch that begins is to say soon how far the server is. `again` aborts with {@linkcode WatchHurried} for
   * that; then the watch goes on from its version at once.
   */
  readonly isHurried?: () => boolean;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** How long a server is asked to keep a watch open; so that watches move when servers come and go. */
const WATCH_SECONDS = 290;

/** Some of the time is taken off by chance, so that the watches of many kinds do not end together. */
const WATCH_SECONDS_SPREAD = 60;

/** A server ends a watch after its time, never before; the time that its answer took is no part of that. */
const WATCH_END_MS = 1_000;

/** Servers say how far they are two seconds before a watch ends, for which it must last longer. */
const HURRIED_WATCH_SECONDS = 3;

const SILENT_MS = 150_000;

/**
 * All objects of a kind, and then every change, for ever.
 *
 * # Guarantees
 * - Ends only when the signal aborts. Every failure becomes a `restart` event and is survived: lost connections and
 *   regular ends go on from the last version, an expired version lists again.
 * - Whatever is silent is listed again, and so is a kind that a definition may describe when its watch ends before its
 *   time: the definition may have changed, and objects of one version look otherwise since. Before a watch goes on from a version, the server must have come as far: one
 *   whose storage was restored from an older copy would keep silent until it is there.
 * - What fails again and again is tried less and less often, also when what comes between works.
 */
export async function* watchObjects(
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { clock, signal, random = Math.random } = options;
  let state = WATCH_START;
  while (!signal.aborted) {
    const startMs = clock.monotonicMs();
    const run: Run = { resourceVersion: state.at === "list" ? "" : state.resourceVersion };
    let end: WatchEnd;
    let failure: unknown;
    try {
      end = yield* stage(state, options, run);
    } catch (error) {
      if (signal.aborted) return;
      failure = error;
      const lastedMs = clock.monotonicMs() - startMs;
      end = { ended: "failed", ...run, lastedMs, cause: restartCause(error) };
    }
    const step = stepAfter(state, end, random());
    if (end.ended === "failed") {
      if (end.cause === "silent") options.transport.reconnect();
      yield { type: "restart", cause: end.cause, error: failure, delayMs: step.delayMs };
    }
    state = step.state;
    if (step.delayMs > 0 && !await slept(clock, step.delayMs, signal)) return;
  }
}

/** How far a list or a watch came: what is needed to go on after it broke off. */
interface Run {
  resourceVersion: string;
}

async function* stage(
  state: WatchState,
  options: WatchOptions,
  run: Run,
): AsyncGenerator<WatchEvent, WatchEnd, undefined> {
  switch (state.at) {
    case "list":
      yield* list(options, run);
      return { ended: "listed", ...run };
    case "check": {
      const resourceVersion = await listVersion(options);
      if (isOlderVersion(resourceVersion, state.resourceVersion)) {
        throw rewound(state.resourceVersion, resourceVersion);
      }
      return { ended: "checked", resourceVersion };
    }
    case "watch": {
      const startMs = options.clock.monotonicMs();
      const seconds = watchSeconds(options);
      try {
        yield* follow(options, { ...state, seconds }, run);
      } catch (error) {
        if (error instanceof WatchHurried) return { ended: "hurried", ...run };
        throw error;
      }
      const lastedMs = options.clock.monotonicMs() - startMs;
      const isCutShort = mayBeDefined(options.type) && lastedMs < seconds * 1_000 - WATCH_END_MS;
      return { ended: "closed", ...run, lastedMs, isCutShort };
    }
    default:
      return state satisfies never;
  }
}

/** The storage was restored from a copy that is older than what was seen. */
function rewound(seen: string, now: string): StreamError {
  return new StreamError("rewound", `the server went back from version ${seen} to ${now}`);
}

async function* list(options: WatchOptions, run: Run): AsyncGenerator<WatchEvent, void, undefined> {
  for await (const page of listPages(options)) {
    run.resourceVersion = page.resourceVersion;
    const objects = page.objects.map((object) => strippedObject(object, options.type));
    yield { type: "page", objects, resourceVersion: page.resourceVersion };
  }
  yield { type: "listed", resourceVersion: run.resourceVersion };
}

function watchSeconds({ isHurried, random = Math.random }: WatchOptions): number {
  if (isHurried?.() === true) return HURRIED_WATCH_SECONDS;
  return Math.round(WATCH_SECONDS - random() * WATCH_SECONDS_SPREAD);
}

async function* follow(
  options: WatchOptions,
  from: { readonly resourceVersion: string; readonly seconds: number },
  run: Run,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { transport, type, namespace, labelSelector, fieldSelector } = options;
  const again = options.again?.();
  again?.throwIfAborted();
  const signal = again === undefined ? options.signal : AbortSignal.any([options.signal, again]);
  const stream = await transport.stream({
    path: resourcePath(type, { namespace }),
    query: {
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: from.resourceVersion,
      timeoutSeconds: String(from.seconds),
      labelSelector,
      fieldSelector,
    },
    ask: { verb: "watch", kind: type.kind },
    signal,
  });
  let isRead = false;
  try {
    yield { type: "opened" };
    isRead = true;
  } finally {
    if (!isRead) await stream.cancel();
  }
  const { clock, silentMs = SILENT_MS } = options;
  const lines = jsonLines(stream, { silentMs, clock, signal });
  for await (const line of lines) {
    const event = eventFrom(line, type);
    const version = versionOf(event) ?? run.resourceVersion;
    if (isOlderVersion(version, run.resourceVersion)) throw rewound(run.resourceVersion, version);
    run.resourceVersion = version;
    yield event;
  }
  if (!options.signal.aborted) again?.throwIfAborted();
}

function eventFrom(
  line: unknown,
  type: ResourceType,
): Extract<WatchEvent, { type: "changed" | "deleted" | "bookmark" }> {
  const { type: kind, object } = isPlainObject(line) ? line : {};
  if (!isPlainObject(object)) throw new StreamError("garbage", "an event without an object");
  switch (kind) {
    case "ADDED":
    case "MODIFIED":
      return { type: "changed", object: strippedObject(object, type) };
    case "DELETED":
      return { type: "deleted", object: strippedObject(object, type) };
    case "BOOKMARK":
      return {
        type: "bookmark",
        resourceVersion: strippedObject(object, type).metadata.resourceVersion ?? "",
      };
    case "ERROR":
      throw apiErrorFrom({ status: 500, body: object }, { verb: "watch", kind: type.kind });
    default:
      throw new StreamError("garbage", `an event of unknown type ${JSON.stringify(kind)}`);
  }
}

function versionOf(event: Extract<WatchEvent, { type: "changed" | "deleted" | "bookmark" }>) {
  const version = event.type === "bookmark"
    ? event.resourceVersion
    : event.object.metadata.resourceVersion;
  return version === "" ? undefined : version;
}

async function slept(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(delayMs, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
