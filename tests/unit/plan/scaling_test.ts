import { assert, assertEquals } from "@std/assert";
import {
  newScalingState,
  type ScalingDecision,
  scalingDecision,
  type ScalingPolicy,
  type ScalingSight,
  type ScalingState,
} from "#plan";
import fc from "fast-check";

const POLICY: ScalingPolicy = {
  minReplicas: 0,
  maxReplicas: 20,
  catchUpMs: 120_000,
  idleAfterMs: 600_000,
};
const INTERVAL_MS = 10_000;

/** What one look finds. */
interface Found {
  readonly backlog: number;
  /** Counters since their start. */
  readonly arrived: number;
  readonly processed?: readonly number[];
  readonly failed?: number;
  /** Seconds that a message took, of all that were processed. */
  readonly spentEach?: number;
  readonly ready?: number;
}

/** A component that is looked at again and again. */
class Watched {
  readonly policy: ScalingPolicy;
  readonly sight: Partial<Extract<ScalingSight, { readonly numbers: unknown }>>;
  replicas: number;
  state: ScalingState = newScalingState();
  nowMs = 1_000_000;

  constructor(
    replicas: number,
    policy: Partial<ScalingPolicy> = {},
    sight: Watched["sight"] = {},
  ) {
    this.replicas = replicas;
    this.policy = { ...POLICY, ...policy };
    this.sight = sight;
  }

  /** Looks after an interval, and does what is decided. */
  look({ arrived, backlog, failed = 0, processed = [], ready = this.replicas, spentEach }: Found) {
    return this.#decide({
      numbers: {
        atMs: this.nowMs + INTERVAL_MS,
        topics: [{ topic: "orders", backlog, arrived }],
        instances: processed.map((count, index) => ({
          id: String(index),
          processed: count,
          failed: index === 0 ? failed : 0,
          ...(spentEach === undefined ? {} : { spentSeconds: count * spentEach }),
        })),
      },
      isOrdered: false,
      readyReplicas: ready,
      ...this.sight,
    });
  }

  unknown(why: string): ScalingDecision {
    return this.#decide({ unknown: why });
  }

  #decide(sight: ScalingSight): ScalingDecision {
    this.nowMs += INTERVAL_MS;
    const { nowMs, policy, replicas, state } = this;
    const decision = scalingDecision({ nowMs, policy, replicas, sight, state });
    this.replicas = decision.replicas;
    this.state = decision.state;
    return decision;
  }
}

/** A component whose replica is known to do 150 messages a second, of which three are busy. */
function learnedOrders(policy: Partial<ScalingPolicy> = {}): Watched {
  const orders = new Watched(3, { minReplicas: 3, ...policy });
  orders.look({ backlog: 90_000, arrived: 0, processed: [0, 0, 0] });
  orders.look({ backlog: 90_000, arrived: 4_500, processed: [1_500, 1_500, 1_500] });
  return orders;
}

Deno.test("scalingDecision() says with numbers what the work takes", () => {
  const orders = learnedOrders({ maxReplicas: 12 });
  const { limits, reason, replicas } = orders.look({
    backlog: 180_000,
    arrived: 9_000,
    processed: [3_000, 3_000, 3_000],
  });
  assertEquals([replicas, limits], [12, ["maxReplicas 12"]]);
  assertEquals(reason, "180,000 wait, 450/s come, one replica does 150/s: 12");
});

Deno.test("scalingDecision() takes as many as arrivals and a share of the backlog need", () => {
  const orders = new Watched(1, { minReplicas: 1 });
  orders.state = newScalingState({ perReplica: 150 });
  orders.look({ backlog: 0, arrived: 0, processed: [0] });
  // 310/s, and in a minute 12,400 but for what one does in 24 s: (310 + 147) / 150.
  const { reason } = orders.look({ backlog: 12_400, arrived: 3_100, processed: [1_500] });
  assertEquals(reason, "12,400 wait, 310/s come, one replica does 150/s: 4");
});

Deno.test("scalingDecision() begins with one, and doubles while the backlog grows", () => {
  const orders = new Watched(0);
  assertEquals(orders.look({ backlog: 0, arrived: 0 }).replicas, 0);
  assertEquals(orders.look({ backlog: 500, arrived: 500 }).replicas, 1);
  // It has not started yet, and nothing that it did is known.
  assertEquals(orders.look({ backlog: 1_000, arrived: 1_000, ready: 0 }).replicas, 1);
  const second = orders.look({ backlog: 1_450, arrived: 1_500, processed: [50] });
  assertEquals(second.replicas, 2);
  assertEquals(second.reason.includes("what one replica does is not known yet: 2"), true);
});

Deno.test("scalingDecision() starts from zero with as many as are needed, once the rate is known", () => {
  const orders = new Watched(0);
  orders.state = newScalingState({ perReplica: 10 });
  orders.look({ backlog: 0, arrived: 0 });
  assertEquals(orders.look({ backlog: 3_000, arrived: 3_000 }).replicas, 20);
});

