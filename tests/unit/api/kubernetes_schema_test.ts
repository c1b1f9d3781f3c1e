import { type FunctionSpec, problems, storable, warnings } from "#api";
import { assertEquals } from "@std/assert";
import { functionWith, meshWith, untyped } from "./resources_for_tests.ts";

/** What is found in the pod of a Function, as `field: message`. */
function podProblems(pod: unknown, spec: Record<string, unknown> = {}): string[] {
  const object = untyped("Function", { ...functionWith().spec, ...spec, pod });
  return problems(object).map(({ path, message }) => `${path}: ${message}`);
}

function podWarnings(pod: unknown, spec: Record<string, unknown> = {}): string[] {
  const object = untyped("Function", { ...functionWith().spec, ...spec, pod });
  return warnings(object).map(({ path, message }) => `${path}: ${message}`);
}

const QUOTES = "put it in quotes";

/** A wrong part of a pod, the field that is to blame, and what is said about it. */
const WRONG: readonly (readonly [unknown, string, string])[] = [
  [
    { env: [{ name: "PORT", value: 8080 }] },
    "env[0].value",
    `must be a text, but is 8080; ${QUOTES}`,
  ],
  [{ env: [{ name: "A", value: true }] }, "env[0].value", `must be a text, but is true; ${QUOTES}`],
  [{ env: [{ name: "A", value: 1.5 }] }, "env[0].value", `must be a text, but is 1.5; ${QUOTES}`],
  [{ env: [{ name: 5, value: "a" }] }, "env[0].name", `must be a text, but is 5; ${QUOTES}`],
  [{ env: [{ value: "a" }] }, "env[0].name", "is missing; it is required here"],
  [{ env: { A: "b" } }, "env", "must be a list, but is an object; begin each item with -"],
  [
    { env: [{ name: "C", valueFrom: { secretKeyRef: { name: 1, key: "k" } } }] },
    "env[0].valueFrom.secretKeyRef.name",
    `must be a text, but is 1; ${QUOTES}`,
  ],
  [
    { securityContext: { runAsUser: "1000" } },
    "securityContext.runAsUser",
    'must be a whole number, but is "1000"; take the quotes away',
  ],
  [
    { securityContext: { runAsNonRoot: "true" } },
    "securityContext.runAsNonRoot",
    'must be true or false, but is "true"; take the quotes away',
  ],
  [
    { initContainers: [{ name: "i", command: "sleep 1" }] },
    "initContainers[0].command",
    "must be a list, but is a text; put it in brackets: [...]",
  ],
  [
    { sidecars: [{ name: "s", args: ["a", 2] }] },
    "sidecars[0].args[1]",
    `must be a text, but is 2; ${QUOTES}`,
  ],
  [
    { sidecars: [{ name: "s", ports: [{ containerPort: "80" }] }] },
    "sidecars[0].ports[0].containerPort",
    'must be a whole number, but is "80"; take the quotes away',
  ],
  [
    { sidecars: [{ name: "s", imagePullPolicy: "always" }] },
    "sidecars[0].imagePullPolicy",
    '"always" is not offered (did you mean Always?); use one of Always, IfNotPresent, Never',
  ],
  [
    { sidecars: [{ name: "s", resources: { limits: { memory: "1gb" } } }] },
    "sidecars[0].resources.limits.memory",
    '"1gb" is no quantity; give a number with a unit, e.g. 500m, 1Gi or 2',
  ],
  [
    { sidecars: [{ name: "s", livenessProbe: { httpGet: { path: "/", port: true } } }] },
    "sidecars[0].livenessProbe.httpGet.port",
    "must be a whole number or a text, but is true; give one of them",
  ],
  [
    { startupProbe: { periodSeconds: "10" } },
    "startupProbe.periodSeconds",
    'must be a whole number, but is "10"; take the quotes away',
  ],
  [
    { imagePullSecrets: ["regcred"] },
    "imagePullSecrets[0]",
    "must be an object, but is a text; write it as {name: ...}",
  ],
  [
    { tolerations: [{ key: "a", operator: "Exists", tolerationSeconds: "300" }] },
    "tolerations[0].tolerationSeconds",
    'must be a whole number, but is "300"; take the quotes away',
  ],
  [
    { tolerations: { key: "a" } },
    "tolerations",
    "must be a list, but is an object; begin each item with -",
  ],
  [
    { volumes: [{ name: "v", configMap: { name: "x", defaultMode: "0644" } }] },
    "volumes[0].configMap.defaultMode",
    'must be a whole number, but is "0644"; take the quotes away',
  ],
  [
    { volumes: [{ name: "v", emptyDir: { sizeLimit: "1 Gi" } }] },
    "volumes[0].emptyDir.sizeLimit",
    '"1 Gi" is no quantity; give a number with a unit, e.g. 500m, 1Gi or 2',
  ],
  [
    { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: {} } } },
    "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution",
    "must be a list, but is an object; begin each item with -",
  ],
  [
    {
      autoScalingMetrics: [{
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: "80" } },
      }],
    },
    "autoScalingMetrics[0].resource.target.averageUtilization",
    'must be a whole number, but is "80"; take the quotes away',
  ],
  [
    { autoScalingBehavior: { scaleDown: { stabilizationWindowSeconds: "5m" } } },
    "autoScalingBehavior.scaleDown.stabilizationWindowSeconds",
    "must be a whole number, but is a text; give a whole number",
  ],
  [{ labels: { version: 1.5 } }, "labels.version", `must be a text, but is 1.5; ${QUOTES}`],
  [
    { annotations: { "a/b": true } },
    'annotations["a/b"]',
    `must be a text, but is true; ${QUOTES}`,
  ],
  [
    { terminationGracePeriodSeconds: "30" },
    "terminationGracePeriodSeconds",
    'must be a whole number, but is "30"; take the quotes away',
  ],
];

