import { idOf, pooled } from "#base";
import { objectsOf } from "./objects.ts";
import { type BenchPlane, pathsOf } from "./plane.ts";
import { timed, until } from "./timing.ts";

const WORKERS = 16;
const BY = { fieldManager: "bench-limit" };

/**
 * What a client needs that does nothing but apply the same Functions, StatefulSets and Services, and delete them: no
 * program can be faster.
 */
export async function limitFigures(
  bench: BenchPlane,
  { count, namespace }: { readonly count: number; readonly namespace: string },
): Promise<Record<string, number>> {
  const { cluster } = bench;
  const all = Array.from({ length: count }, (_, index) => objectsOf(index, namespace));
  const functions = all.map(([object]) => object);
  const children = all.flatMap(([, ...rest]) => rest);
  await cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const server = await bench.serverUsage();
  const functionsSeconds = await timed(() =>
    pooled(functions, WORKERS, (object) => cluster.apply(object, BY))
  );
  const childrenSeconds = await timed(() =>
    pooled(children, WORKERS, (object) => cluster.apply(object, BY))
  );
  const used = (await bench.serverUsage()).cpuSeconds - server.cpuSeconds;
  const deleteSeconds = await timed(async () => {
    await pooled(children, WORKERS, (object) => cluster.remove(idOf(object)));
    await pooled(functions, WORKERS, (object) => cluster.remove(idOf(object)));
    const { statefulSets } = pathsOf(namespace);
    await until(async () => await bench.count(statefulSets) === 0);
  });
  return {
    "all Functions exist": functionsSeconds,
    "all StatefulSets and Services exist": functionsSeconds + childrenSeconds,
    "processor of the API server until then": used,
    "all deleted": deleteSeconds,
  };
}
