import { assertEquals } from "@std/assert";
import { changedPart } from "#topology";
import { component, mesh, through } from "./components_for_tests.ts";

Deno.test("changedPart() has what changes with its neighbours, what goes, and leaves out the rest", () => {
  const stays = (name: string, spec: Record<string, unknown>) => {
    const object = component(name, spec);
    return { before: object, after: object };
  };
  const { changes, topology } = changedPart([
    stays("before", through("0", "1")),
    { before: component("a", through("1", "2")), after: component("a", through("1", "3")) },
    stays("reader", through("2")),
    { after: component("new", through("3")) },
    { before: component("old", through("1")) },
    stays("far", through("8", "9")),
  ]);
  assertEquals([...changes].sort(), [
    ["Function shop/a", "changed"],
    ["Function shop/new", "added"],
    ["Function shop/old", "removed"],
  ]);
  assertEquals(topology.components.map(({ name }) => name), ["before", "a", "new", "old"]);
  assertEquals(topology.topics.map(({ label }) => label), ["1", "3"]);
});

Deno.test("changedPart() looks at items of meshes one by one, at specs only, and says what becomes odd", () => {
  const before = mesh("m", [{ name: "a", ...through("1", "2") }, {
    name: "b",
    ...through("2", "3"),
  }]);
  const after = mesh("m", [{ name: "a", ...through("1", "2") }, {
    name: "b",
    ...through("2", "1"),
  }]);
  const live = { ...before, status: { ready: "2/2" } };
  const { added, changes } = changedPart([{ before: live, after }]);
  assertEquals([...changes], [["Function shop/m-b", "changed"]]);
  assertEquals(added.map(({ code }) => code), ["EndlessCycle"]);
  assertEquals(changedPart([{ before: after, after }]).added, []);
});