for (const [pod, field, message] of WRONG) {
  Deno.test(`problems() names spec.pod.${field} and how to mend it: ${message}`, () => {
    assertEquals(podProblems(pod), [`spec.pod.${field}: ${message}`]);
    const { className, pulsar, java, input } = functionWith().spec;
    const item = { name: "a", className, pulsar, java, input, pod } as FunctionSpec;
    assertEquals(
      problems(meshWith({ functions: [item] })).map(({ path }) => path),
      [`spec.functions[0].pod.${field}`],
    );
    const backend = untyped("BackendConfig", { pod });
    assertEquals(problems(backend).map(({ path }) => path), [`spec.pod.${field}`]);
  });
}

Deno.test("problems() looks into mounts and claims beside the pod as well", () => {
  assertEquals(
    podProblems({ volumes: [{ name: "v" }] }, {
      volumeMounts: [{ name: "v", mountPath: "/v", readOnly: "true" }, { name: "v" }],
      volumeClaimTemplates: [
        {
          metadata: { name: "c" },
          spec: { accessModes: "ReadWriteOnce", resources: { requests: { storage: "1gb" } } },
        },
      ],
      resources: { claims: [{ name: 1 }] },
    }).map((problem) => problem.split(":")[0]),
    [
      "spec.resources.claims[0].name",
      "spec.volumeClaimTemplates[0].spec.accessModes",
      "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
      "spec.volumeMounts[0].readOnly",
      "spec.volumeMounts[1].mountPath",
    ],
  );
});

Deno.test("problems() does not repeat what may be a password", () => {
  const found = podProblems({
    env: [{ name: "PIN", value: 81726354 }, { name: "B", value: { pass: "s3cret" } }],
    securityContext: { runAsUser: "s3cret", runAsGroup: "81726354" },
  });
  assertEquals(found.length, 4);
  assertEquals(found.filter((text) => /s3cret|81726354/.test(text)), []);
});

