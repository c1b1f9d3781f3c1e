import { assertEquals } from "@std/assert";
import type { BackendConfig, BackendConfigSpec, Component, DefaultedComponent } from "#api";
import {
  DEFAULT_SETTINGS,
  desiredChildren,
  type Facts,
  selectorLabels,
  type Settings,
} from "#desired";
import { aFunction, aSink, aSource, at, namesIn, ofKind } from "./fixtures.ts";

const INIT = { ...DEFAULT_SETTINGS, enableInitContainers: true };

function podOf(
  component: DefaultedComponent,
  settings: Settings = DEFAULT_SETTINGS,
  facts: Facts = {},
): unknown {
  return at(ofKind(desiredChildren(component, facts, settings), "StatefulSet"), "spec", "template");
}

function runner(component: DefaultedComponent, settings?: Settings, facts?: Facts): unknown {
  return at(
    podOf(component, settings, facts),
    "spec",
    "containers",
    `pulsar-${component.kind.toLowerCase()}`,
  );
}

function backend(spec: BackendConfigSpec): BackendConfig {
  return {
    apiVersion: "compute.functionmesh.io/v1alpha1",
    kind: "BackendConfig",
    metadata: { name: "backend-config" },
    spec,
  };
}

Deno.test("statefulSet() keeps the labels it selects by, whatever the pod's labels say (W-23)", () => {
  const component: Component & DefaultedComponent = aFunction({
    pod: { labels: { app: "mine", name: "other", team: "data" } },
  });
  const labels = at(podOf(component), "metadata", "labels");
  assertEquals(labels, { ...selectorLabels(component), team: "data" });
  const term = at(
    podOf(component),
    ...["spec", "affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"],
    0,
  );
  assertEquals(at(term, "podAffinityTerm", "labelSelector", "matchLabels"), labels);
});

Deno.test("statefulSet() honours the resource's pull policy before the configured one (W-5)", () => {
  const configured = { ...DEFAULT_SETTINGS, runnerImagePullPolicy: "Never" };
  assertEquals(at(runner(aSink()), "imagePullPolicy"), "IfNotPresent");
  assertEquals(at(runner(aSink(), configured), "imagePullPolicy"), "Never");
  assertEquals(
    at(runner(aSink({ imagePullPolicy: "Always" }), configured), "imagePullPolicy"),
    "Always",
  );
  // It has no effect in the reference either, and an API server refuses the pod of who asks for it.
  assertEquals(
    at(runner(aSink({ imagePullPolicy: "always" }), configured), "imagePullPolicy"),
    "Never",
  );
});

Deno.test("statefulSet() sets each variable once, and its own name of the pod", () => {
  const env = at(
    runner(aFunction({
      secretsMap: { TOKEN: { path: "s", key: "k" }, POD_NAME: { path: "s", key: "k" } },
      pod: {
        env: [{ name: "POD_NAME", value: "fake" }, { name: "A", value: "1" }, {
          name: "A",
          value: "2",
        }, { name: "TOKEN", value: "t" }],
      },
    })),
    "env",
  );
  assertEquals(env, [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "A", value: "2" },
    { name: "TOKEN", value: "t" },
  ]);
});

Deno.test("statefulSet() sorts secrets and crypto volumes (W-8)", () => {
  const component = aFunction({
    secretsMap: { B: { path: "s", key: "b" }, A: { path: "s", key: "a" } },
    input: {
      sourceSpecs: {
        z: { cryptoConfig: { cryptoSecrets: [{ secretName: "s", secretKey: "z" }] } },
        y: { cryptoConfig: { cryptoSecrets: [{ secretName: "s", secretKey: "y" }] } },
      },
    },
  });
  assertEquals(namesIn(at(runner(component), "env")), ["POD_NAME", "A", "B"]);
  assertEquals(namesIn(at(podOf(component), "spec", "volumes")), ["s-y", "s-z"]);
});

Deno.test("statefulSet() has a volume once that two settings need", () => {
  const secret = { secretName: "s", secretKey: "k", asVolume: "/keys" };
  const component = aFunction({
    input: { sourceSpecs: { a: { cryptoConfig: { cryptoSecrets: [secret, secret] } } } },
    output: { producerConf: { cryptoConfig: { cryptoSecrets: [secret] } } },
  });
  assertEquals(namesIn(at(podOf(component), "spec", "volumes")), ["s-k"]);
  assertEquals(at(runner(component), "volumeMounts"), [{ mountPath: "/keys", name: "s-k" }]);
});

