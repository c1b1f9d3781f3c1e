import { type FunctionSpec, problems, warnings } from "#api";
import { assertEquals } from "@std/assert";
import { functionWith, problemPaths, sinkWith } from "./resources_for_tests.ts";

type Pod = NonNullable<FunctionSpec["pod"]>;

Deno.test("problems() takes the name of a container once in a pod, and none of this program's", () => {
  const paths = (pod: Pod, spec: FunctionSpec = {}) => problemPaths(functionWith({ ...spec, pod }));
  const named = (...names: string[]) => names.map((name) => ({ name, image: "a" }));
  assertEquals(paths({ sidecars: named("a", "b"), initContainers: named("c") }), []);
  assertEquals(paths({ sidecars: named("a", "a") }), ["spec.pod.sidecars[1].name"]);
  assertEquals(paths({ sidecars: named("a"), initContainers: named("a") }), [
    "spec.pod.initContainers[0].name",
  ]);
  assertEquals(paths({ sidecars: named("pulsar-function") }), ["spec.pod.sidecars[0].name"]);
  assertEquals(paths({ sidecars: named("filebeat", "pulsar-sink") }), []);
  assertEquals(paths({ sidecars: named("filebeat") }, { logTopic: "l" }), []);
  assertEquals(
    paths({ sidecars: named("filebeat") }, { logTopic: "l", logTopicAgent: "sidecar" }),
    ["spec.pod.sidecars[0].name"],
  );
  const sink = sinkWith({ logTopic: "l", pod: { initContainers: named("filebeat") } });
  assertEquals(problemPaths(sink), ["spec.pod.initContainers[0].name"]);
});

Deno.test("warnings() name pull policies that Kubernetes does not offer (W-5)", () => {
  for (const imagePullPolicy of ["Always", "IfNotPresent", "Never", ""]) {
    assertEquals(warnings(functionWith({ imagePullPolicy })), []);
  }
  const wrong = functionWith({ imagePullPolicy: "always" });
  assertEquals(problems(wrong), []);
  assertEquals(warnings(wrong), [{
    path: "spec.imagePullPolicy",
    message:
      '"always" has no effect (did you mean Always?); use one of Always, IfNotPresent, Never',
  }]);
});

Deno.test("warnings() name mounts of volumes that nothing declares", () => {
  const spec: FunctionSpec = {
    volumeMounts: [{ name: "data", mountPath: "/a" }, { name: "lost", mountPath: "/b" }],
    volumeClaimTemplates: [{ metadata: { name: "claimed" } }],
    pod: {
      volumes: [{ name: "data", emptyDir: {} }],
      sidecars: [{
        name: "a",
        volumeMounts: [{ name: "claimed", mountPath: "/a" }, { name: "gone", mountPath: "/b" }],
      }],
    },
  };
  const found = warnings(functionWith(spec)).map(({ path }) => path);
  assertEquals(found, [
    "spec.volumeMounts[1].name",
    "spec.pod.sidecars[0].volumeMounts[1].name",
  ]);
  assertEquals(problems(functionWith(spec)), []);
});

Deno.test("warnings() name an init container that has the downloader's name", () => {
  const found = warnings(functionWith({ pod: { initContainers: [{ name: "downloader" }] } }));
  assertEquals(found.map(({ path }) => path), ["spec.pod.initContainers[0].name"]);
});

Deno.test("problems() refuses what the definitions refuse: empty words, and fractions that are no text", () => {
  const loose = (spec: unknown) => problemPaths(functionWith(spec as FunctionSpec));
  assertEquals(loose({ subscriptionPosition: "" }), ["spec.subscriptionPosition"]);
  assertEquals(loose({ resources: { requests: { cpu: 0.5 } } }), ["spec.resources.requests.cpu"]);
  assertEquals(loose({ resources: { requests: { cpu: "0.5" } } }), []);
});

Deno.test("problems() names labels of pods and of nodes that no API server takes", () => {
  const paths = (pod: Pod) => problemPaths(functionWith({ pod }));
  assertEquals(
    paths({ labels: { a: "", "example.org/b": "c.D_e-1", [`x/${"n".repeat(63)}`]: "v" } }),
    [],
  );
  assertEquals(paths({ labels: { a: "two words" } }), ["spec.pod.labels.a"]);
  assertEquals(paths({ labels: { a: "v".repeat(64) } }), ["spec.pod.labels.a"]);
  assertEquals(paths({ labels: { "a/b/c": "d" } }), ['spec.pod.labels["a/b/c"]']);
  assertEquals(paths({ nodeSelector: { "-a": "b", c: "-d" } }), [
    'spec.pod.nodeSelector["-a"]',
    "spec.pod.nodeSelector.c",
  ]);
});
