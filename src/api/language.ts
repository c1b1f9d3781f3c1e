import { Type } from "@sinclair/typebox";
import { choice, list, optional, text, type Value } from "./schema.ts";

/** Schema of {@linkcode LogConfig}. */
export const LogConfigSchema = Type.Object({
  level: optional(
    choice("Log level", [
      "off",
      "trace",
      "debug",
      "info",
      "warn",
      "error",
      "fatal",
      "all",
      "panic",
    ]),
  ),
  rotatePolicy: optional(
    choice("When the log file is rotated", [
      "TimedPolicyWithDaily",
      "TimedPolicyWithWeekly",
      "TimedPolicyWithMonthly",
      "SizedPolicyWith10MB",
      "SizedPolicyWith50MB",
      "SizedPolicyWith100MB",
    ]),
  ),
  format: optional(choice("Format of a log line (default text)", ["json", "text"])),
  javaLog4JConfigFileType: optional(
    choice("Flavour of the Java configuration file (default xml)", ["yaml", "xml", "ini"]),
  ),
  logConfig: optional(
    Type.Object({
      name: text("Name of the ConfigMap"),
      key: text("Key in it"),
    }, { description: "A ConfigMap to use in place of a generated file" }),
  ),
}, { description: "Logging" });

/** Schema of {@linkcode JavaRuntime}. */
export const JavaSchema = Type.Object({
  jar: text("Path of the jar or nar in the container"),
  jarLocation: optional(text("Where to download it; empty when the image holds it")),
  extraDependenciesDir: optional(text("Directory appended to the class path")),
  javaOpts: optional(list("More options of the JVM", Type.String())),
  instancePath: optional(text("Path of the instance jar")),
  entryClass: optional(text("Main class of the instance")),
  log: optional(LogConfigSchema),
}, { description: "Java runtime" });

/** Schema of {@linkcode PythonRuntime}. */
export const PythonSchema = Type.Object({
  py: text("Path of the .py, .zip or .whl in the container"),
  pyLocation: optional(text("Where to download it; empty when the image holds it")),
  log: optional(LogConfigSchema),
}, { description: "Python runtime" });

/** Schema of {@linkcode GoRuntime}. */
export const GoSchema = Type.Object({
  go: text("Path of the executable in the container"),
  goLocation: optional(text("Where to download it; empty when the image holds it")),
  log: optional(LogConfigSchema),
}, { description: "Go runtime" });

/** Schema of {@linkcode GenericRuntime}. */
export const GenericSchema = Type.Object({
  functionFile: text("File to run"),
  functionFileLocation: optional(text("Where to download it; empty when the image holds it")),
  language: text(
    "Which generic runner: nodejs, python, executable, wasm or one that is configured",
  ),
}, { description: "Generic runtime" });

/** How the runner logs. */
export type LogConfig = Value<typeof LogConfigSchema>;
/** `spec.java`. */
export type JavaRuntime = Value<typeof JavaSchema>;
/** `spec.python`. */
export type PythonRuntime = Value<typeof PythonSchema>;
/** `spec.golang`. */
export type GoRuntime = Value<typeof GoSchema>;
/** `spec.genericRuntime`. */
export type GenericRuntime = Value<typeof GenericSchema>;
