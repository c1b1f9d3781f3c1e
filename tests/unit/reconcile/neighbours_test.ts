import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { idOf, idText, type KubeObject } from "#base";
import { Neighbours } from "../../../src/reconcile/neighbours.ts";

/** A component as one of few: names, meshes and subscriptions are shared often. */
interface Draft {
  readonly name: string;
  readonly mesh: string | undefined;
  readonly topic: string;
  readonly subscription: string;
  readonly isGone: boolean;
}

const DRAFTS = fc.array(
  fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e", "f"),
    mesh: fc.constantFrom("m", "n", "o", undefined),
    topic: fc.constantFrom("x", "y"),
    subscription: fc.constantFrom("s", "t"),
    isGone: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

function component({ mesh, name, subscription, topic }: Draft, generation: number): KubeObject {
  const owner = { apiVersion: "compute.functionmesh.io/v1alpha1", kind: "FunctionMesh", uid: "u" };
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "Function",
    metadata: {
      name,
      namespace: "shop",
      generation,
      uid: name,
      ...(mesh === undefined
        ? {}
        : { ownerReferences: [{ ...owner, name: mesh, controller: true }] }),
    },
    spec: {
      input: { topics: [topic] },
      subscriptionName: subscription,
      pulsar: { pulsarConfig: "p" },
    },
  };
}

/** What each mesh is told, worked out from all there is. */
function toldMeshes(present: ReadonlyMap<string, Draft>): Record<string, string[]> {
  const all = [...present.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const told = ["m", "n", "o"].map((mesh) => {
    const own = all.filter((one) => one.mesh === mesh);
    const others = own.flatMap(({ subscription, topic }) =>
      all.find((one) =>
        one.mesh !== mesh && one.topic === topic && one.subscription === subscription
      )?.name ?? []
    );
    return [mesh, [...new Set(others)].sort()];
  });
  return Object.fromEntries(told);
}

Deno.test("Neighbours.of() tells each mesh the first other one of each, and note() wakes whom that changes", () => {
  fc.assert(fc.property(DRAFTS, (drafts) => {
    const neighbours = new Neighbours();
    const present = new Map<string, Draft>();
    const objects = new Map<string, KubeObject>();
    const told = () =>
      Object.fromEntries(["m", "n", "o"].map((mesh) => {
        const ids = [...objects.values()].map(idOf);
        const others = neighbours.of({ namespace: "shop", name: mesh }, ids);
        return [mesh, others.map(({ name }) => name)];
      }));
    let before = told();
    drafts.forEach((draft, index) => {
      const old = objects.get(draft.name);
      const after = draft.isGone ? undefined : component(draft, index);
      if (after === undefined) [present, objects].forEach((map) => map.delete(draft.name));
      else {
        present.set(draft.name, draft);
        objects.set(draft.name, after);
      }
      const woken = neighbours.note({
        ...(old === undefined ? {} : { before: old }),
        ...(after === undefined ? {} : { after }),
      }).map(({ key }) => key.name);
      const now = told();
      assertEquals(now, toldMeshes(present));
      // Whose own component changed is woken by that itself.
      const own = [old, after].flatMap((one) => one?.metadata.ownerReferences?.[0]?.name ?? []);
      const changed = Object.keys(now).filter((mesh) =>
        JSON.stringify(now[mesh]) !== JSON.stringify(before[mesh])
      );
      assertEquals(changed.filter((mesh) => ![...woken, ...own].includes(mesh)), []);
      before = now;
    });
  }));
});

Deno.test("Neighbours.note() wakes nobody for a status, nor for what nobody else has", () => {
  const neighbours = new Neighbours();
  const draft = { topic: "x", subscription: "s", isGone: false };
  const first = component({ ...draft, name: "a", mesh: "m" }, 1);
  const other = component({ ...draft, name: "b", mesh: "n" }, 1);
  assertEquals(neighbours.note({ after: first }), []);
  assertEquals(neighbours.note({ after: other }).map(({ key }) => key.name).sort(), ["m", "n"]);
  const said = { ...other, status: { conditions: [] } };
  assertEquals(neighbours.note({ before: other, after: said }), []);
  const apart = component({ ...draft, name: "b", mesh: "n", topic: "y" }, 2);
  assertEquals(neighbours.note({ before: said, after: apart }).map(({ key }) => key.name), ["m"]);
  assertEquals(neighbours.of({ namespace: "shop", name: "m" }, [idOf(first)]).map(idText), []);
});

Deno.test("a mesh is told of twenty others at most", () => {
  const neighbours = new Neighbours();
  const own = Array.from({ length: 40 }, (_, index) => {
    const draft = { topic: `t${index}`, subscription: "s", isGone: false };
    neighbours.note({ after: component({ ...draft, name: `other-${index}`, mesh: "n" }, 1) });
    const after = component({ ...draft, name: `own-${index}`, mesh: "m" }, 1);
    neighbours.note({ after });
    return idOf(after);
  });
  assertEquals(neighbours.of({ namespace: "shop", name: "m" }, own).length, 20);
});
