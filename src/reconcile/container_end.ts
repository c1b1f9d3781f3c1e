import type { ContainerStatus, Pod } from "#plan";
import { programText } from "./program_text.ts";

/** A container that ended badly, and about which the cluster says no more than an exit code. */
export interface UnexplainedEnd {
  readonly container: string;
  /** Which end of it this was: another end has another text here. */
  readonly id: string;
  /** Whether the container runs again: then the log before the current one is meant. */
  readonly isPrevious: boolean;
}

const WORDS_MAX = 300;

/**
 * Containers of a pod whose last run failed without a message. An exit code names no cause: a wrong class name, a
 * package that is not there and a topic that may not be read all end a runner with 1, or even with 0. Its log does.
 */
export function unexplainedEnds(pod: Pod): readonly UnexplainedEnd[] {
  if (pod.metadata.deletionTimestamp !== undefined) return [];
  const { initContainerStatuses: init = [], containerStatuses: main = [] } = pod.status ?? {};
  return [...init, ...main].flatMap((container) => {
    const isPrevious = container.state?.running !== undefined;
    if (isPrevious && container.ready === true) return [];
    const ended = endOf(container);
    if (ended === undefined || ended.message !== undefined) return [];
    const isDone = ended.exitCode === 0 && init.includes(container);
    if (isDone || ended.reason === "OOMKilled") return [];
    const id = `${pod.metadata.uid}/${container.name}/${ended.finishedAt ?? ""}`;
    return [{ container: container.name, id, isPrevious }];
  });
}

/** The pod with what each container said last in place of the message that the cluster does not have. */
export function withTerminationLog(pod: Pod, words: ReadonlyMap<string, string>): Pod {
  if (words.size === 0 || pod.status === undefined) return pod;
  const withMessage = (container: ContainerStatus): ContainerStatus => {
    const message = words.get(container.name);
    if (message === undefined) return container;
    const { state, lastState } = container;
    if (state?.terminated !== undefined) {
      return { ...container, state: { ...state, terminated: { ...state.terminated, message } } };
    }
    if (lastState?.terminated === undefined) return container;
    const terminated = { ...lastState.terminated, message };
    return { ...container, lastState: { ...lastState, terminated } };
  };
  const { initContainerStatuses: init, containerStatuses: main } = pod.status;
  return {
    ...pod,
    status: {
      ...pod.status,
      ...init === undefined ? {} : { initContainerStatuses: init.map(withMessage) },
      ...main === undefined ? {} : { containerStatuses: main.map(withMessage) },
    },
  };
}

/**
 * The line of a log's end that names why the program ended: the innermost cause of the last exception of Java, else
 * the last line that speaks of an error, else the last line. Undefined for a log without words.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { causeLine } from "./container_end.ts";
 * const log = `RuntimeException: User class must be in class path
 *   at org.example.Main.main(Main.java:1)
 * Caused by: java.lang.ClassNotFoundException: org.example.Missing
 *   at java.lang.Class.forName(Class.java:469)
 * 2026-01-01 INFO Closing`;
 * assertEquals(causeLine(log), "java.lang.ClassNotFoundException: org.example.Missing");
 * assertEquals(causeLine("awaiting response... 404\nERROR 404: File not found.\n\n"), "ERROR 404: File not found.");
 * ```
 */
export function causeLine(log: string): string | undefined {
  const lines = log.split("\n").map(plainLine).filter((line) => line !== "");
  const isFrame = (line: string) => /^(at [\w$.<>/]+\(|\.\.\. \d+ more|File ")/.test(line);
  const telling = lines.filter((line) => !isFrame(line));
  const cause = telling.findLast((line) => line.startsWith("Caused by: "));
  const line = cause?.replace(/^Caused by: /, "") ??
    telling.findLast((line) => TELLING.test(line)) ?? telling.at(-1);
  return line === undefined ? undefined : programText(line, WORDS_MAX);
}

/** Words by which programs tell that something went wrong. */
const TELLING =
  /(?:Error|Exception)\b|\b(?:ERROR|FATAL|[Pp]anic|[Cc]annot|[Ff]ailed|not found|[Dd]enied)\b/;

function plainLine(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replaceAll(/\x1b\[[0-9;]{0,40}m/g, "").replaceAll(/[\x00-\x1f\x7f]+/g, " ").trim();
}

function endOf({ state, lastState }: ContainerStatus) {
  return state?.terminated ?? lastState?.terminated;
}
