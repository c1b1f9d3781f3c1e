import {
  COMPUTE_API_VERSION,
  type DefaultedFunction,
  type DefaultedSink,
  type DefaultedSource,
  type FunctionResource,
  type FunctionSpec,
  type SinkSpec,
  type SourceSpec,
  withDefaults,
} from "#api";
import { isPlainObject, type KubeObject } from "#base";

const METADATA = { name: "orders", namespace: "shop", uid: "uid-1" };

/** A Java function that needs nothing more; `spec` adds to it. */
export function functionResource(spec: FunctionSpec = {}): FunctionResource {
  return {
    apiVersion: COMPUTE_API_VERSION,
    kind: "Function",
    metadata: METADATA,
    spec: {
      className: "org.example.Fn",
      input: { topics: ["persistent://public/default/in"] },
      output: { topic: "persistent://public/default/out" },
      pulsar: { pulsarConfig: "pulsar" },
      ...(spec.python || spec.golang || spec.genericRuntime ? {} : { java: { jar: "fn.jar" } }),
      ...spec,
    },
  };
}

/** {@linkcode functionResource} with its defaults. */
export function aFunction(spec: FunctionSpec = {}): DefaultedFunction {
  return withDefaults(functionResource(spec));
}

/** A source with its defaults. */
export function aSource(spec: SourceSpec = {}): DefaultedSource {
  return withDefaults({
    apiVersion: COMPUTE_API_VERSION,
    kind: "Source",
    metadata: METADATA,
    spec: {
      className: "org.example.Src",
      output: { topic: "persistent://public/default/out" },
      pulsar: { pulsarConfig: "pulsar" },
      java: { jar: "src.nar" },
      ...spec,
    },
  });
}

/** A sink with its defaults. */
export function aSink(spec: SinkSpec = {}): DefaultedSink {
  return withDefaults({
    apiVersion: COMPUTE_API_VERSION,
    kind: "Sink",
    metadata: METADATA,
    spec: {
      className: "org.example.Snk",
      input: { topics: ["persistent://public/default/in"] },
      pulsar: { pulsarConfig: "pulsar" },
      java: { jar: "snk.nar" },
      ...spec,
    },
  });
}

/** A part of an object by its path; list items by number, or by their name. */
export function at(object: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce((value: unknown, step) => {
    if (Array.isArray(value)) {
      return typeof step === "number" ? value.at(step) : value.find((item) => item?.name === step);
    }
    return isPlainObject(value) ? value[step] : undefined;
  }, object);
}

/** The names of a list's items. */
export function namesIn(list: unknown, member = "name"): unknown[] {
  return Array.isArray(list) ? list.map((item) => item?.[member]) : [];
}

/** The object of a kind among others. */
export function ofKind(objects: readonly KubeObject[], kind: string): KubeObject | undefined {
  return objects.find((object) => object.kind === kind);
}

/** The same value, unchangeable at every depth: a write to it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

/** The same value with the members of every object in the opposite order. */
export function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).reverse().map(([name, member]) => [name, reversed(member)]),
  );
}

const OAUTH2 = {
  audience: "urn:x",
  issuerUrl: "https://issuer/",
  keySecretName: "key.file",
  keySecretKey: "auth.json",
};

const FULL_POD: NonNullable<FunctionSpec["pod"]> = {
  labels: { team: "data" },
  env: [{ name: "FOO", value: "bar" }],
  sidecars: [{ name: "side", image: "busybox" }],
  volumes: [{ name: "scratch", emptyDir: { sizeLimit: "0.5Gi" } }],
  vpa: {
    resourcePolicy: { containerPolicies: [{ containerName: "*", minAllowed: { cpu: "0.2" } }] },
  },
  liveness: { periodSeconds: 10 },
};

/** Crypto settings that mount a key of a Secret. */
function keyOf(secretKey: string) {
  const secret = { secretName: "k", secretKey, asVolume: `/k/${secretKey}` };
  return { cryptoConfig: { cryptoSecrets: [secret] } };
}

/** A function with something in every field that objects are made from. */
export function fullFunction(): FunctionResource {
  return functionResource({
    replicas: 2,
    minReplicas: 2,
    maxReplicas: 5,
    logTopic: "persistent://public/default/logs",
    logTopicAgent: "sidecar",
    maxMessageRetry: 3,
    timeout: 1000,
    secretsMap: { B: { path: "s", key: "b" }, A: { path: "s", key: "a" } },
    funcConfig: { z: 1, a: { y: null, b: [1, "two"] } },
    windowConfig: { windowLengthCount: 10 },
    resources: { requests: { cpu: "0.5", memory: "1Gi" }, limits: { cpu: 1, memory: "2048Mi" } },
    pulsar: {
      pulsarConfig: "pulsar",
      authConfig: { oauth2Config: OAUTH2 },
      tlsConfig: { enabled: true, certSecretName: "ca", certSecretKey: "ca.crt" },
    },
    pulsarPackageService: { pulsarConfig: "packages", authSecret: "package-auth" },
    java: {
      jar: "fn.jar",
      jarLocation: "function://public/default/fn@v1",
      javaOpts: ["-Dx=1"],
      log: { level: "debug", format: "json", rotatePolicy: "TimedPolicyWithDaily" },
    },
    input: {
      topics: ["persistent://public/default/in"],
      sourceSpecs: { b: keyOf("b"), a: keyOf("a") },
    },
    volumeClaimTemplates: [{
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1024Mi" } } },
    }],
    volumeMounts: [{ name: "data", mountPath: "/data" }],
    pod: FULL_POD,
  });
}
