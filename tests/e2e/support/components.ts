import type { KubeObject } from "#base";

/** Members of a resource's `spec`. */
export type Spec = Readonly<Record<string, unknown>>;

/** Name of the ConfigMap with the broker's addresses in each test's namespace. */
export const PULSAR_CONFIG = "pulsar";

/** Classes of Pulsar's own examples, which the runner image holds. */
export const EXAMPLES = "org.apache.pulsar.functions.api.examples";
export const EXAMPLES_JAR = "/pulsar/examples/api-examples.jar";
/** The functions of `tests/e2e/functions`, as the runner image holds them. */
export const OWN_JAR = "/pulsar/e2e/functions.jar";
export const DATA_GENERATOR = "connectors/pulsar-io-data-generator-4.0.8.nar";

const API = "compute.functionmesh.io/v1alpha1";

// A small heap, and no compiler of the second stage: on few cores a start is what costs.
const JAVA_RESOURCES = {
  requests: { cpu: "10m", memory: "384Mi" },
  limits: { memory: "384Mi" },
};
const SMALL_RESOURCES = {
  requests: { cpu: "10m", memory: "128Mi" },
  limits: { memory: "192Mi" },
};
const JAVA_OPTIONS = ["-XX:TieredStopAtLevel=1", "-XX:+UseStringDeduplication"];

/** The `java` member of a spec. */
export function javaOf(jar: string, more: Spec = {}): Spec {
  return { jar, javaOpts: JAVA_OPTIONS, ...more };
}

/** What all components of a test have: the image, the broker, short ends, the class of texts. */
function componentSpec(image: string): Spec {
  return {
    image,
    replicas: 1,
    pulsar: { pulsarConfig: PULSAR_CONFIG },
    resources: JAVA_RESOURCES,
    pod: { terminationGracePeriodSeconds: 10 },
  };
}

/** Members of a Function's spec: Pulsar's exclamation function in Java, from one topic to another. */
export function javaFunction(
  image: string,
  options: { readonly input: string; readonly output: string },
): Spec {
  return {
    ...componentSpec(image),
    className: `${EXAMPLES}.ExclamationFunction`,
    java: javaOf(EXAMPLES_JAR),
    input: { topics: [options.input], typeClassName: "java.lang.String" },
    output: { topic: options.output, typeClassName: "java.lang.String" },
  };
}

/** The same in Python. */
export function pythonFunction(
  image: string,
  options: { readonly input: string; readonly output: string },
): Spec {
  return {
    ...componentSpec(image),
    className: "exclamation_function.ExclamationFunction",
    python: { py: "/pulsar/examples/python-examples/exclamation_function.py" },
    input: { topics: [options.input] },
    output: { topic: options.output },
    resources: SMALL_RESOURCES,
  };
}

/** The same by the stand-in for the Go library. */
export function goFunction(
  image: string,
  options: { readonly input: string; readonly output: string },
): Spec {
  return {
    ...componentSpec(image),
    golang: { go: "/pulsar/go-standin" },
    input: { topics: [options.input] },
    output: { topic: options.output },
    resources: SMALL_RESOURCES,
  };
}

/** Members of a Source's spec: made-up people. */
export function personSource(image: string, options: { readonly output: string }): Spec {
  return {
    ...componentSpec(image),
    className: "org.apache.pulsar.io.datagenerator.DataGeneratorSource",
    java: javaOf(DATA_GENERATOR),
    sourceConfig: { sleepBetweenMessages: "200" },
    output: {
      topic: options.output,
      typeClassName: "org.apache.pulsar.io.datagenerator.Person",
    },
  };
}

/** Members of a Sink's spec: it writes what it gets into its log. */
export function printSink(
  image: string,
  options: { readonly input: string; readonly typeClassName?: string },
): Spec {
  return {
    ...componentSpec(image),
    className: "org.apache.pulsar.io.datagenerator.DataGeneratorPrintSink",
    java: javaOf(DATA_GENERATOR),
    sinkConfig: {},
    input: {
      topics: [options.input],
      typeClassName: options.typeClassName ?? "java.lang.String",
    },
  };
}

/** A resource of our group; its namespace comes from the MeshSync. */
export function component(
  kind: string,
  name: string,
  options: { readonly spec: Spec },
): KubeObject {
  return { apiVersion: API, kind, metadata: { name }, spec: options.spec };
}
