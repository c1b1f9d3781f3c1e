import { assertEquals } from "@std/assert";
import { withDefaults } from "#api";
import { DEFAULT_SETTINGS, desiredChildren, renderResource } from "#desired";
import {
  aFunction,
  aSink,
  aSource,
  at,
  frozen,
  fullFunction,
  ofKind,
  reversed,
} from "./fixtures.ts";

const INIT = { ...DEFAULT_SETTINGS, enableInitContainers: true };

function kinds(
  component: Parameters<typeof desiredChildren>[0],
  settings = DEFAULT_SETTINGS,
): string[] {
  return desiredChildren(component, {}, settings).map((object) => object.kind);
}

Deno.test("desiredChildren() makes a Service and a StatefulSet of every component", () => {
  for (const component of [aFunction(), aSource(), aSink()]) {
    assertEquals(kinds(component), ["Service", "StatefulSet"]);
  }
});

Deno.test("desiredChildren() makes an autoscaler only where it has room", () => {
  assertEquals(kinds(aFunction({ maxReplicas: 3 })).includes("HorizontalPodAutoscaler"), true);
  assertEquals(
    kinds(aFunction({ minReplicas: 3, maxReplicas: 3 })).includes("HorizontalPodAutoscaler"),
    false,
  );
  assertEquals(
    kinds(aFunction({ minReplicas: 3, maxReplicas: 2 })).includes("HorizontalPodAutoscaler"),
    false,
  );
});

Deno.test("desiredChildren() makes a vertical autoscaler only where its API is served", () => {
  const component = aFunction({ pod: { vpa: {} } });
  assertEquals(kinds(component).includes("VerticalPodAutoscaler"), true);
  const without = { ...DEFAULT_SETTINGS, verticalPodAutoscaler: false };
  assertEquals(kinds(component, without).includes("VerticalPodAutoscaler"), false);
});

Deno.test("desiredChildren() names the component as the controller of every object", () => {
  for (const object of desiredChildren(withDefaults(fullFunction()), {}, DEFAULT_SETTINGS)) {
    assertEquals(object.metadata.namespace, "shop");
    assertEquals(object.metadata.ownerReferences, [{
      apiVersion: "compute.functionmesh.io/v1alpha1",
      blockOwnerDeletion: true,
      controller: true,
      kind: "Function",
      name: "orders",
      uid: "uid-1",
    }]);
  }
});

Deno.test("desiredChildren() gives the same bytes again, whatever the order of members", () => {
  for (const settings of [DEFAULT_SETTINGS, INIT]) {
    const first = JSON.stringify(desiredChildren(withDefaults(fullFunction()), {}, settings));
    const again = JSON.stringify(desiredChildren(withDefaults(fullFunction()), {}, settings));
    const other = withDefaults(reversed(fullFunction()) as ReturnType<typeof fullFunction>);
    assertEquals(again, first);
    assertEquals(JSON.stringify(desiredChildren(other, {}, settings)), first);
  }
});

Deno.test("desiredChildren() changes none of its arguments", () => {
  const backend = {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig" as const,
    metadata: { name: "backend-config", namespace: "shop" },
    spec: { env: { X: "1" }, pod: { labels: { a: "b" }, tolerations: [{ operator: "Exists" }] } },
  };
  const objects = desiredChildren(
    frozen(withDefaults(fullFunction())),
    frozen({ globalBackendConfig: backend, namespacedBackendConfig: backend }),
    frozen(INIT),
  );
  assertEquals(objects.length, 4);
});

Deno.test("desiredChildren() spells quantities as an API server prints them", () => {
  const objects = desiredChildren(withDefaults(fullFunction()), {}, DEFAULT_SETTINGS);
  const spec = at(ofKind(objects, "StatefulSet"), "spec");
  const container = at(spec, "template", "spec", "containers", "pulsar-function");
  assertEquals(at(container, "resources"), {
    limits: { cpu: "1", memory: "2Gi" },
    requests: { cpu: "500m", memory: "1Gi" },
  });
  assertEquals(
    at(spec, "volumeClaimTemplates", 0, "spec", "resources", "requests", "storage"),
    "1Gi",
  );
  assertEquals(
    at(spec, "template", "spec", "volumes", "scratch", "emptyDir", "sizeLimit"),
    "512Mi",
  );
  const vertical = ofKind(objects, "VerticalPodAutoscaler");
  assertEquals(
    at(vertical, "spec", "resourcePolicy", "containerPolicies", 0, "minAllowed", "cpu"),
    "200m",
  );
});

Deno.test("desiredChildren() leaves out members that are null", () => {
  const component = aFunction({ pod: { env: [{ name: "A", value: null }] } });
  const set = ofKind(desiredChildren(component, {}, DEFAULT_SETTINGS), "StatefulSet");
  assertEquals(JSON.stringify(set).includes("null"), false);
});

Deno.test("renderResource() makes no objects of a resource with problems", () => {
  const { pulsar: _pulsar, ...spec } = fullFunction().spec;
  const rendering = renderResource({ ...fullFunction(), spec }, {
    facts: {},
    settings: DEFAULT_SETTINGS,
  });
  assertEquals(rendering.objects, []);
  assertEquals(rendering.problems.length > 0, true);
  assertEquals(rendering.resource, { kind: "Function", namespace: "shop", name: "orders" });
});
