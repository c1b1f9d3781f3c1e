/** A healthy MeshSync beside hostile ones, with the program as it is installed. */
import { assertEquals } from "@std/assert";
import { followNeighbours } from "../hostile/neighbours.ts";
import { REPOSITORY_KINDS } from "../hostile/repositories.ts";
import { testCluster } from "../support/control_plane.ts";

const cluster = testCluster({ alone: true });

Deno.test("C2: beside a hostile repository of each kind the program answers all the while, and a healthy sync is applied", async () => {
  const count = REPOSITORY_KINDS.length;
  const { beside, verdicts } = await followNeighbours(cluster, { count, rounds: 1, seed: 11 });
  assertEquals([beside.bad, beside.changesMs.length, verdicts.length], [[], 1, count]);
});
