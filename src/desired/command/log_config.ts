import { entryOf } from "../tidy.ts";

/** When a log file is rolled: by the clock, or by its size. */
export type Rotation =
  | { readonly every: "day" | "week" | "month" }
  | { readonly sizeMegabytes: 10 | 50 | 100 };

/** What a generated log configuration says. */
export interface LogStyle {
  /** A level in the words of the runtime, e.g. `WARNING` for Python. */
  readonly level: string;
  readonly json: boolean;
  readonly rotation?: Rotation;
}

const ROTATIONS: Readonly<Record<string, Rotation>> = {
  TimedPolicyWithDaily: { every: "day" },
  TimedPolicyWithWeekly: { every: "week" },
  TimedPolicyWithMonthly: { every: "month" },
  SizedPolicyWith10MB: { sizeMegabytes: 10 },
  SizedPolicyWith50MB: { sizeMegabytes: 50 },
  SizedPolicyWith100MB: { sizeMegabytes: 100 },
};

/**
 * The rotation of a `log.rotatePolicy`. Where a sidecar reads the files, they are rolled at 10 MB without a policy:
 * otherwise they would fill the volume.
 */
export function rotationOf(policy: string | undefined, sidecar: boolean): Rotation | undefined {
  return entryOf(ROTATIONS, policy) ?? (sidecar ? { sizeMegabytes: 10 } : undefined);
}

const JAVA_LEVELS = new Set(["off", "trace", "debug", "info", "warn", "error", "fatal", "all"]);

/** The log4j level of a `log.level`; what log4j does not know is `INFO`. */
export function javaLevel(level: string): string {
  return JAVA_LEVELS.has(level) ? level.toUpperCase() : "INFO";
}

const PYTHON_LEVELS: Readonly<Record<string, string>> = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "CRITICAL",
};

/** The level of Python's `logging` for a `log.level`; what Python does not know is `INFO`. */
export function pythonLevel(level: string): string {
  return entryOf(PYTHON_LEVELS, level) ?? "INFO";
}

const GO_LEVELS = new Set(["debug", "trace", "info", "warn", "error", "fatal", "panic"]);

/** The level that a Go runner reads from `LOGGING_LEVEL`; what it does not know, and no level, is `info`. */
export function goLevel(level: string | undefined): string {
  return level !== undefined && GO_LEVELS.has(level) ? level : "info";
}

const PATTERN = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSZ} [%t] %-5level %logger{36} - %msg%n";
const LOG_FILE = "${sys:pulsar.function.log.dir}/${sys:pulsar.function.log.file}";
const BOOKKEEPER = "org.apache.pulsar.functions.runtime.shaded.org.apache.bookkeeper";
/** Quartz schedules: seconds, minutes, hours, day of month, month, day of week (1 is Sunday). */
const SCHEDULES = { day: "0 0 0 * * ?", week: "0 0 0 ? * 1", month: "0 0 0 1 * ?" };
const FILES_KEPT = 5;

/** A log4j 2 configuration in XML. A file is written only where there is a rotation. */
export function log4jXml(style: LogStyle): string {
  const layout = style.json
    ? `<JsonLayout compact="true" complete="false" eventEol="true"/>`
    : `<PatternLayout pattern="${PATTERN}"/>`;
  const file = style.rotation === undefined ? "" : xmlFile(layout, xmlTrigger(style.rotation));
  const refs = `<AppenderRef ref="Console"/>` +
    (style.rotation === undefined ? "" : `<AppenderRef ref="File"/>`);
  return `<Configuration status="warn" name="pulsar-functions-kubernetes-instance" monitorInterval="30">
  <Properties>
    <Property name="pulsar.log.level">${style.level}</Property>
    <Property name="bk.log.level">${style.level}</Property>
  </Properties>
  <Appenders>
    <Console name="Console" target="SYSTEM_OUT">${layout}</Console>${file}
  </Appenders>
  <Loggers>
    <Root level="\${sys:pulsar.log.level}">${refs}</Root>
    <Logger name="${BOOKKEEPER}" level="\${sys:bk.log.level}" additivity="false">${refs}</Logger>
  </Loggers>
</Configuration>`;
}

function xmlFile(layout: string, trigger: string): string {
  return `
    <RollingRandomAccessFile name="File" fileName="${LOG_FILE}.log"
        filePattern="${LOG_FILE}-%d{yyyy-MM-dd}-%i.log.gz">
      ${layout}
      <Policies>${trigger}</Policies>
      <DefaultRolloverStrategy max="${FILES_KEPT}">
        <Delete basePath="\${sys:pulsar.function.log.dir}">
          <IfFileName glob="\${sys:pulsar.function.log.file}-*.log.gz">
            <IfAccumulatedFileCount exceeds="${FILES_KEPT}"/>
          </IfFileName>
        </Delete>
      </DefaultRolloverStrategy>
    </RollingRandomAccessFile>`;
}

