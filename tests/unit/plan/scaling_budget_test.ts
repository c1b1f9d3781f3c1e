import { assert, assertEquals } from "@std/assert";
import {
  aheadDecision,
  type BudgetShare,
  isStarting,
  newScalingState,
  type ScalingDecision,
  scalingDecision,
  sharedOut,
  startedAhead,
} from "#plan";
import fc from "fast-check";

function share(id: string, load: number, changes: Partial<BudgetShare> = {}): BudgetShare {
  return { id, minReplicas: 0, replicas: 1, wanted: Math.ceil(load), load, ...changes };
}

function granted(shares: readonly BudgetShare[], total: number): number[] {
  return [...sharedOut(shares, total).values()];
}

Deno.test("sharedOut() gives each what it wants where there is enough", () => {
  assertEquals(granted([share("a", 3), share("b", 0), share("c", 5.5)], 20), [3, 0, 6]);
});

Deno.test("sharedOut() gives the bottleneck most, and starves nobody", () => {
  assertEquals(granted([share("a", 2), share("b", 12), share("c", 2)], 8), [1, 6, 1]);
});

Deno.test("sharedOut() never cuts a minimum", () => {
  assertEquals(granted([share("a", 2, { minReplicas: 2 }), share("b", 30)], 5), [2, 3]);
});

Deno.test("sharedOut() takes from who holds on to more than its work needs", () => {
  const holding = share("a", 1, { replicas: 8, wanted: 8 });
  assertEquals(granted([holding, share("b", 6)], 10), [4, 6]);
});

Deno.test("sharedOut() never gives more than there is, nor more than is wanted, and leaves nothing over", () => {
  const shares = fc.array(
    fc.record({
      minReplicas: fc.nat({ max: 2 }),
      replicas: fc.nat({ max: 20 }),
      wanted: fc.integer({ min: 2, max: 20 }),
      load: fc.double({ min: 0, max: 40, noNaN: true }),
    }),
    { maxLength: 8 },
  );
  fc.assert(fc.property(shares, fc.nat({ max: 60 }), (parts, more) => {
    const all = parts.map((part, index) => ({ ...part, id: String(index) }));
    const least = all.reduce((sum, { minReplicas }) => sum + minReplicas, 0);
    const given = sharedOut(all, least + more);
    const of = ({ id }: BudgetShare) => given.get(id) ?? -1;
    const sum = all.reduce((total, one) => total + of(one), 0);
    assert(all.every((one) => of(one) >= one.minReplicas && of(one) <= one.wanted));
    const wanted = all.reduce((total, one) => total + one.wanted, 0);
    assertEquals(sum, Math.min(least + more, wanted));
  }));
});

Deno.test("startedAhead() starts what reads from what starts, one hop and no more", () => {
  const hop = (id: string, isStarting: boolean) => ({
    id,
    reads: [`to-${id}`],
    writes: [`to-${String.fromCharCode(id.charCodeAt(0) + 1)}`],
    isAtRest: !isStarting,
    isStarting,
  });
  const ahead = (...starting: readonly boolean[]) => [
    ...startedAhead(starting.map((isStarting, index) => hop("abc"[index] ?? "", isStarting))),
  ];
  assertEquals(ahead(true, false, false), ["b"]);
  assertEquals(ahead(false, false, false), []);
});

Deno.test("isStarting() is true from zero, and with the first work after a start ahead, and never again", () => {
  const orders = new Played();
  assertEquals([orders.look(0), orders.look(0)], [false, false]);
  assertEquals(orders.look(5), true);
  // It goes on working: whoever reads what it writes now and then is not started each time.
  assertEquals([orders.look(5), orders.look(0), orders.look(7)], [false, false, false]);
  const next = new Played();
  next.look(0);
  next.startAhead();
  assertEquals([next.look(0), next.look(0)], [false, false]);
  assertEquals([next.look(4), next.look(4)], [true, false]);
});

Deno.test("aheadDecision() is there for idleAfter, and not only until the next look", () => {
  const next = new Played();
  // Nothing came for far longer than idleAfter.
  for (let look = 0; look < 20; look++) next.look(0);
  next.startAhead();
  const seen = Array.from({ length: 8 }, () => {
    next.look(0);
    return next.replicas;
  });
  assertEquals(seen, [1, 1, 1, 1, 1, 1, 0, 0]);
});

/** A component that begins at zero, and is looked at every ten seconds. */
class Played {
  replicas = 0;
  #state = newScalingState({ perReplica: 10 });
  #nowMs = 1_000_000;
  #last: ScalingDecision | undefined;

  /** Whether it starts. */
  look(backlog: number): boolean {
    this.#nowMs += 10_000;
    const topics = [{ topic: "in", backlog, arrived: 0 }];
    const decision = scalingDecision({
      nowMs: this.#nowMs,
      replicas: this.replicas,
      policy: { minReplicas: 0, maxReplicas: 5, catchUpMs: 60_000, idleAfterMs: 60_000 },
      sight: {
        numbers: { atMs: this.#nowMs, topics, instances: [] },
        isOrdered: false,
        readyReplicas: this.replicas,
      },
      state: this.#state,
    });
    const starts = isStarting({ replicas: this.replicas, state: this.#state }, decision);
    this.#take(decision);
    return starts;
  }

  startAhead(): void {
    if (this.#last !== undefined) this.#take(aheadDecision(this.#last));
  }

  #take(decision: ScalingDecision): void {
    this.#last = decision;
    [this.replicas, this.#state] = [decision.replicas, decision.state];
  }
}
