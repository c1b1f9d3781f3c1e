/**
 * A definition that changes while its kind is watched: until the server closes the watch it goes on telling objects in the
 * shape of the former definition, and what that does not know is missing from them.
 */
import { assertEquals } from "@std/assert";
import { type KubeObject, systemClock } from "#base";
import type { ResourceType } from "#kube";
import { eventually } from "../support/eventually.ts";
import { workingInformer } from "../support/scripted_informer.ts";

const SHAPE: ResourceType = {
  apiVersion: "informer.example/v1",
  kind: "Shape",
  plural: "shapes",
  namespaced: true,
};
const BUILT_IN: ResourceType = { ...SHAPE, apiVersion: "apps/v1" };

function shape(version: number, conditions: readonly object[]): KubeObject {
  const metadata = { namespace: "shop", name: "a", uid: "uid-a", resourceVersion: `${version}` };
  return { apiVersion: SHAPE.apiVersion, kind: SHAPE.kind, metadata, status: { conditions } };
}

/** An informer of a kind, on a server that shows one object, as `now` says. */
function followed(type: ResourceType, now: { object: KubeObject; readonly version: number }) {
  const told: unknown[] = [];
  let lists = 0;
  const working = workingInformer(({ query }) => {
    if (query.get("limit") !== "1") lists++;
    const metadata = { resourceVersion: `${now.version}` };
    return Response.json({ kind: "List", metadata, items: [now.object] });
  }, { type, onChange: ({ after }) => told.push(after?.status), clock: systemClock });
  return { ...working, told, listCount: () => lists };
}

const WHOLE = [{ type: "Ready", status: "True" }];

Deno.test("Informer tells what the former definition of a kind left out, although its version is known", async () => {
  const now = { object: shape(5, []), version: 11 };
  await using it = followed(SHAPE, now);
  const watch = await it.watch(0);
  watch.send("MODIFIED", shape(12, [{}]));
  await eventually(() => it.told.length === 2);
  Object.assign(now, { object: shape(12, WHOLE), version: 12 });
  watch.end();
  await eventually(() => it.told.length === 3);
  assertEquals(it.told, [[], [{}], WHOLE].map((conditions) => ({ conditions })));
  // What is as it was is no change.
  (await it.watch(1)).end();
  await it.watch(2);
  assertEquals([it.told.length, it.listCount()], [3, 3]);
});

Deno.test("Informer goes on from its version where no definition describes a kind", async () => {
  await using it = followed(BUILT_IN, { object: shape(5, []), version: 11 });
  (await it.watch(0)).end();
  await it.watch(1);
  assertEquals(it.listCount(), 1);
});