function xmlTrigger(rotation: Rotation): string {
  return "every" in rotation
    ? `<CronTriggeringPolicy schedule="${SCHEDULES[rotation.every]}"/>`
    : `<SizeBasedTriggeringPolicy size="${rotation.sizeMegabytes} MB"/>`;
}

/** The same in YAML, where a file is always written: without a rotation it is rolled each day or at 10 MB. */
export function log4jYaml(style: LogStyle): string {
  const refs = `
        AppenderRef:
          - ref: Console
          - ref: File`;
  return `Configuration:
  status: warn
  name: pulsar-functions-kubernetes-instance
  monitorInterval: 30
  Properties:
    Property:
      - name: pulsar.log.level
        value: ${style.level}
      - name: bk.log.level
        value: ${style.level}
  Appenders:
    Console:
      name: Console
      target: SYSTEM_OUT
${yamlLayout(style.json)}
    RollingRandomAccessFile:
      name: File
      fileName: "${LOG_FILE}.log"
      filePattern: "${LOG_FILE}-%d{yyyy-MM-dd}-%i.log.gz"
${yamlLayout(style.json)}
      Policies:
${yamlTriggers(style.rotation)}
      DefaultRolloverStrategy:
        max: ${FILES_KEPT}
        Delete:
          basePath: "\${sys:pulsar.function.log.dir}"
          IfFileName:
            glob: "\${sys:pulsar.function.log.file}-*.log.gz"
            IfAccumulatedFileCount:
              exceeds: ${FILES_KEPT}
  Loggers:
    Root:
      level: "\${sys:pulsar.log.level}"${refs.replaceAll("\n  ", "\n")}
    Logger:
      - name: ${BOOKKEEPER}
        level: "\${sys:bk.log.level}"
        additivity: false${refs}`;
}

function yamlLayout(json: boolean): string {
  return json
    ? `      JsonLayout:
        compact: true
        complete: false
        eventEol: true`
    : `      PatternLayout:
        pattern: "${PATTERN}"`;
}

function yamlTriggers(rotation: Rotation | undefined): string {
  const cron = (schedule: string) =>
    `        CronTriggeringPolicy:
          schedule: "${schedule}"`;
  const size = (megabytes: number) =>
    `        SizeBasedTriggeringPolicy:
          size: ${megabytes} MB`;
  if (rotation === undefined) {
    return `        TimeBasedTriggeringPolicy:
          interval: 1
${size(10)}`;
  }
  return "every" in rotation ? cron(SCHEDULES[rotation.every]) : size(rotation.sizeMegabytes);
}

/** When and how often Python's timed handler rolls. */
const PYTHON_TIMES = { day: `"D", 1`, week: `"W0", 1`, month: `"D", 30` };

/**
 * A configuration for Python's `logging.config.fileConfig`.
 *
 * @param name the function's name, which names the log file; data, so it is escaped (handlers' arguments are evaluated)
 */
export function pythonIni(name: string, style: LogStyle): string {
  const file = style.rotation === undefined ? "" : `
[handler_file]
class=${
    "every" in style.rotation
      ? "logging.handlers.TimedRotatingFileHandler"
      : "logging.handlers.RotatingFileHandler"
  }
level=${style.level}
formatter=line
args=(${pythonText(`logs/functions/${name}.log`)}, ${pythonRotation(style.rotation)})
`;
  const formatter = style.json
    ? `class=pythonjsonlogger.jsonlogger.JsonFormatter
format=%(asctime)s %(levelname)s %(filename)s %(lineno)d %(message)s`
    : `format=[%(asctime)s] [%(levelname)s] %(filename)s:%(lineno)d %(message)s`;
  const handlers = style.rotation === undefined ? "console" : "console,file";
  return `[loggers]
keys=root

[handlers]
keys=${handlers}

[formatters]
keys=line

[logger_root]
level=${style.level}
handlers=${handlers}

[handler_console]
class=StreamHandler
level=${style.level}
formatter=line
args=(sys.stdout,)
${file}
[formatter_line]
${formatter}
datefmt=%Y-%m-%d %H:%M:%S %z`;
}

function pythonRotation(rotation: Rotation): string {
  return "every" in rotation
    ? `${PYTHON_TIMES[rotation.every]}, ${FILES_KEPT}`
    : `"a", ${rotation.sizeMegabytes * 1024 * 1024}, ${FILES_KEPT}`;
}

/** A Python string literal of ASCII letters: neither the ini reader (`%`) nor the evaluation sees anything else. */
function pythonText(value: string): string {
  const inner = [...value].map((letter) =>
    /[A-Za-z0-9_.\/-]/.test(letter)
      ? letter
      : `\\U${(letter.codePointAt(0) ?? 0).toString(16).padStart(8, "0")}`
  );
  return `"${inner.join("")}"`;
}
