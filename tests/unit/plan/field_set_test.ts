import { assertEquals } from "@std/assert";
import type { JsonObject } from "#base";
import { withoutLeavingFields } from "#plan";

const entry = (manager: string, fieldsV1: JsonObject, operation = "Apply"): JsonObject => ({
  manager,
  operation,
  fieldsV1,
});

function left(object: object, ...managedFields: JsonObject[]): unknown {
  return withoutLeavingFields(object, managedFields, { from: ["old", "older"], into: "new" });
}

Deno.test("withoutLeavingFields() takes away members, and maps that get empty by that", () => {
  const object = { data: { a: "1" }, metadata: { name: "x", labels: { l: "1" } } };
  assertEquals(left(object, entry("old", { "f:data": { "f:a": {} } })), {
    metadata: object.metadata,
  });
});

Deno.test("withoutLeavingFields() finds items of lists by their keys and by their value", () => {
  const container = { name: "b", image: "i", pullPolicy: "Always" };
  const object = {
    containers: [{ name: "a", image: "i" }, container],
    finalizers: ["x/y", "x/z"],
    ports: [{ port: 80, protocol: "TCP" }, { port: 80, protocol: "UDP" }],
  };
  const item = (name: string) => `k:${JSON.stringify({ name })}`;
  const result = left(
    object,
    entry("old", {
      "f:containers": { [item("b")]: { ".": {}, "f:name": {}, "f:image": {} } },
      "f:finalizers": { 'v:"x/y"': {} },
      "f:ports": { 'k:{"port":80,"protocol":"UDP"}': { ".": {}, "f:port": {} } },
    }),
    entry("new", { "f:containers": { [item("a")]: { ".": {}, "f:name": {} } } }),
  );
  assertEquals(result, {
    containers: [{ name: "a", image: "i" }],
    finalizers: ["x/z"],
    ports: [{ port: 80, protocol: "TCP" }],
  });
});

Deno.test("withoutLeavingFields() leaves an item of which somebody else has a part, and what came by a change", () => {
  const item = 'k:{"name":"b"}';
  const object = { containers: [{ name: "b", image: "i", tty: true, workingDir: "/" }] };
  const result = left(
    object,
    entry("old", { "f:containers": { [item]: { ".": {}, "f:image": {}, "f:tty": {} } } }),
    entry("older", { "f:containers": { [item]: { ".": {}, "f:workingDir": {} } } }),
    entry("somebody", { "f:containers": { [item]: { "f:tty": {} } } }),
    entry("old", { "f:containers": { [item]: { "f:workingDir": {} } } }, "Update"),
  );
  assertEquals(result, { containers: [{ name: "b", tty: true, workingDir: "/" }] });
});
