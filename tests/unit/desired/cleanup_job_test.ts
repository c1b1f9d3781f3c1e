import { assert, assertEquals } from "@std/assert";
import {
  cleanupJob,
  cleanupTargets,
  DEFAULT_SETTINGS,
  selectorLabels,
  wantsCleanup,
} from "#desired";
import { aFunction, aSink, aSource, at, namesIn } from "./fixtures.ts";

function script(component: Parameters<typeof cleanupJob>[0]): string {
  const job = cleanupJob(component, {}, DEFAULT_SETTINGS);
  return String(at(job, "spec", "template", "spec", "containers", 0, "command", 2));
}

/** The admin calls of a script, without what is around them. */
function calls(component: Parameters<typeof cleanupJob>[0]): string[] {
  return [...script(component).matchAll(/\{ (.*?); \} 2>&1/g)].map((match) =>
    String(match[1]).replace(/^\/pulsar\/bin\/pulsar-admin --admin-url "\$webServiceURL" /, "")
  );
}

Deno.test("cleanupJob() is there only where something has to be removed", () => {
  const job = (component: Parameters<typeof cleanupJob>[0]) =>
    cleanupJob(component, {}, DEFAULT_SETTINGS)?.kind;
  assertEquals(job(aFunction()), undefined);
  assertEquals(job(aFunction({ cleanupSubscription: true })), "Job");
  assertEquals(job(aSource()), undefined);
  assertEquals(job(aSource({ batchSourceConfig: { discoveryTriggererClassName: "T" } })), "Job");
  assertEquals(job(aSink({ cleanupSubscription: true, input: {} })), undefined);
});

Deno.test("wantsCleanup() heeds the labels and the annotation that turn it off", () => {
  const component = aSink({ cleanupSubscription: true });
  const withMeta = (metadata: object) =>
    wantsCleanup({ ...component, metadata: { ...component.metadata, ...metadata } });
  assertEquals(withMeta({}), true);
  assertEquals(withMeta({ labels: { "pulsar-cluster": "x" } }), false);
  assertEquals(withMeta({ labels: { "compute.functionmesh.io/pulsar-cluster": "" } }), false);
  assertEquals(
    withMeta({ annotations: { "compute.functionmesh.io/need-cleanup": "false" } }),
    false,
  );
});

Deno.test("cleanupJob() has pods that nothing of the component selects (W-35)", () => {
  const component = aFunction({ cleanupSubscription: true, pod: { labels: { team: "data" } } });
  const labels = at(
    cleanupJob(component, {}, DEFAULT_SETTINGS),
    "spec",
    "template",
    "metadata",
    "labels",
  );
  const selected = Object.entries(selectorLabels(component)).every(([key, value]) =>
    at(labels, key) === value
  );
  assertEquals(selected, false);
  assertEquals(at(labels, "team"), "data");
  assertEquals(at(labels, "owner"), "uid-1");
});

Deno.test("cleanupJob() runs at once, alone and with little (W-29, W-33)", () => {
  const component = aFunction({
    cleanupSubscription: true,
    resources: { requests: { cpu: 8, memory: "16Gi" } },
    pod: { sidecars: [{ name: "side", image: "busybox" }] },
  });
  const pod = at(cleanupJob(component, {}, DEFAULT_SETTINGS), "spec", "template", "spec");
  assertEquals(namesIn(at(pod, "containers")), ["cleanup"]);
  assertEquals(at(pod, "containers", 0, "resources", "requests"), { cpu: "100m", memory: "128Mi" });
  assert(!script(component).includes("sleep"));
});

Deno.test("cleanupJob() pulls its image by the rule of the runner: a policy that nobody knows costs no pod", () => {
  const configured = { ...DEFAULT_SETTINGS, runnerImagePullPolicy: "Never" };
  const policy = (imagePullPolicy: string, settings = configured) => {
    const component = aFunction({ cleanupSubscription: true, imagePullPolicy });
    const job = cleanupJob(component, {}, settings);
    return at(job, "spec", "template", "spec", "containers", 0, "imagePullPolicy");
  };
  assertEquals(policy("Always"), "Always");
  assertEquals(policy("always"), "Never");
  assertEquals(policy("", { ...DEFAULT_SETTINGS, runnerImagePullPolicy: "never" }), "IfNotPresent");
});

Deno.test("cleanupJob() removes the subscription of every topic, sorted", () => {
  const component = aFunction({
    cleanupSubscription: true,
    input: { topics: ["persistent://a/b/z", "persistent://a/b/y"] },
  });
  assertEquals(calls(component), [
    "topics unsubscribe -s public/default/orders persistent://a/b/y",
    "topics unsubscribe -s public/default/orders persistent://a/b/z",
  ]);
});