Deno.test("scalingDecision() goes to zero only after idleAfter, and where nothing gets lost", () => {
  const idle = (sight: Watched["sight"]) => {
    const orders = new Watched(1, { idleAfterMs: 60_000 }, sight);
    const seen: number[] = [];
    for (let look = 0; look < 8; look++) {
      seen.push(orders.look({ backlog: 0, arrived: 7, processed: [7] }).replicas);
    }
    return { seen, last: orders.look({ backlog: 0, arrived: 7, processed: [7] }) };
  };
  assertEquals(idle({}).seen, [1, 1, 1, 1, 1, 1, 0, 0]);
  const why = "the subscription does not exist yet";
  const { last, seen } = idle({ zeroHindrance: { why } });
  assertEquals([new Set(seen).size, last.replicas], [1, 1]);
  assertEquals(last.limits, [`not zero: ${why}`]);
});

Deno.test("scalingDecision() starts nobody from zero as something came long ago", () => {
  const orders = new Watched(1, { idleAfterMs: 60_000 });
  orders.state = newScalingState({ perReplica: 150 });
  orders.look({ backlog: 0, arrived: 0, processed: [0] });
  orders.look({ backlog: 0, arrived: 900, processed: [900] });
  for (let look = 0; look < 8; look++) orders.look({ backlog: 0, arrived: 900, processed: [900] });
  assertEquals(orders.replicas, 0);
  orders.unknown("the broker does not answer");
  const seen = [0, 1, 2].map(() => orders.look({ backlog: 0, arrived: 900 }).replicas);
  assertEquals(seen, [0, 0, 0]);
});

Deno.test("scalingDecision() goes down only when a whole window needed less", () => {
  const orders = learnedOrders({ minReplicas: 1 });
  let arrived = 4_500;
  orders.look({ backlog: 90_000, arrived: arrived += 4_500, processed: [3_000, 3_000, 3_000] });
  const most = orders.replicas;
  const seen: number[] = [];
  for (let look = 0; look < 9; look++) {
    seen.push(orders.look({ backlog: 0, arrived: arrived += 1_000 }).replicas);
  }
  assertEquals(seen.slice(0, 5), [most, most, most, most, most]);
  assert(most > 4 && (seen.at(-1) ?? most) < 4, String(seen));
});

Deno.test("scalingDecision() lets wait what the replicas do in a fifth of catchUp, and no more", () => {
  const orders = learnedOrders({ minReplicas: 1 });
  const look = (backlog: number, counts: number) =>
    orders.look({ backlog, arrived: counts * 3, processed: [counts, counts, counts] });
  orders.replicas = 3;
  // 450/s come, and three do 150/s each: 24 s of that are 10,800.
  assertEquals(look(10_000, 3_000).replicas, 3);
  assertEquals(look(11_500, 4_500).replicas, 4);
});

Deno.test("scalingDecision() learns that a slow time is over, also of replicas that have little to do", () => {
  const after = (spentEach: number) => {
    const orders = new Watched(6, { minReplicas: 1 });
    orders.state = newScalingState({ perReplica: 5 });
    let count = 0;
    const look = (backlog: number, spent: number) =>
      orders.look({
        backlog,
        arrived: count * 6,
        processed: Array.from({ length: 6 }, () => count),
        spentEach: spent,
      });
    for (let index = 0; index < 9; index++, count += 50) look(600, 0.2);
    orders.replicas = 6;
    // 30/s come, 5/s for each of the six: nothing in the numbers of messages says that they could do more.
    const seen: number[] = [];
    for (let index = 0; index < 30; index++, count += 50) {
      // All counts of an instance are since its start: what took longer is in there as well.
      const slow = 450 * 0.2;
      seen.push(
        look(0, count === 0 ? spentEach : (slow + (count - 450) * spentEach) / count).replicas,
      );
    }
    return seen.at(-1);
  };
  assertEquals([after(0.2), after(0.08)], [6, 3]);
});

Deno.test("scalingDecision() keeps the replicas where nothing is known, and says why", () => {
  const orders = learnedOrders();
  const before = orders.replicas;
  const { limits, reason, replicas } = orders.unknown("the broker does not answer");
  assertEquals(
    [replicas, reason, limits],
    [before, `the broker does not answer: stays at ${before}`, []],
  );
  // What it knew before is too old to go down by.
  const seen = [0, 1, 2, 3, 4].map(() => orders.look({ backlog: 0, arrived: 4_500 }).replicas);
  assertEquals(new Set(seen), new Set([before]));
});

