import { assertEquals } from "@std/assert";
import { ignoredPaths, withIgnored } from "#plan";

const object = (spec: unknown, version?: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    namespace: "shop",
    ...(version === undefined ? {} : { resourceVersion: version }),
  },
  spec,
});

Deno.test("ignoredPaths() takes rules of which every given member fits", () => {
  const rules = [
    { paths: ["/spec/b"] },
    { kind: "Deployment", name: "web", paths: ["/spec/a", "/spec/b"] },
    { kind: "Deployment", name: "api", paths: ["/spec/c"] },
    { namespace: "other", paths: ["/spec/d"] },
    { apiVersion: "apps/v1", namespace: "shop", paths: ["/spec/e"] },
  ];
  assertEquals(ignoredPaths(object({}), rules), ["/spec/a", "/spec/b", "/spec/e"]);
});

Deno.test("withIgnored() takes live values, in lists too, and the version as a lock", () => {
  const desired = object({ list: [{ image: "a" }, { image: "b" }], replicas: 1, "x/y": "z" });
  const live = object({ list: [{ image: "c" }, { image: "d" }], replicas: 4, "x/y": "w" }, "7");
  const merged = withIgnored(desired, live, ["/spec/list/1/image", "/spec/replicas", "/spec/x~1y"]);
  assertEquals(merged.spec, {
    list: [{ image: "a" }, { image: "d" }],
    replicas: 4,
    "x/y": "w",
  });
  assertEquals(merged.metadata.resourceVersion, "7");
});

Deno.test("withIgnored() leaves out what the live object does not have, and adds nothing", () => {
  const merged = withIgnored(object({ a: 1, b: 2 }), object({ b: 2, c: 3 }), [
    "/spec/a",
    "/spec/c",
    "/spec/not/there",
  ]);
  assertEquals(merged.spec, { b: 2 });
  const desired = object({ a: 1 });
  assertEquals(withIgnored(desired, object({ a: 2 }), []), desired);
  assertEquals(desired.spec, { a: 1 }, "the input stays");
});