Deno.test("statefulSet() gives its volume another name when the user's has it", () => {
  const component = aSink({
    logTopic: "persistent://public/default/logs",
    pod: { volumes: [{ name: "filebeat-logs", configMap: { name: "mine" } }] },
    volumeMounts: [{ name: "filebeat-logs", mountPath: "/mine" }],
  });
  const [mine, ours] = namesIn(at(podOf(component), "spec", "volumes"));
  assertEquals(mine, "filebeat-logs");
  assertEquals(String(ours).startsWith("filebeat-logs-"), true);
  assertEquals(at(runner(component), "volumeMounts"), [
    { mountPath: "/mine", name: "filebeat-logs" },
    { mountPath: "/pulsar/logs/functions", name: ours },
  ]);
});

Deno.test("statefulSet() tells Secrets apart whose volume names would be the same", () => {
  const secret = (secretName: string) => ({
    secretName,
    secretKey: "k",
    asVolume: `/${secretName}`,
  });
  const component = aSource({
    output: { producerConf: { cryptoConfig: { cryptoSecrets: [secret("a.b"), secret("a-b")] } } },
  });
  const names = namesIn(at(podOf(component), "spec", "volumes"));
  assertEquals(new Set(names).size, 2);
  assertEquals(namesIn(at(runner(component), "volumeMounts")), names);
});

Deno.test("statefulSet() keeps its own mount where the user's is at the same path", () => {
  const component = aSink({
    pulsar: { pulsarConfig: "p", tlsConfig: { certSecretName: "ca", certSecretKey: "ca.crt" } },
    pod: { volumes: [{ name: "mine", emptyDir: {} }] },
    volumeMounts: [{ name: "mine", mountPath: "/etc/tls/pulsar-functions" }, {
      name: "mine",
      mountPath: "/mine",
    }],
  });
  assertEquals(at(runner(component), "volumeMounts"), [
    { mountPath: "/mine", name: "mine" },
    { mountPath: "/etc/tls/pulsar-functions", name: "ca-ca-crt" },
  ]);
});

Deno.test("statefulSet() downloads the package of a generic function in an init container", () => {
  const component = aFunction({
    genericRuntime: {
      functionFile: "fn.py",
      functionFileLocation: "function://a/b/fn@1",
      language: "python",
    },
  });
  const pod = podOf(component, INIT);
  assertEquals(namesIn(at(pod, "spec", "initContainers")), ["downloader"]);
  assertEquals(namesIn(at(pod, "spec", "volumes")), ["downloader-volume"]);
  assertEquals(at(runner(component, INIT), "volumeMounts"), [
    { mountPath: "/pulsar/fn.py", name: "downloader-volume", subPath: "fn.py" },
  ]);
});

Deno.test("statefulSet() mounts no volume that a generic function does not need", () => {
  const component = aFunction({ genericRuntime: { functionFile: "fn.py", language: "python" } });
  assertEquals(at(runner(component, INIT), "volumeMounts"), undefined);
});

Deno.test("statefulSet() mounts a downloaded file by its directory, or alone right below /pulsar", () => {
  const mountOf = (jar: string) =>
    at(
      runner(aSink({ java: { jar, jarLocation: "sink://a/b/c@1" } }), INIT),
      "volumeMounts",
      0,
      "mountPath",
    );
  assertEquals(mountOf("a.jar"), "/pulsar/a.jar");
  assertEquals(mountOf("/tmp/a.jar"), "/pulsar/tmp");
  assertEquals(mountOf("sub/dir/a.jar"), "/pulsar/sub/dir");
});

Deno.test("statefulSet() leaves probe thresholds that nobody gave to Kubernetes (W-7)", () => {
  const liveness = (value: object) =>
    at(runner(aSink({ pod: { liveness: value } })), "livenessProbe");
  assertEquals(liveness({ periodSeconds: 5 }), {
    httpGet: { path: "/", port: 9094, scheme: "HTTP" },
    periodSeconds: 5,
    timeoutSeconds: 5,
  });
  assertEquals(at(liveness({ periodSeconds: 5, failureThreshold: 4 }), "failureThreshold"), 4);
  assertEquals(liveness({ initialDelaySeconds: 5 }), undefined);
});

