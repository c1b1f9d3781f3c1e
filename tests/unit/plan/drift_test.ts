import { assertEquals } from "@std/assert";
import { differences } from "#plan";

Deno.test("differences() sees no difference in what an API server adds", () => {
  const desired = {
    spec: {
      template: {
        spec: {
          containers: [{ name: "a", image: "x", livenessProbe: { httpGet: { path: "/" } } }],
        },
      },
    },
  };
  const live = {
    metadata: { uid: "1" },
    spec: {
      revisionHistoryLimit: 10,
      template: {
        spec: {
          dnsPolicy: "ClusterFirst",
          containers: [{
            name: "a",
            image: "x",
            terminationMessagePath: "/dev/termination-log",
            livenessProbe: {
              httpGet: { path: "/", scheme: "HTTP" },
              successThreshold: 1,
              failureThreshold: 3,
            },
          }],
        },
      },
    },
  };
  assertEquals(differences(live, desired), []);
});

Deno.test("differences() names a changed env value by its variable (U5)", () => {
  const container = (value: string) => ({
    containers: [{ name: "a", env: [{ name: "X", value }, { name: "Y", value: "1" }] }],
  });
  assertEquals(differences(container("2"), container("1")), ["containers[a].env[X].value"]);
});

Deno.test("differences() leaves items alone that others added to keyed lists", () => {
  const live = { containers: [{ name: "a", image: "x" }, { name: "injected", image: "y" }] };
  assertEquals(differences(live, { containers: [{ name: "a", image: "x" }] }), []);
});

Deno.test("differences() compares lists that are one value as a whole", () => {
  assertEquals(differences({ command: ["sh", "-c", "x", "y"] }, { command: ["sh", "-c", "x"] }), [
    "command",
  ]);
  assertEquals(differences({ tolerations: [{ key: "a" }] }, { tolerations: [{ key: "b" }] }), [
    "tolerations[0].key",
  ]);
});

Deno.test("differences() takes quantities for what they mean, and only quantities (U4, W-6)", () => {
  const resources = (cpu: unknown, memory: string) => ({ resources: { limits: { cpu, memory } } });
  assertEquals(differences(resources("1", "1Gi"), resources("1000m", "1024Mi")), []);
  assertEquals(differences(resources("1", "1Gi"), resources("2", "1Gi")), ["resources.limits.cpu"]);
  assertEquals(
    differences({ env: [{ name: "X", value: "1" }] }, { env: [{ name: "X", value: "1000m" }] }),
    ["env[X].value"],
  );
});

Deno.test("differences() finds what is absent, unless it is empty", () => {
  assertEquals(differences({}, { metadata: { labels: { a: "b" } } }), ["metadata"]);
  assertEquals(
    differences({}, { securityContext: {}, args: [], name: "", hostNetwork: false }),
    [],
  );
});

Deno.test("differences() puts names with dots in brackets", () => {
  assertEquals(
    differences({ annotations: { "a.b/c": "1" } }, { annotations: { "a.b/c": "2" } }),
    ['annotations["a.b/c"]'],
  );
});
