import { customResourceDefinitions, problems, RESOURCES } from "#api";
import { type KubeObject, systemClock } from "#base";
import { installDefinitions, type InstalledDefinition } from "#kube";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { testCluster } from "../support/control_plane.ts";
import { testClient } from "../support/transport.ts";
import { kubernetesTypesText, TYPES_FILE } from "../../scripts/generate_pod_schemas.ts";
import { goldenCases } from "../golden/golden_cases.ts";

const cluster = testCluster();

async function install(): Promise<InstalledDefinition[]> {
  await using client = testClient(await cluster.access());
  const definitions = customResourceDefinitions();
  return await installDefinitions(client.cluster, definitions, {
    fieldManager: "api-test",
    clock: systemClock,
  });
}

Deno.test("the API server takes crds/ as they are written", async () => {
  const folder = new URL("../../crds/", import.meta.url).pathname;
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-f", folder]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=20s", "-f", folder]);
  const list = await cluster.get<{ items: { status: { conditions: Condition[] } }[] }>(
    ["-f", folder],
  );
  assertEquals(list.items.length, RESOURCES.length);
  for (const { status } of list.items) {
    // A schema that the server finds fault with has one more condition, NonStructuralSchema.
    assertEquals(status.conditions.map((condition) => condition.type).sort(), [
      "Established",
      "NamesAccepted",
    ]);
  }
});

interface Condition {
  readonly type: string;
}

Deno.test("definitions that are installed are found unchanged", async () => {
  await install();
  const actions = (await install()).map(({ action }) => action);
  assertEquals(actions, RESOURCES.map(() => "unchanged"));
});