Deno.test("cleanupJob() removes a pattern's subscription from its namespace and those of topics elsewhere", () => {
  const component = aFunction({
    cleanupSubscription: true,
    subscriptionName: "sub",
    input: {
      topicPattern: "persistent://a/b/.*",
      topics: ["persistent://a/b/y", "persistent://a/c/z"],
    },
  });
  assertEquals(calls(component), [
    "namespaces unsubscribe -s sub a/b",
    "topics unsubscribe -s sub persistent://a/c/z",
  ]);
  assertEquals(
    calls({ ...component, spec: { ...component.spec, imageHasPulsarctl: true } }).map((call) =>
      call.replace(/^.*webServiceURL" /, "")
    ),
    ["namespaces unsubscribe a/b sub", "subscriptions delete persistent://a/c/z sub"],
  );
});

Deno.test("cleanupJob() authenticates as it is told to for cleaning up, for sources too (W-30)", () => {
  const oauth2 = (key: string) => ({
    oauth2Config: { audience: "a", issuerUrl: "https://i", keySecretName: "s", keySecretKey: key },
  });
  const component = aSource({
    batchSourceConfig: { discoveryTriggererClassName: "T" },
    pulsar: {
      pulsarConfig: "p",
      authConfig: oauth2("run.json"),
      cleanupAuthConfig: oauth2("clean.json"),
    },
  });
  assert(script(component).includes("/etc/oauth2/clean.json"));
  assert(!script(component).includes("run.json"));
  const pod = at(cleanupJob(component, {}, DEFAULT_SETTINGS), "spec", "template", "spec");
  assertEquals(at(pod, "volumes", 0, "secret", "items", 0, "key"), "clean.json");
  assertEquals(at(pod, "containers", 0, "volumeMounts", 0, "mountPath"), "/etc/oauth2");
});

Deno.test("cleanupJob() mounts no volume that the StatefulSet claims", () => {
  const component = aFunction({
    cleanupSubscription: true,
    volumeClaimTemplates: [{ metadata: { name: "data" } }],
    volumeMounts: [{ name: "data", mountPath: "/data" }, { name: "keys", mountPath: "/keys" }],
    pod: { volumes: [{ name: "keys", secret: { secretName: "keys" } }] },
  });
  const pod = at(cleanupJob(component, {}, DEFAULT_SETTINGS), "spec", "template", "spec");
  assertEquals(namesIn(at(pod, "containers", 0, "volumeMounts")), ["keys"]);
});

Deno.test("cleanupJob() tries once and ends by the deadline that its resource names (W-31, W-33)", () => {
  const component = aFunction({ cleanupSubscription: true });
  const annotations = { "compute.functionmesh.io/cleanup-deadline": "30m" };
  const limits = (metadata: object) => {
    const own = { ...component, metadata: { ...component.metadata, ...metadata } };
    const job = cleanupJob(own, {}, DEFAULT_SETTINGS);
    return [at(job, "spec", "backoffLimit"), at(job, "spec", "activeDeadlineSeconds")];
  };
  assertEquals(limits({}), [0, 600]);
  assertEquals(limits({ annotations }), [0, 1800]);
  assertEquals(limits({ annotations: { "compute.functionmesh.io/cleanup-deadline": "soon" } }), [
    0,
    600,
  ]);
});

Deno.test("cleanupJob() has no clean-up without topics, and a pattern's short form is not public/default's alone (W-37)", () => {
  const targets = (input: object) =>
    cleanupTargets(aFunction({ cleanupSubscription: true, input: input as never }));
  assertEquals(targets({}), []);
  assertEquals(targets({ topics: [] }), []);
  assertEquals(targets({ topicPattern: "persistent://a/b/.*" }), [
    "subscription public/default/orders of all topics in a/b",
  ]);
  assertEquals(targets({ topicPattern: "a/b/x.*" }), [
    "subscription public/default/orders of all topics in a/b",
  ]);
});

Deno.test("cleanupTargets() names a batch source's subscription and topic, and nothing without a clean-up", () => {
  const source = aSource({ batchSourceConfig: { discoveryTriggererClassName: "T" } });
  const topic = "persistent://public/default/orders-intermediate";
  assertEquals(cleanupTargets(source), [
    `subscription BatchSourceExecutor-public/default/orders of ${topic}`,
    `topic ${topic}`,
  ]);
  assertEquals(cleanupTargets(aSource()), []);
});
