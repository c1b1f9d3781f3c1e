import { CONFIGURATION_TYPE } from "#admission";
import { COMPUTE_API_VERSION, resourceOf } from "#api";
import type { KubeObject } from "#base";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { installKinds, startAdmission, whenInstalled } from "../support/admission.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { functionObject } from "../support/objects.ts";
import { type TestClient, testClient } from "../support/transport.ts";

const cluster = testCluster();

interface Story {
  readonly client: TestClient;
  readonly namespace: string;
  /** kubectl apply, and what it said. */
  apply(object: KubeObject): Promise<{ code: number; stdout: string; stderr: string }>;
  /** How often the API server asked the webhook, and how long that took in all. */
  /** Reviews so far. */
  asked(): Promise<number>;
  stop(): Promise<void>;
}

/** A namespace with a webhook that the API server asks. */
async function withWebhook(
  prepare: (space: { namespace: string; client: TestClient }) => Promise<void>,
  test: (story: Story) => Promise<void>,
): Promise<void> {
  await using client = testClient(await cluster.access());
  await installKinds(client.cluster);
  await using space = await cluster.namespace();
  const namespace = space.name;
  await prepare({ namespace, client });
  await using webhook = startAdmission(client.cluster, namespace);
  try {
    await whenInstalled(webhook);
    const apply = (object: KubeObject) =>
      cluster.tryKubectl(["apply", "-n", namespace, "-f", "-"], { stdin: JSON.stringify(object) });
    // It takes a moment until the API server looks at a new configuration.
    await eventually(async () => (await apply(broken("probe"))).code === 1);
    await test({
      client,
      namespace,
      apply,
      asked: webhookCalls,
      stop: async () => await webhook[Symbol.asyncDispose](),
    });
  } finally {
    await removeConfiguration(client, webhook.configuration);
  }
}

async function removeConfiguration(client: TestClient, name: string): Promise<void> {
  const { apiVersion, kind } = CONFIGURATION_TYPE;
  await client.cluster.remove({ apiVersion, kind, namespace: "", name });
}

/** Reviews of ours so far, from the API server's own metrics. */
async function webhookCalls(): Promise<number> {
  const text = await cluster.kubectl(["get", "--raw", "/metrics"]);
  const counts = /^apiserver_admission_webhook_admission_duration_seconds_count\{(.*)\} (\S+)$/gm;
  return [...text.matchAll(counts)].filter(([, labels]) => labels?.includes("functionmesh.io"))
    .reduce((total, [, , value]) => total + Number(value), 0);
}

function sound(name: string, spec: Record<string, unknown> = {}): KubeObject {
  const { apiVersion, kind, spec: all } = functionObject(name, spec);
  return { apiVersion, kind, metadata: { name }, spec: all };
}

/** What only the rules know: the schema takes any text. */
function broken(name: string): KubeObject {
  return sound(name, { output: { topic: "http://nowhere" } });
}

const nothing = () => Promise.resolve();

Deno.test("kubectl apply is refused with field and remedy, for every kind that has rules", async () => {
  await withWebhook(nothing, async ({ apply }) => {
    const { spec } = functionObject("item");
    const connector = {
      className: "org.example.Sink",
      java: { jar: "sink.nar" },
      pulsar: { pulsarConfig: "pulsar" },
    };
    const items = [{ ...spec as object, name: "a" }, { ...spec as object, name: "a" }];
    const refused: readonly (readonly [KubeObject, string, string])[] = [
      [broken("f"), "spec.output.topic", "is no topic"],
      [
        {
          ...broken("g"),
          kind: "Source",
          spec: { ...connector, sourceConfig: {}, output: { topic: "a/b" } },
        },
        "spec.output.topic",
        "is no topic",
      ],
      [
        { ...broken("h"), kind: "Sink", spec: { ...connector, sinkConfig: {} } },
        "spec.input",
        "topic",
      ],
      [
        { ...broken("i"), kind: "FunctionMesh", spec: { functions: items } },
        "spec.functions[1].name",
        "choose another",
      ],
      [
        {
          apiVersion: "gitops.functionmesh.io/v1alpha1",
          kind: "MeshSync",
          metadata: { name: "j" },
          spec: { url: "file:///srv" },
        },
        "spec.url",
        "use https://",
      ],
    ];
    for (const [object, field, remedy] of refused) {
      const { code, stderr } = await apply(object);
      assertEquals(code, 1, `${object.kind}: ${stderr}`);
      assertStringIncludes(stderr, `The ${object.kind} "${object.metadata.name}" is invalid`);
      assertStringIncludes(stderr, `${field}: `);
      assertStringIncludes(stderr, remedy);
    }
  });
});