Deno.test("statefulSet() takes the environment of both BackendConfigs under each container's own", () => {
  const facts = {
    globalBackendConfig: backend({ env: { A: "global", B: "global", FOO: "global" } }),
    namespacedBackendConfig: backend({ env: { A: "own" } }),
  };
  const component = aSink({
    pod: { env: [{ name: "FOO", value: "mine" }], sidecars: [{ name: "side", image: "busybox" }] },
  });
  assertEquals(at(runner(component, DEFAULT_SETTINGS, facts), "env"), [
    { name: "A", value: "own" },
    { name: "B", value: "global" },
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "FOO", value: "mine" },
  ]);
  const side = at(podOf(component, DEFAULT_SETTINGS, facts), "spec", "containers", "side", "env");
  assertEquals(namesIn(side), ["A", "B", "FOO"]);
});

Deno.test("statefulSet() prefers the resource, then a BackendConfig, then its defaults (W-20)", () => {
  const facts = {
    globalBackendConfig: backend({
      pod: { securityContext: { runAsUser: 1 }, serviceAccountName: "global" },
    }),
    namespacedBackendConfig: backend({
      pod: {
        serviceAccountName: "own",
        affinity: { nodeAffinity: {} },
        terminationGracePeriodSeconds: 0,
      },
    }),
  };
  const spec = at(podOf(aSink(), DEFAULT_SETTINGS, facts), "spec");
  assertEquals(at(spec, "securityContext"), { runAsUser: 1 });
  assertEquals(at(spec, "serviceAccountName"), "own");
  assertEquals(at(spec, "terminationGracePeriodSeconds"), 0);
  assertEquals(Object.keys(at(spec, "affinity") as object), ["nodeAffinity", "podAntiAffinity"]);
  const mine = aSink({ pod: { securityContext: { runAsUser: 2 }, serviceAccountName: "mine" } });
  assertEquals(at(podOf(mine, DEFAULT_SETTINGS, facts), "spec", "securityContext"), {
    runAsUser: 2,
  });
  assertEquals(at(podOf(mine, DEFAULT_SETTINGS, facts), "spec", "serviceAccountName"), "mine");
  assertEquals(at(podOf(aSink()), "spec", "securityContext", "runAsUser"), 10000);
});

Deno.test("statefulSet() chooses the image by runtime, and none for an unknown language", () => {
  const image = (component: DefaultedComponent) => at(runner(component), "image");
  const { runnerImages } = DEFAULT_SETTINGS;
  assertEquals(image(aFunction()), runnerImages.java);
  assertEquals(image(aFunction({ python: { py: "a.py" } })), runnerImages.python);
  assertEquals(image(aFunction({ golang: { go: "/pulsar/go" } })), runnerImages.go);
  const generic = (language: string) =>
    aFunction({ genericRuntime: { functionFile: "f", language } });
  assertEquals(image(generic("nodejs")), runnerImages.genericRuntime["nodejs"]);
  assertEquals(image(generic("cobol")), undefined);
  assertEquals(image(generic("constructor")), undefined);
  assertEquals(image(aSink()), "streamnative/pulsar-all:2.10.0.0-rc10");
  assertEquals(
    image(aSink({ java: { jar: "a", jarLocation: "sink://a/b/c" } })),
    runnerImages.java,
  );
  assertEquals(image(aSink({ image: "mine:1" })), "mine:1");
});

Deno.test("statefulSet() keeps a dollar sign in the log agent's variables from the kubelet", () => {
  const component = aSink({ logTopic: "persistent://public/default/$(POD_NAME)-$$" });
  const env = at(podOf(component), "spec", "containers", "filebeat", "env", "logTopic", "value");
  assertEquals(env, "persistent://public/default/$$(POD_NAME)-$$$");
});

Deno.test("statefulSet() has no log agent when it could not authenticate", () => {
  const component = (clientAuthenticationParameters: string) =>
    aSink({
      logTopic: "persistent://public/default/logs",
      pulsar: {
        pulsarConfig: "p",
        authConfig: {
          genericAuth: {
            clientAuthenticationPlugin:
              "org.apache.pulsar.client.impl.auth.oauth2.AuthenticationOAuth2",
            clientAuthenticationParameters,
          },
        },
      },
    });
  const containers = (parameters: string) =>
    namesIn(at(podOf(component(parameters)), "spec", "containers"));
  assertEquals(containers(`{"issuerUrl":"https://x"}`), ["pulsar-sink", "filebeat"]);
  assertEquals(containers("not json"), ["pulsar-sink"]);
  assertEquals(containers(`{"issuerUrl":1}`), ["pulsar-sink"]);
});
