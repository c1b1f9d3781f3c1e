import { durationMs, type MeshSync } from "#api";
import type { Problem } from "#base";
import { Cron } from "croner";

type Window = NonNullable<MeshSync["spec"]["windows"]>[number];

/** Windows whose schedule or time zone means nothing. */
export function windowProblems(windows: readonly Window[]): Problem[] {
  return windows.flatMap((window, index) => {
    try {
      cronOf(window).nextRun();
      return [];
    } catch (error) {
      const cause = error instanceof Error ? error.message.split(". ")[0] : String(error);
      return [{ path: `spec.windows[${index}]`, message: `is no schedule: ${cause}` }];
    }
  });
}

/**
 * Until when windows keep revisions from being applied; undefined when one may be applied now.
 *
 * Denied while a `deny` window is open; where there are `allow` windows, also while none of them is. Schedules are in the
 * window's own time zone, so that a window moves with summer time.
 *
 * @param nowMs milliseconds since 1970
 * @returns milliseconds since 1970; `Infinity` where none opens soon, or ever
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { closedUntilMs } from "./window.ts";
 * const office = { kind: "allow", schedule: "0 9 * * 1-5", duration: "8h", timeZone: "Europe/Berlin" } as const;
 * const at = (time: string) => closedUntilMs([office], Date.parse(time));
 * assertEquals(at("2026-07-06T10:00:00Z"), undefined);
 * assertEquals(at("2026-07-04T10:00:00Z"), Date.parse("2026-07-06T07:00:00Z"));
 * ```
 */
export function closedUntilMs(windows: readonly Window[], nowMs: number): number | undefined {
  if (isOpen(windows, nowMs)) return undefined;
  // Whether it is open changes only where a window begins or ends.
  let atMs = nowMs;
  for (let steps = 0; steps < STEPS_MAX; steps++) {
    const nextMs = Math.min(...windows.map((window) => nextEdgeMs(window, atMs)));
    if (!Number.isFinite(nextMs)) return Infinity;
    if (isOpen(windows, nextMs)) return nextMs;
    atMs = nextMs;
  }
  return Infinity;
}

/** Bounds the search: what does not open within so many beginnings and ends is taken for closed. */
const STEPS_MAX = 500;

function isOpen(windows: readonly Window[], atMs: number): boolean {
  const within = (window: Window) => openUntilMs(window, atMs) !== undefined;
  if (windows.some((window) => window.kind === "deny" && within(window))) return false;
  const allowing = windows.filter((window) => window.kind === "allow");
  return allowing.length === 0 || allowing.some(within);
}

/** When the window that is open at a time ends. */
function openUntilMs(window: Window, atMs: number): number | undefined {
  const lastsMs = durationMs(window.duration) ?? 0;
  // `previousRuns` are those before the time: one that begins this very second counts, one that is about to does not.
  const runs = cronOf(window).previousRuns(2, new Date(atMs + 1000)).map((run) => run.getTime());
  const endMs = Math.max(...runs.filter((beginMs) => beginMs <= atMs)) + lastsMs;
  return endMs > atMs ? endMs : undefined;
}

function nextEdgeMs(window: Window, atMs: number): number {
  const begin = cronOf(window).nextRun(new Date(atMs))?.getTime() ?? Infinity;
  return Math.min(begin, openUntilMs(window, atMs) ?? Infinity);
}

function cronOf(window: Window): Cron {
  return new Cron(window.schedule, {
    timezone: window.timeZone || "UTC",
    paused: true,
    mode: "5-part",
  });
}
