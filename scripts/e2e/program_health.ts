import { NAMESPACES } from "./environment.ts";
import type { TargetCluster } from "./target_cluster.ts";

/** On the program's pod: how often tests killed it. */
export const KILLED_ANNOTATION = "meshwright.test/killed";

interface PodList {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
    readonly status: {
      readonly containerStatuses?: readonly {
        readonly name: string;
        readonly restartCount: number;
      }[];
    };
  }[];
}

/**
 * What the program cannot be content with after all tests: requests that its rights did not allow, and restarts besides
 * those of tests that kill it. Empty when it is well.
 */
export async function programComplaints(cluster: TargetCluster): Promise<readonly string[]> {
  const namespace = NAMESPACES.program;
  const { items } = await cluster.get<PodList>(["pods", "-n", namespace]);
  const restarts = items.flatMap(({ metadata: { annotations = {}, name: pod }, status }) => {
    const killed = Number(annotations[KILLED_ANNOTATION] ?? 0);
    return (status.containerStatuses ?? []).filter(({ restartCount }) => restartCount > killed)
      .map(({ name, restartCount }) =>
        `${pod}, ${name}: ${restartCount} restarts, ${killed} of them by tests`
      );
  });
  const metrics = await cluster.kubectl(
    [
      "get",
      "--raw",
      `/api/v1/namespaces/${namespace}/services/meshwright-metrics:8080/proxy/metrics`,
    ],
  );
  const logs = ["logs", "deployment/meshwright", "-n", namespace];
  const isAnother = items.some(({ status: { containerStatuses = [] } }) =>
    containerStatuses.some(({ restartCount }) => restartCount > 0)
  );
  const former = isAnother ? await cluster.kubectl([...logs, "--previous"]) : "";
  const denials = `${former}\n${await cluster.kubectl(logs)}`.split("\n").filter((line) =>
    /is forbidden: User .* cannot /.test(line)
  );
  return [...restarts, ...refusals(metrics), ...denials];
}

/**
 * Requests that the API server refused, as the program counts them. Whatever would be created in a namespace that is
 * being deleted, as those of tests are, is refused with the same code: such requests are not counted here.
 *
 * @throws {Error} when it counts no requests at all
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { refusals } from "./program_health.ts";
 * const line = (verb: string, code: number) =>
 *   `mesh_api_requests_total{verb="${verb}",kind="Pod",code="${code}"} 3`;
 * assertEquals(refusals(line("get", 200)), []);
 * const metrics = [line("get", 200), line("get", 403), line("apply", 403)].join("\n");
 * assertEquals(refusals(metrics), [`refused: ${line("get", 403)}`]);
 * assertThrows(() => refusals(""));
 * ```
 */
export function refusals(metrics: string): readonly string[] {
  const counts = metrics.split("\n").filter((line) => line.startsWith("mesh_api_requests_total{"));
  if (counts.length === 0) throw new Error("Cannot judge the program: it counts no requests");
  return counts.filter((line) => /code="401"/.test(line) || isDenial(line))
    .map((line) => `refused: ${line}`);
}

function isDenial(line: string): boolean {
  return /code="403"/.test(line) && !/verb="(apply|create)"/.test(line);
}
