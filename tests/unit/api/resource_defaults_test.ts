import { problems, type Resources, withDefaults } from "#api";
import { assertEquals } from "@std/assert";
import { functionWith, sinkWith, sourceWith } from "./resources_for_tests.ts";

/** What is made of `spec.resources` of a Function that has nothing to mend. */
function resourcesOf(resources: Resources): Resources {
  const component = functionWith({ resources });
  assertEquals(problems(component), []);
  const defaulted = withDefaults(component);
  assertEquals(problems({ ...defaulted }), []);
  return defaulted.spec.resources;
}

Deno.test("withDefaults() gives one CPU and 1 GiB where nothing is said, and no limit of the CPU (W-22)", () => {
  const expected = { requests: { cpu: "1", memory: "1Gi" }, limits: { memory: "1Gi" } };
  for (const resources of [{}, { requests: {} }, { limits: {} }, { requests: {}, limits: {} }]) {
    assertEquals(resourcesOf(resources), expected);
  }
  for (const component of [functionWith(), sourceWith(), sinkWith()]) {
    assertEquals(withDefaults(component).spec.resources, expected);
  }
});

Deno.test("withDefaults() fills a limit from the request and the other way round (W-22)", () => {
  assertEquals(resourcesOf({ requests: { cpu: "50m", memory: "3Gi" } }), {
    requests: { cpu: "50m", memory: "3Gi" },
    limits: { memory: "3Gi" },
  });
  assertEquals(resourcesOf({ requests: { cpu: 2 }, limits: { cpu: "4" } }), {
    requests: { cpu: 2, memory: "1Gi" },
    limits: { cpu: "4", memory: "1Gi" },
  });
  assertEquals(resourcesOf({ limits: { cpu: "500m", memory: "256Mi" } }), {
    requests: { cpu: "500m", memory: "256Mi" },
    limits: { cpu: "500m", memory: "256Mi" },
  });
  assertEquals(resourcesOf({ requests: { "ephemeral-storage": "1Gi" }, limits: { cpu: 0 } }), {
    requests: { "ephemeral-storage": "1Gi", cpu: 0, memory: "1Gi" },
    limits: { cpu: 0, memory: "1Gi" },
  });
});

Deno.test("withDefaults() leaves out what the reference leaves out beside a memory request (W-22)", () => {
  assertEquals(resourcesOf({ requests: { memory: "1G" }, limits: { memory: "2G" } }), {
    requests: { memory: "1G" },
    limits: { memory: "2G" },
  });
});

Deno.test("withDefaults() bears resources that are none", () => {
  for (const resources of [null, "much", [], { requests: null, limits: "4" }]) {
    const component = functionWith({ resources: resources as unknown as Resources });
    assertEquals(withDefaults(component).spec.resources.requests?.["memory"], "1Gi");
  }
});
