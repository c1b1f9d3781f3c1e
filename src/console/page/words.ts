import type { StateView } from "../view.ts";

/** All states, the worst first. */
export const STATES: readonly StateView[] = [
  "failing",
  "unknown",
  "progressing",
  "suspended",
  "ok",
];

/** Whether a state asks for somebody's eyes: what is suspended was meant to be. */
export function isNotWell(state: StateView): boolean {
  return state === "failing" || state === "unknown" || state === "progressing";
}

/** Sorts the worst first. */
export function byState(a: StateView, b: StateView): number {
  return STATES.indexOf(a) - STATES.indexOf(b);
}

/** A count as short as it can be read: `999`, `1.2k`, `34k`, `5.6M`. */
export function countText(count: number): string {
  const size = Math.abs(count);
  if (!Number.isFinite(count)) return "?";
  if (size < 1_000) return String(Math.round(count));
  const [unit, value] = size < 999_500
    ? ["k", count / 1e3] as const
    : size < 999_500_000
    ? ["M", count / 1e6] as const
    : ["G", count / 1e9] as const;
  return `${Math.abs(value) < 9.95 ? value.toFixed(1) : value.toFixed(0)}${unit}`;
}

/** Messages per second: `0/s`, `0.4/s`, `12/s`, `1.2k/s`. */
export function rateText(perSecond: number): string {
  if (perSecond > 0 && perSecond < 0.05) return "<0.1/s";
  const value = perSecond !== 0 && Math.abs(perSecond) < 9.95
    ? perSecond.toFixed(1).replace(/\.0$/, "")
    : countText(perSecond);
  return `${value}/s`;
}

/** Whether what waits is more than a moment's work: messages always wait somewhere for a moment. */
export function isPilingUp(backlog: number, perSecond = 0): boolean {
  return backlog >= 100 && backlog > 10 * perSecond;
}

/** A number with its unit in words, `1 pod`, `2 pods`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

/** How long something is or was, in its largest unit: `12 s`, `5 min`, `3 h`, `12 d`. */
export function spanText(spanMs: number): string {
  const seconds = Math.max(0, Math.round(spanMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

/** When something was or will be, beside now: `5 min ago`, `in 20 s`. Empty for what is no date. */
export function whenText(at: string | undefined, now: number): string {
  const atMs = at === undefined ? NaN : Date.parse(at);
  if (Number.isNaN(atMs)) return "";
  if (Math.abs(now - atMs) < 1_500) return "now";
  return atMs > now ? `in ${spanText(atMs - now)}` : `${spanText(now - atMs)} ago`;
}

/** The time of day, on the viewer's clock. */
export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString("en-GB");
}