Deno.test("the API server takes what problems() takes, and stores it as it is written", async () => {
  await install();
  await using space = await cluster.namespace();
  const objects = goldenCases().map((golden) => golden.input)
    .filter((object) => problems(object).length === 0)
    .map((object) => inNamespace(object, space.name));
  assertEquals(objects.length > 150, true);
  const list = { apiVersion: "v1", kind: "List", items: objects };
  const options = { stdin: JSON.stringify(list) };
  const command = ["create", "--dry-run=server", "--validate=strict", "-o", "json", "-f", "-"];
  const answer = await cluster.kubectl(command, options);
  // kubectl prints one document after the other; only their ends begin a line with a brace.
  const stored = answer.split(/\n(?=\{)/).map((text): KubeObject => JSON.parse(text));
  assertEquals(stored.map((object) => object.spec), objects.map(withServerDefault));
});

Deno.test("the API server refuses with the words of the definitions' rules", async () => {
  await install();
  await using space = await cluster.namespace();
  const refused: readonly (readonly [string, unknown, string])[] = [
    ["Function", { replicas: 3, maxReplicas: 2 }, "replicas must not be more than maxReplicas"],
    ["Sink", { replicas: 3, maxReplicas: 2 }, "replicas must not be more than maxReplicas"],
    [
      "Function",
      { java: { jar: "a" }, golang: { go: "a" } },
      "only one of java, python and golang",
    ],
    ["Function", { retainOrdering: true, retainKeyOrdering: true }, "only one of retainOrdering"],
    ["Function", { replicas: -1 }, "should be greater than or equal to 0"],
    ["Source", { logTopicAgent: "nobody" }, "Unsupported value"],
    ["Sink", { resources: { limits: { memory: "a lot" } } }, "spec.resources.limits.memory"],
    ["MeshSync", {}, "spec.url"],
    ["MeshSync", { url: "https://a/b", ref: { tag: "a", branch: "b" } }, "only one of ref.branch"],
    ["MeshSync", { url: "https://a/b", interval: "soon" }, "spec.interval"],
  ];
  for (const [kind, spec, words] of refused) {
    const apiVersion = RESOURCES.find((resource) => resource.kind === kind)?.apiVersion;
    const metadata = { name: "refused", namespace: space.name };
    const stdin = JSON.stringify({ apiVersion, kind, metadata, spec });
    const answer = await cluster.tryKubectl(["create", "--dry-run=server", "-f", "-"], { stdin });
    assertEquals(answer.code, 1, `${kind} ${JSON.stringify(spec)}`);
    assertStringIncludes(answer.stderr, words);
  }
});

Deno.test("the API server refuses wrong types in pods, at every component and in a mesh", async () => {
  await install();
  await using space = await cluster.namespace();
  const wrong: readonly (readonly [string, unknown])[] = [
    ["pod.env[0].value", { env: [{ name: "PORT", value: 8080 }] }],
    ["pod.securityContext.runAsUser", { securityContext: { runAsUser: "1000" } }],
    ["pod.initContainers[0].command", { initContainers: [{ name: "i", command: "sleep 1" }] }],
    ["pod.imagePullSecrets[0]", { imagePullSecrets: ["regcred"] }],
    [
      "pod.volumes[0].configMap.defaultMode",
      { volumes: [{ name: "v", configMap: { name: "x", defaultMode: "0644" } }] },
    ],
    [
      "pod.sidecars[0].ports[0].containerPort",
      { sidecars: [{ name: "s", ports: [{ containerPort: "80" }] }] },
    ],
    ["pod.tolerations[0].tolerationSeconds", { tolerations: [{ tolerationSeconds: "300" }] }],
  ];
  const [sample] = goldenCases();
  for (const [path, pod] of wrong) {
    const spec = { ...sample?.input.spec as Record<string, unknown>, pod };
    const metadata = { name: "wrong", namespace: space.name };
    const objects = [
      { ...sample?.input, metadata, spec },
      { ...sample?.input, kind: "FunctionMesh", metadata, spec: { functions: [spec] } },
    ];
    for (const object of objects) {
      const command = ["create", "--dry-run=server", "--validate=false", "-f", "-"];
      const answer = await cluster.tryKubectl(command, { stdin: JSON.stringify(object) });
      assertEquals(answer.code, 1, `${object.kind} ${path}`);
      assertStringIncludes(answer.stderr, path);
    }
  }
});

Deno.test("a member that Kubernetes does not know is named by kubectl and dropped by the API server", async () => {
  await install();
  await using space = await cluster.namespace();
  const [sample] = goldenCases();
  const pod = { env: [{ name: "A", vaule: "b" }] };
  const object = {
    ...sample?.input,
    metadata: { name: "unknown", namespace: space.name },
    spec: { ...sample?.input.spec as Record<string, unknown>, pod },
  };
  const options = { stdin: JSON.stringify(object) };
  const strict = await cluster.tryKubectl(["create", "--dry-run=server", "-f", "-"], options);
  assertStringIncludes(strict.stderr, 'unknown field "spec.pod.env[0].vaule"');
  const loose = ["create", "--dry-run=server", "--validate=false", "-o", "json", "-f", "-"];
  const stored = JSON.parse(await cluster.kubectl(loose, options));
  assertEquals(stored.spec.pod, { env: [{ name: "A" }] });
});

Deno.test("the types that our kinds embed are those of this API server (run deno task pod-schemas)", async () => {
  const text = await kubernetesTypesText((path) => cluster.kubectl(["get", "--raw", path]));
  assertEquals(text, await Deno.readTextFile(TYPES_FILE));
});

Deno.test("kubectl lists, names in short and scales our kinds", async () => {
  await install();
  await using space = await cluster.namespace();
  const name = `scaled-${crypto.randomUUID().slice(0, 8)}`;
  const [sample] = goldenCases();
  const metadata = { name, namespace: space.name };
  await cluster.apply({ ...sample?.input, metadata });
  await cluster.kubectl(["scale", `fn/${name}`, "--replicas=3", "-n", space.name]);
  const stored = await cluster.get<{ spec: { replicas: number } }>(["fn", name, "-n", space.name]);
  assertEquals(stored.spec.replicas, 3);
  const table = await cluster.kubectl(["get", "fn,source,sink,fmesh", "-n", space.name]);
  assertEquals(table.split("\n")[0]?.split(/\s+/).slice(0, 6), [
    "NAME",
    "READY",
    "REPLICAS",
    "AVAILABLE",
    "REASON",
    "AGE",
  ]);
  assertStringIncludes(
    await cluster.kubectl(["get", "mesh", "-n", space.name, "-o", "name"]),
    name,
  );
});

function inNamespace(object: KubeObject, namespace: string): KubeObject {
  const { uid: _, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** The definitions' only default, `minReplicas` of a component and of a mesh's items. */
function withServerDefault(object: KubeObject): unknown {
  const spec = object.spec as Record<string, unknown>;
  if (object.kind !== "FunctionMesh") return { minReplicas: 1, ...spec };
  return Object.fromEntries(
    Object.entries(spec).map(([list, items]) => [
      list,
      (items as Record<string, unknown>[]).map((item) => ({ minReplicas: 1, ...item })),
    ]),
  );
}
