import { assert, assertEquals } from "@std/assert";
import { type BudgetShare, sharedOut, startedAhead } from "#plan";
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
  const hop = (id: string, wanted: number) => ({
    id,
    reads: [`to-${id}`],
    writes: [`to-${String.fromCharCode(id.charCodeAt(0) + 1)}`],
    replicas: 0,
    wanted,
  });
  assertEquals([...startedAhead([hop("a", 2), hop("b", 0), hop("c", 0)])], ["b"]);
  assertEquals([...startedAhead([hop("a", 0), hop("b", 0), hop("c", 0)])], []);
});