Deno.test("problems() takes what Kubernetes takes in a pod", () => {
  assertEquals(
    podProblems({
      env: [
        { name: "A" },
        { name: "B", value: null },
        { name: "C", value: "" },
        { name: "D", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: 1 } } },
        { name: "E", valueFrom: { fileKeyRef: { volumeName: "v", path: "a", key: "b" } } },
      ],
      imagePullSecrets: [{}, { name: "" }],
      initContainers: [{ name: "i", restartPolicy: "Always", imagePullPolicy: "" }],
      sidecars: [{
        name: "s",
        ports: [{ containerPort: 53, protocol: "UDP" }, { containerPort: 53 }],
        readinessProbe: { httpGet: { port: "http", scheme: "" }, timeoutSeconds: 1 },
        lifecycle: { preStop: { sleep: { seconds: 5 } } },
        securityContext: { capabilities: { add: ["NET_ADMIN"] }, runAsUser: 0 },
        resources: { limits: { cpu: 2, "example.org/gpu": "1" } },
      }],
      tolerations: [{}, { operator: "", effect: "" }],
      volumes: [
        { name: "v", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
        { name: "w", hostPath: { path: "/", type: "" } },
        { name: "x", image: { reference: "a/b:1" } },
        {
          name: "y",
          ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"] } } },
        },
        { name: "z", emptyDir: null },
      ],
      startupProbe: { grpc: { port: 1 } },
      autoScalingBehavior: { scaleUp: { tolerance: "0.1" } },
    }),
    [],
  );
});

Deno.test("problems() names what an API server refuses to have twice in a pod, with both places", () => {
  const sidecar = {
    name: "s",
    env: [{ name: "A", value: "1" }, { name: "B" }, { name: "A", value: "2" }],
    ports: [{ containerPort: 80 }, { containerPort: 80, protocol: "TCP" }],
    volumeMounts: [{ name: "v", mountPath: "/a" }, { name: "w", mountPath: "/a" }],
  };
  const volumes = [{ name: "v", emptyDir: {} }, { name: "w", emptyDir: {} }, { name: "v" }];
  const volumeMounts = [{ name: "v", mountPath: "/a" }, { name: "v", mountPath: "/a" }];
  const list = "spec.pod.sidecars[0]";
  assertEquals(podProblems({ sidecars: [sidecar], volumes }, { volumeMounts }), [
    `${list}.env[2]: has the name of ${list}.env[0]; keep one of them`,
    `${list}.ports[1]: has the containerPort and protocol of ${list}.ports[0]; keep one of them`,
    `${list}.volumeMounts[1]: has the mountPath of ${list}.volumeMounts[0]; keep one of them`,
    'spec.pod.volumes[2].name: "v" is in spec.pod.volumes[0] as well; choose another',
    'spec.volumeMounts[1].mountPath: "/a" is in spec.volumeMounts[0] as well; choose another',
  ]);
});

Deno.test("warnings() name what counts once in a pod, and what the runner needs for itself", () => {
  const pod = {
    env: [
      { name: "JAVA_TOOL_OPTIONS", value: "a" },
      { name: "JAVA_TOOL_OPTIONS", value: "b" },
      { name: "POD_NAME", value: "mine" },
    ],
    imagePullSecrets: [{ name: "reg" }, { name: "reg" }],
  };
  assertEquals(podProblems(pod), []);
  assertEquals(podWarnings(pod), [
    'spec.pod.env[1].name: "JAVA_TOOL_OPTIONS" is in spec.pod.env[0] as well; the last one counts, keep that',
    "spec.pod.env[2].name: POD_NAME is this program's own; choose another",
    'spec.pod.imagePullSecrets[1].name: "reg" is in spec.pod.imagePullSecrets[0] as well; it counts once, take this one out',
  ]);
});

Deno.test("members that Kubernetes does not know are named, and dropped as the definitions drop them", () => {
  const pod = {
    env: [{ name: "A", vaule: "b" }],
    affinity: { fieldOfTomorrow: {} },
    sidecars: [{ name: "s", securityContext: { runAsUserr: 1, runAsUser: 2 } }],
  };
  assertEquals(podProblems(pod), []);
  const unknown = "is not known to Kubernetes 1.36 and has no effect";
  assertEquals(podWarnings(pod), [
    `spec.pod.affinity.fieldOfTomorrow: ${unknown}; remove it`,
    `spec.pod.env[0].vaule: ${unknown}; did you mean value?`,
    `spec.pod.sidecars[0].securityContext.runAsUserr: ${unknown}; did you mean runAsUser?`,
  ]);
  const { spec } = storable(untyped("Function", { pod }));
  assertEquals(spec, {
    pod: {
      env: [{ name: "A" }],
      affinity: {},
      sidecars: [{ name: "s", securityContext: { runAsUser: 2 } }],
    },
  });
});
