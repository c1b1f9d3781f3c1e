import { assert } from "@std/assert";
import fc from "fast-check";
import { hpa, keda, ours } from "../../bench/scaling/scalers.ts";
import { TRACES } from "../../bench/scaling/traces.ts";
import { played, type Trace } from "../../bench/scaling/world.ts";

/** Where a rival has replicas that cannot help: see the table's text. */
const FAILING = "failing function";

for (const trace of TRACES) {
  Deno.test(`the decision for ${trace.name} is beaten by no HPA and no threshold of KEDA`, () => {
    const own = played(trace, ours(trace));
    const thresholds = [10, 100, 1_000, 10_000].map((threshold) => keda(trace, threshold));
    for (const rival of [hpa(trace), keda(trace), ...thresholds]) {
      const other = played(trace, rival);
      const isBetter = other.backlogSeconds <= own.backlogSeconds &&
        other.replicaSeconds <= own.replicaSeconds;
      assert(!isBetter, `${rival.name}: ${JSON.stringify([other, own].map(summary))}`);
    }
    for (const rival of [keda(trace), ...(trace.name === FAILING ? [] : [hpa(trace)])]) {
      const other = played(trace, rival);
      assert(own.backlogSeconds < other.backlogSeconds, `${rival.name} has less waiting`);
    }
    // Up and down is one turn; up again for the next burst another.
    assert(own.turns <= 2 * trace.bursts - 1, `${own.turns} turns`);
  });
}

Deno.test("the decision goes up and down once for one burst, whatever it is", () => {
  const burst = fc.record({
    rate: fc.integer({ min: 1, max: 50 }),
    arrivals: fc.integer({ min: 1, max: 200 }),
    seconds: fc.integer({ min: 1, max: 900 }),
    replicas: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(burst, ({ arrivals, rate, replicas, seconds }) => {
      const trace: Trace = {
        name: "burst",
        seconds: 1800,
        bursts: 1,
        minReplicas: 0,
        components: [{
          name: "orders",
          arrivals: (second) => second >= 33 && second < 33 + seconds ? arrivals : 0,
          rate: () => rate,
          cpu: 1,
          partitions: [0.5, 0.5],
          isOrdered: false,
          maxReplicas: replicas,
        }],
      };
      const { turns } = played(trace, ours(trace));
      assert(turns <= 1, `${turns} turns`);
    }),
    { numRuns: 50 },
  );
});

function summary({ scaler, backlogSeconds, replicaSeconds }: {
  readonly scaler: string;
  readonly backlogSeconds: number;
  readonly replicaSeconds: number;
}) {
  return [scaler, backlogSeconds, replicaSeconds];
}