Deno.test("kubectl apply shows all problems of a resource at once (W-38)", async () => {
  await withWebhook(nothing, async ({ apply }) => {
    const pod = {
      builtinAutoscaler: ["AverageUtilizationCPUPercent80", "AverageUtilizationCPUPercent50"],
    };
    const object = sound("orders", { pod, logTopic: "a/b", output: { topic: "a/b" } });
    const { stderr } = await apply(object);
    assertEquals(
      stderr.split("\n").filter((line) => line.startsWith("*")).map((line) => line.split(":")[0]),
      [
        "* spec.output.topic",
        "* spec.logTopic",
        "* spec.pod.builtinAutoscaler",
      ],
    );
  });
});

Deno.test("what is applied is stored as it is written, and warnings are shown (W-39, W-42)", async () => {
  await withWebhook(nothing, async ({ apply, client, namespace }) => {
    const object = sound("orders", {
      genericRuntime: { functionFile: "a.js", language: "nodejs" },
    });
    const { code, stderr } = await apply(object);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "Warning: spec.genericRuntime: has no effect");
    const stored = await client.cluster.get(resourceOf("Function"), { namespace, name: "orders" });
    // `minReplicas` is the definition's own default.
    assertEquals(stored?.spec, { minReplicas: 1, ...object.spec as object });
    const config = {
      apiVersion: COMPUTE_API_VERSION,
      kind: "BackendConfig",
      metadata: { name: "b" },
      spec: {},
    };
    assertEquals((await apply(config)).code, 0);
  });
});

Deno.test("an invalid resource from before can be labelled, scaled, mended and deleted (W-2)", async () => {
  await withWebhook(async ({ namespace, client }) => {
    const object = sound("old", { output: { topic: "http://nowhere" }, logTopic: "a/b" });
    await client.cluster.create({ ...object, metadata: { name: "old", namespace } });
  }, async ({ apply, asked, namespace }) => {
    const before = await asked();
    const at = ["-n", namespace, "fn", "old"];
    await cluster.kubectl(["label", ...at, "team=a"]);
    await cluster.kubectl(["annotate", ...at, "note=b"]);
    const finalizers = '{"metadata":{"finalizers":["example.org/wait"]}}';
    await cluster.kubectl(["patch", ...at, "--type=merge", "-p", finalizers]);
    await cluster.kubectl([
      "patch",
      ...at,
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"status":{"replicas":1}}',
    ]);
    await cluster.kubectl(["scale", ...at, "--replicas=2"]);
    assertEquals(await asked(), before, "none of these is the webhook's business");

    const worse = await apply(sound("old", { subscriptionName: "a", deadLetterTopic: "a/b" }));
    assertEquals(worse.code, 1, worse.stderr);
    assertStringIncludes(worse.stderr, "spec.deadLetterTopic:");
    const better = await apply(sound("old", { logTopic: "a/b" }));
    assertEquals(better.code, 0, better.stderr);
    assertStringIncludes(better.stderr, "Warning: spec.logTopic:");
    assertEquals(await asked() > before, true);

    await cluster.kubectl(["delete", ...at, "--wait=false"]);
    await cluster.kubectl(["patch", ...at, "--type=merge", "-p", '{"metadata":{"finalizers":[]}}']);
    await cluster.kubectl(["wait", "--for=delete", "--timeout=180s", "-n", namespace, "fn/old"]);
  });
});

Deno.test("an update that breaks a sound resource is refused, by patch and by server-side apply (W-2)", async () => {
  await withWebhook(nothing, async ({ apply, namespace }) => {
    assertEquals((await apply(sound("orders"))).code, 0);
    const patch = '{"spec":{"pulsar":null}}';
    const patched = await cluster.tryKubectl([
      "patch",
      "-n",
      namespace,
      "fn",
      "orders",
      "--type=merge",
      "-p",
      patch,
    ]);
    assertStringIncludes(patched.stderr, "pulsarConfig");
    const args = ["apply", "--server-side", "--force-conflicts", "-n", namespace, "-f", "-"];
    const applied = await cluster.tryKubectl(args, { stdin: JSON.stringify(broken("orders")) });
    assertStringIncludes(applied.stderr, "spec.output.topic");
    assertEquals([patched.code, applied.code], [1, 1]);
  });
});

Deno.test("a program that is down blocks nothing, and other kinds never wait for it", async () => {
  await withWebhook(nothing, async ({ apply, asked, stop }) => {
    const before = await asked();
    const data = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "b" } };
    assertEquals((await apply(data)).code, 0);
    assertEquals(await asked(), before);
    await stop();
    const { code, stderr } = await apply(broken("unchecked"));
    assertEquals(code, 0, stderr);
  });
});

Deno.test("each write of ours is reviewed once", async () => {
  await withWebhook(nothing, async ({ asked, client, namespace }) => {
    const before = await asked();
    for (let index = 0; index < 50; index++) {
      const name = `orders-${index}`;
      const object = sound(name);
      await client.cluster.create({ ...object, metadata: { name, namespace } });
    }
    const after = await asked();
    assertEquals(after - before, 50);
  });
});