Deno.test("scalingDecision() adds nobody to a function that fails", () => {
  const orders = learnedOrders();
  const before = orders.replicas;
  const { reason, replicas } = orders.look({
    backlog: 95_000,
    arrived: 9_500,
    processed: [1_500, 1_500, 1_505],
    failed: 995,
  });
  assertEquals(replicas, before);
  assertEquals(
    reason,
    `95,000 wait, and 995 of 1,000 messages failed: more replicas would not help: ${before}`,
  );
});

Deno.test("scalingDecision() takes a counter that begins anew as one, and no negative rate", () => {
  const orders = learnedOrders();
  const { reason } = orders.look({ backlog: 0, arrived: 900, processed: [200, 200, 200] });
  assertEquals(reason.startsWith("nothing waits, 90/s come, one replica does 150/s"), true, reason);
});

Deno.test("scalingDecision() gives no more readers than partitions whose order is kept", () => {
  const orders = new Watched(1, { minReplicas: 1 }, { isOrdered: true });
  orders.state = newScalingState({ perReplica: 1 });
  orders.look({ backlog: 0, arrived: 0, processed: [0] });
  assertEquals(orders.look({ backlog: 5_000, arrived: 5_000, processed: [10] }).replicas, 1);
});

Deno.test("scalingDecision() takes maxBacklogPerReplica as a number that needs no learning", () => {
  const orders = new Watched(0, { maxBacklogPerReplica: 100 });
  assertEquals(orders.look({ backlog: 450, arrived: 450 }).replicas, 5);
});

Deno.test("scalingDecision() leaves what was turned off, and follows limits that are moved", () => {
  const off = new Watched(0, { minReplicas: 1 });
  const { reason, replicas } = off.look({ backlog: 100, arrived: 100 });
  assertEquals([replicas, reason], [0, "replicas: 0 turns it off: stays at 0"]);
  const above = new Watched(9, { maxReplicas: 4 });
  assertEquals(above.look({ backlog: 100, arrived: 100 }).replicas, 4);
});

Deno.test("scalingDecision() brings back what it scaled to zero itself, once the minimum is raised", () => {
  const raised = { nowMs: 1_000, replicas: 0, policy: { ...POLICY, minReplicas: 2 } };
  const sight = {
    numbers: { atMs: 1_000, topics: [{ topic: "orders", backlog: 0 }], instances: [] },
    isOrdered: false,
    readyReplicas: 0,
  };
  const state = newScalingState();
  const back = scalingDecision({ ...raised, sight, state, wasScaledToZero: true });
  assertEquals([back.replicas, back.limits], [2, ["minReplicas 2"]]);
  assertEquals(scalingDecision({ ...raised, sight, state }).replicas, 0);
});

Deno.test("scalingDecision() changes nothing on numbers that are old", () => {
  const old = {
    numbers: { atMs: 1_000_000, topics: [{ topic: "orders", backlog: 9_000 }], instances: [] },
    isOrdered: false,
    readyReplicas: 1,
  };
  const look = { replicas: 1, policy: POLICY, sight: old, state: newScalingState() };
  const { reason, replicas, state } = scalingDecision({ ...look, nowMs: 1_061_000 });
  assertEquals([replicas, reason], [1, "what the broker said is 61s old: stays at 1"]);
  assertEquals(state.last, undefined);
  const fresh = scalingDecision({
    ...look,
    policy: { ...POLICY, maxBacklogPerReplica: 1_000 },
    nowMs: 1_059_000,
  });
  assertEquals(fresh.replicas, 9);
});

const found = fc.record({
  backlog: fc.nat({ max: 1_000_000 }),
  arrived: fc.nat({ max: 1_000_000 }),
  processed: fc.array(fc.nat({ max: 100_000 }), { maxLength: 8 }),
  failed: fc.nat({ max: 1_000 }),
});

Deno.test("scalingDecision() stays within the limits, whatever is seen, and keeps what it is given", () => {
  fc.assert(fc.property(
    fc.array(fc.option(found), { minLength: 1, maxLength: 30 }),
    fc.record({
      min: fc.nat({ max: 5 }),
      more: fc.nat({ max: 15 }),
      replicas: fc.nat({ max: 30 }),
    }),
    fc.boolean(),
    (looks, { min, more, replicas }, isOrdered) => {
      const policy = { minReplicas: min, maxReplicas: Math.max(1, min + more) };
      const watched = new Watched(replicas, policy, { isOrdered });
      for (const look of looks) {
        const { replicas: before, state } = watched;
        const given = JSON.stringify(state);
        const decision = look === null ? watched.unknown("away") : watched.look(look);
        assertEquals(JSON.stringify(state), given);
        const isOff = before === 0 && min > 0;
        if (look === null || isOff) assertEquals(decision.replicas, before);
        else {
          assert(decision.replicas >= min && decision.replicas <= policy.maxReplicas);
          assert(Number.isInteger(decision.replicas));
        }
      }
    },
  ));
});
