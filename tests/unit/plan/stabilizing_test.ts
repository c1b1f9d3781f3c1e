import { assertEquals } from "@std/assert";
import { type ContainerStatus, type Pod, podCause, stabilizedPods } from "#plan";
import { podObject } from "../../support/objects.ts";

const at = (text: string) => `2026-01-01T00:${text}Z`;
const ms = (text: string) => Date.parse(at(text));

/** A pod that Kubernetes calls ready, whose container runs since a time. */
function pod(runningSince: string, lastState?: ContainerStatus["lastState"]): Pod {
  const container: ContainerStatus = {
    name: "runner",
    ready: true,
    restartCount: lastState === undefined ? 0 : 1,
    state: { running: { startedAt: at(runningSince) } },
    ...lastState === undefined ? {} : { lastState },
  };
  const made = podObject("orders-function-0", { ready: true }) as Pod;
  return { ...made, status: { ...made.status, containerStatuses: [container] } };
}

function ended(from: string, to: string): ContainerStatus["lastState"] {
  const terminated = { exitCode: 1, reason: "Error", startedAt: at(from), finishedAt: at(to) };
  return { terminated: { ...terminated, message: "no such class" } };
}

Deno.test("stabilizedPods() does not call a pod ready that may fail as it did just before", () => {
  const crashing = pod("01:00", ended("00:40", "00:44"));
  const { pods: [stabilized], untilMs } = stabilizedPods([crashing, pod("00:00")], ms("01:03"));
  assertEquals(untilMs, ms("01:09"));
  assertEquals(
    podCause(stabilized as Pod)?.message,
    "Pod orders-function-0, container runner runs but is not ready yet (restarted once; " +
      "the last run ended with exit code 1: no such class)",
  );
  assertEquals(podCause(crashing), undefined, "the pod itself stays as it is");
});

Deno.test("stabilizedPods() calls it ready when it has run longer than the last time", () => {
  const pods = [pod("01:00", ended("00:40", "00:44"))];
  assertEquals(stabilizedPods(pods, ms("01:09")), { pods });
});

Deno.test("stabilizedPods() holds nothing against a pod that never ended, or ran for a minute before", () => {
  const pods = [pod("01:59"), pod("01:59", ended("00:30", "01:30")), pod("01:59", {})];
  assertEquals(stabilizedPods(pods, ms("02:00")), { pods });
});
