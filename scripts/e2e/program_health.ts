import { NAMESPACES } from "./environment.ts";
import type { TargetCluster } from "./target_cluster.ts";

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly containerStatuses?: readonly {
        readonly name: string;
        readonly restartCount: number;
      }[];
    };
  }[];
}

/**
 * What the program cannot be content with after all tests: requests that its rights did not allow, and restarts. Empty
 * when it is well.
 */
export async function programComplaints(cluster: TargetCluster): Promise<readonly string[]> {
  const namespace = NAMESPACES.program;
  const { items } = await cluster.get<PodList>(["pods", "-n", namespace]);
  const restarts = items.flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? []).filter(({ restartCount }) => restartCount > 0)
      .map(({ name, restartCount }) => `${metadata.name}, ${name}: ${restartCount} restarts`)
  );
  const metrics = await cluster.kubectl(
    [
      "get",
      "--raw",
      `/api/v1/namespaces/${namespace}/services/meshwright-metrics:8080/proxy/metrics`,
    ],
  );
  return [...restarts, ...refusals(metrics)];
}

/** Requests that the API server refused, as the program counts them.
 *
 * @throws {Error} when it counts no requests at all
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { refusals } from "./program_health.ts";
 * const line = (code: number) => `mesh_api_requests_total{verb="get",kind="Pod",code="${code}"} 3`;
 * assertEquals(refusals(line(200)), []);
 * assertEquals(refusals(`${line(200)}\n${line(403)}\n`), [`refused: ${line(403)}`]);
 * assertThrows(() => refusals(""));
 * ```
 */
export function refusals(metrics: string): readonly string[] {
  const counts = metrics.split("\n").filter((line) => line.startsWith("mesh_api_requests_total{"));
  if (counts.length === 0) throw new Error("Cannot judge the program: it counts no requests");
  return counts.filter((line) => /code="40[13]"/.test(line)).map((line) => `refused: ${line}`);
}
