import { assert } from "@std/assert";
import fc from "fast-check";
import { leastReplicaSeconds } from "../../bench/scaling/bounds.ts";
import { hpa, keda, ours } from "../../bench/scaling/scalers.ts";
import { AS_SHOWN, tracesOf, type Variation, VARIATIONS } from "../../bench/scaling/traces.ts";
import { played, type Result, type Scaler, type Trace } from "../../bench/scaling/world.ts";

/** Here the HPA and KEDA with a low threshold have replicas that cannot help, and are there once they can. */
const FAILING = "failing function";
const MESH = "mesh of five, moving bottleneck";
/** Here KEDA's backlog never ends, so that its pods are never idle. */
const STANDING = ["day and night", "slow consumer", MESH];
/** Here the HPA has replicas that are idle, or one that is late. */
const HPA_FEWER = ["day and night", "slow consumer", FAILING];
/** So many times the replica-seconds of a KEDA whose backlog never ends. */
const STANDING_TIMES = 1.25;

type Numbers = Pick<Result, "scaler" | "backlogSeconds" | "replicaSeconds" | "turns">;

function numbers(trace: Trace, scaler: Scaler): Numbers {
  const { backlogSeconds, replicaSeconds, scaler: name, turns } = played(trace, scaler);
  return { scaler: name, backlogSeconds, replicaSeconds, turns };
}

function isAhead(one: Numbers, other: Numbers): boolean {
  return one.backlogSeconds <= other.backlogSeconds && one.replicaSeconds <= other.replicaSeconds;
}

function turnsMax({ bursts, name }: Trace, variation: Variation): number {
  // Up and down is one turn; up again for the next burst another.
  const natural = 2 * bursts - 1;
  if (variation === AS_SHOWN) return natural;
  // Noise of 30 % at the height of a day, and a mesh whose budget is less than it needs.
  return STANDING.includes(name) && bursts > 1 ? natural + 6 : natural;
}

function check(trace: Trace, variation: Variation): void {
  const own = numbers(trace, ours(trace));
  const processor = numbers(trace, hpa(trace));
  const fitting = numbers(trace, keda(trace));
  const low = numbers(trace, keda(trace, 10));
  const all = JSON.stringify([own, processor, fitting, low]);
  for (const other of [processor, fitting, low]) assert(!isAhead(other, own), all);
  if (trace.name !== FAILING) assert(isAhead(own, low), all);
  assert(own.backlogSeconds < fitting.backlogSeconds, all);
  const times = STANDING.includes(trace.name) ? STANDING_TIMES : 1;
  assert(own.replicaSeconds <= fitting.replicaSeconds * times, all);
  // With so few messages the HPA never falls behind in the mesh.
  const isSlack = trace.name === MESH && variation.arrivals < 1;
  if (!HPA_FEWER.includes(trace.name) && !isSlack) assert(isAhead(own, processor), all);
  assert(own.turns <= turnsMax(trace, variation), all);
}

for (const variation of [AS_SHOWN, ...VARIATIONS]) {
  for (const trace of tracesOf(variation)) {
    Deno.test(`the decision for ${trace.name}, ${variation.name}, is ahead of HPA and KEDA`, () => {
      check(trace, variation);
    });
  }
}

const TRACES = new Map(tracesOf(AS_SHOWN).map((trace) => [trace.name, trace]));

function traceOf(name: string): Trace {
  const trace = TRACES.get(name);
  if (trace === undefined) throw new Error(`No trace is named ${name}`);
  return trace;
}

Deno.test("no threshold of KEDA has as little waiting as the decision, or it takes three times the pods", () => {
  for (const trace of TRACES.values()) {
    const own = numbers(trace, ours(trace));
    for (const threshold of [1, 50, 100, 200, 300, 500, 1_000, 2_000]) {
      const other = numbers(trace, keda(trace, threshold));
      const text = JSON.stringify([trace.name, own, other]);
      assert(!isAhead(other, own), text);
      if (other.backlogSeconds <= own.backlogSeconds) {
        assert(trace.name === FAILING && other.replicaSeconds > 3 * own.replicaSeconds, text);
      }
    }
  }
});

Deno.test("nobody can have as little waiting as the HPA and as few pods as KEDA by day and night", () => {
  const trace = traceOf("day and night");
  const { backlogSeconds } = numbers(trace, hpa(trace));
  assert(leastReplicaSeconds(trace, backlogSeconds) > numbers(trace, keda(trace)).replicaSeconds);
});

Deno.test("KEDA is below what whole replicas take without a standing backlog, and the decision close to it", () => {
  for (const trace of STANDING.map(traceOf)) {
    const least = leastReplicaSeconds(trace);
    const own = numbers(trace, ours(trace));
    const other = numbers(trace, keda(trace));
    const text = JSON.stringify([trace.name, least, own, other]);
    assert(other.replicaSeconds < least, text);
    assert(own.replicaSeconds <= least * 1.07, text);
  }
});

/** Sees everything coming but when the function works again, which it learns in that very second. */
function keeping(replicas: number): Scaler {
  return {
    name: `keeps ${replicas} while it fails`,
    everySeconds: 1,
    minReplicas: 0,
    decide: (second, [model]) => {
      if (second < 45 || second >= 2400) return [0];
      if (second < 900) return [3];
      if (second <= 1500) return [replicas];
      return [(model?.waiting ?? 0) > 30 ? 20 : 3];
    },
  };
}

Deno.test("to wait as little as the HPA after a failure takes more pods while it fails than KEDA has", () => {
  const trace = traceOf(FAILING);
  const processor = numbers(trace, hpa(trace));
  const fitting = numbers(trace, keda(trace));
  for (let replicas = 3; replicas <= 20; replicas++) {
    const kept = numbers(trace, keeping(replicas));
    const isBoth = kept.backlogSeconds <= processor.backlogSeconds &&
      kept.replicaSeconds <= fitting.replicaSeconds;
    assert(!isBoth, JSON.stringify([kept, processor, fitting]));
  }
});

Deno.test("the decision goes up and down once for one burst, whatever it is", () => {
  const burst = fc.record({
    rate: fc.integer({ min: 1, max: 50 }),
    arrivals: fc.integer({ min: 1, max: 200 }),
    seconds: fc.integer({ min: 1, max: 900 }),
    replicas: fc.integer({ min: 1, max: 30 }),
    catchUp: fc.constantFrom(20, 60, 120, 600),
  });
  fc.assert(
    fc.property(burst, ({ arrivals, catchUp, rate, replicas, seconds }) => {
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
      const { turns } = played(trace, ours(trace, catchUp));
      assert(turns <= 1, `${turns} turns`);
    }),
    { numRuns: 100 },
  );
});
