import { type DefaultedComponent, integerValue, parseQuantity } from "#api";
import {
  downloadFirst,
  hasSecrets,
  instanceArguments,
  type ScriptInput,
  SHARD,
  SHARD_ID,
  stateArguments,
} from "./instance.ts";
import { javaLevel, log4jXml, log4jYaml, rotationOf } from "./log_config.ts";
import { filePath, hasLogSidecar, type JavaRunner } from "./runner.ts";
import { quoted, word, words } from "./shell.ts";

const INSTANCE_JAR = "/pulsar/instances/java-instance.jar";
const MAIN_CLASS = "org.apache.pulsar.functions.instance.JavaInstanceMain";
const SECRETS_PROVIDER =
  "org.apache.pulsar.functions.secretsprovider.EnvironmentBasedSecretsProvider";
const LOG_DIRECTORY = "/pulsar/conf/java-log/";
/** Libraries for logging in YAML: their versions depend on the image. */
const YAML_LIBRARIES = [
  "com.fasterxml.jackson.dataformat-jackson-dataformat-yaml",
  "org.yaml-snakeyaml",
]
  .map((library) => `"$(echo /pulsar/lib/${library}-*.jar)"`).join(":");
const MEMORY_SUFFIXES = ["", "k", "M", "G", "T", "P", "E"];

/** The script of a Java instance: Functions, and all Sources and Sinks. */
export function javaScript(component: DefaultedComponent, input: ScriptInput<JavaRunner>): string {
  const { runner, settings } = input;
  const { spec } = runner;
  const connectors = component.kind === "Function" &&
    (component.spec.sourceConfig || component.spec.sinkConfig);
  const pending = component.kind === "Function"
    ? component.spec.maxPendingAsyncRequests
    : undefined;
  return [
    downloadFirst(component, input),
    SHARD,
    logConfigScript(component, runner),
    words(
      "exec java",
      virtualMachineOptions(component, runner),
      word(spec.entryClass || MAIN_CLASS),
      "--jar",
      word(filePath(runner.file, settings)),
      instanceArguments(component),
      connectors ? "--connectors_directory /pulsar/connectors" : "",
      hasSecrets(component) ? `--secrets_provider ${SECRETS_PROVIDER}` : "",
      stateArguments(component),
      stateClass(component),
      pending === undefined ? "" : `--pending_async_requests ${pending}`,
    ),
  ].filter((part) => part !== "").join(" && ");
}

function virtualMachineOptions(component: DefaultedComponent, { spec, log }: JavaRunner): string {
  const dependencies = spec.extraDependenciesDir ? word(`:${spec.extraDependenciesDir}/*`) : "";
  const level = log?.level ? javaLevel(log.level) : undefined;
  return words(
    `-cp ${word(spec.instancePath || INSTANCE_JAR)}:${YAML_LIBRARIES}${dependencies}`,
    word("-Dpulsar.functions.instance.classpath=/pulsar/lib/*"),
    `-Dlog4j.configurationFile=${logFile(log)}`,
    "-Dpulsar.function.log.dir=logs/functions",
    `${word(`-Dpulsar.function.log.file=${component.spec.name}-`)}${SHARD_ID}`,
    "-Dpulsar.allocator.exit_on_oom=true",
    level === undefined ? "" : `-Dpulsar.log.level=${level} -Dbk.log.level=${level}`,
    "-XX:MaxRAMPercentage=70",
    `-XX:MaxDirectMemorySize=${directMemory(component)}`,
    "-XX:+UseG1GC -XX:+HeapDumpOnOutOfMemoryError",
    "-XX:HeapDumpPath=/pulsar/tmp/heapdump-%p.hprof -XX:+ExitOnOutOfMemoryError",
    word("-Xlog:gc*:file=/pulsar/logs/gc.log:time,level,tags:filecount=5,filesize=10M"),
    ...javaOptions(spec.javaOpts ?? []).map(word),
  );
}

/**
 * The options of `java.javaOpts`, one a word. An item may hold several, as the reference operator lets a shell split
 * them: an item is cut before what begins a new option, and after the name of one whose value is a word of its own.
 * All other blanks belong to a value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { javaOptions } from "#desired";
 * assertEquals(javaOptions(["-Xms1g -Xmx2g", "-Dgreeting=good day"]), ["-Xms1g", "-Xmx2g", "-Dgreeting=good day"]);
 * ```
 */
export function javaOptions(items: readonly string[]): string[] {
  const next =
    /\s+(?=-(?:[DX]|-[a-z]|javaagent:|agentlib:|agentpath:|ea\b|da\b|esa\b|dsa\b|verbose|server\b))/;
  return items.flatMap((item) => item.trim().split(next))
    .flatMap((option) => {
      const [, name] = /^(--[a-z][a-z-]*)\s/.exec(option) ?? [];
      return name === undefined ? [option] : [name, option.slice(name.length).trimStart()];
    })
    .filter((option) => option !== "");
}

/**
 * Memory outside the heap: a fifth of the limit. The heap takes 70 %, the rest is for the JVM itself. Written with a
 * decimal suffix, which the JVM reads as a binary one.
 */
function directMemory(component: DefaultedComponent): string {
  const limit = component.spec.resources?.limits?.["memory"];
  const parsed = limit === undefined ? undefined : parseQuantity(limit);
  let size = parsed === undefined ? 0n : integerValue(parsed) / 5n;
  let step = 0;
  while (size !== 0n && size % 1000n === 0n && step < MEMORY_SUFFIXES.length - 1) {
    size /= 1000n;
    step++;
  }
  return `${size}${MEMORY_SUFFIXES[step]}`;
}

function stateClass(component: DefaultedComponent): string {
  const state = component.spec.statefulConfig?.pulsar;
  if (!state?.serviceUrl || !state.javaProvider) return "";
  return words("--state_storage_impl_class", word(state.javaProvider.className ?? ""));
}

function logFile(log: JavaRunner["log"]): string {
  return `${LOG_DIRECTORY}java_instance_log4j.${
    log?.javaLog4JConfigFileType === "yaml" ? "yaml" : "xml"
  }`;
}

/** Writes the log configuration, unless a ConfigMap brings one or its type is one that is not generated. */
function logConfigScript(component: DefaultedComponent, { log }: JavaRunner): string {
  const type = log?.javaLog4JConfigFileType || "xml";
  if (log?.logConfig || (type !== "xml" && type !== "yaml")) return "";
  const rotation = rotationOf(log?.rotatePolicy, hasLogSidecar(component));
  const style = {
    level: log?.level ? javaLevel(log.level) : "INFO",
    json: log?.format === "json",
    ...(rotation === undefined ? {} : { rotation }),
  };
  const text = type === "yaml" ? log4jYaml(style) : log4jXml(style);
  return `mkdir -p ${LOG_DIRECTORY} && echo ${quoted(text)} > ${logFile(log)}`;
}
