import type { InstanceException, RunningInstance, RuntimeStatus, SubscriptionBacklog } from "#api";
import { timestamp } from "#base";
import type { InstanceNumbers, ReportedException } from "./instance_numbers.ts";
import { programText } from "../program_text.ts";

/** What became of asking one instance: its numbers, or why there are none. */
export interface InstanceAnswer {
  readonly ordinal: number;
  readonly numbers?: InstanceNumbers;
  /** Always the same words for the same cause, so that a status does not change for it. */
  readonly problem?: string;
}

/** What became of asking the broker. */
export interface BacklogAnswer {
  readonly subscriptions: readonly SubscriptionBacklog[];
  readonly problem?: string;
}

/** A status never lists more instances and subscriptions than this; the sums are of all. */
const LISTED_MAX = 100;
/** Exceptions that are shown of an instance. */
const EXCEPTIONS_MAX = 3;
/** Characters of an exception, and of other words that are not ours. */
const TEXT_MAX = 300;

/**
 * `status.runtime`: what a person asks about running instances, bounded, and equal for equal answers.
 *
 * Where no instance answers it says why once: a program outside of the cluster reaches none of the pods.
 */
export function runtimeStatus(
  answers: readonly InstanceAnswer[],
  backlog: BacklogAnswer,
): RuntimeStatus {
  return { ...instancesPart(answers), ...backlogPart(backlog) };
}

function instancesPart(answers: readonly InstanceAnswer[]): RuntimeStatus {
  const sorted = [...answers].sort((a, b) => a.ordinal - b.ordinal);
  const answered = sorted.flatMap(({ numbers }) => numbers === undefined ? [] : [numbers]);
  const [first] = sorted;
  if (first === undefined) return {};
  if (answered.length === 0) {
    return { problem: `No instance could be asked: ${first.problem ?? ""}` };
  }
  const sum = (count: (numbers: InstanceNumbers) => number) =>
    answered.reduce((total, numbers) => total + count(numbers), 0);
  return {
    received: sum(({ received }) => received),
    processed: sum(({ processed }) => processed),
    exceptions: sum((numbers) =>
      numbers.userExceptions + numbers.systemExceptions + numbers.sourceExceptions +
      numbers.sinkExceptions
    ),
    instances: sorted.slice(0, LISTED_MAX).map(instanceOf),
  };
}

function instanceOf({ ordinal, numbers, problem = "" }: InstanceAnswer): RunningInstance {
  if (numbers === undefined) return { ordinal, problem };
  const { sourceExceptions, sinkExceptions, averageLatencyMs, lastInvocationMs } = numbers;
  const exceptions = shownExceptions(numbers.exceptions);
  return {
    ordinal,
    received: numbers.received,
    processed: numbers.processed,
    userExceptions: numbers.userExceptions,
    systemExceptions: numbers.systemExceptions,
    ...(sourceExceptions === 0 ? {} : { sourceExceptions }),
    ...(sinkExceptions === 0 ? {} : { sinkExceptions }),
    ...(averageLatencyMs === 0 ? {} : { averageLatencyMs: rounded(averageLatencyMs) }),
    ...(lastInvocationMs === 0 ? {} : { lastInvocation: timestamp(lastInvocationMs) }),
    ...(exceptions.length === 0 ? {} : { exceptions }),
    ...(numbers.failure === "" ? {} : { failure: programText(numbers.failure, TEXT_MAX) }),
  };
}

function backlogPart({ subscriptions, problem }: BacklogAnswer): RuntimeStatus {
  const sorted = [...subscriptions].sort((a, b) => a.topic < b.topic ? -1 : 1);
  return {
    ...(sorted.length === 0 ? {} : {
      backlog: sorted.reduce((sum, { backlog }) => sum + backlog, 0),
      subscriptions: sorted.slice(0, LISTED_MAX),
    }),
    ...(problem === undefined ? {} : { backlogProblem: problem }),
  };
}

/** A message that is tried again and again fails each time: different ones tell more. */
function shownExceptions(reported: readonly ReportedException[]): InstanceException[] {
  const newestFirst = [...reported].sort((a, b) => b.timeMs - a.timeMs);
  const seen = new Set<string>();
  return newestFirst.flatMap(({ origin, timeMs, text }) => {
    const message = exceptionText(text);
    const key = `${origin} ${message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ origin, ...(timeMs === 0 ? {} : { time: timestamp(timeMs) }), message }];
  }).slice(0, EXCEPTIONS_MAX);
}

/**
 * The telling part of an exception: Python sends a stack trace whose last line says what happened, Java and Go start
 * with it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { exceptionText } from "./runtime_status.ts";
 * assertEquals(exceptionText("Traceback (most recent call last):\n  File …\nValueError: no\n"), "ValueError: no");
 * assertEquals(exceptionText("java.io.IOException: gone\n\tat Main"), "java.io.IOException: gone");
 * ```
 */
export function exceptionText(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  // Of exceptions that led to others, the last one is what happened.
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith("Traceback ")) + 1);
  const isTraceback = last.length < lines.length;
  const line = isTraceback ? last.find((line) => !/^\s/.test(line)) : undefined;
  return programText((line ?? lines[0] ?? "").trim(), TEXT_MAX);
}

/** Three digits, as latencies go from microseconds to minutes. */
function rounded(milliseconds: number): number {
  return Number(milliseconds.toPrecision(3));
}
