import type { DefaultedComponent } from "#api";
import {
  downloadFirst,
  hasSecrets,
  instanceArguments,
  type ScriptInput,
  SHARD,
  SHARD_ID,
  stateArguments,
} from "./instance.ts";
import { pythonIni, pythonLevel, rotationOf } from "./log_config.ts";
import { filePath, hasLogSidecar, type PythonRunner } from "./runner.ts";
import { quoted, word, words } from "./shell.ts";

const LOG_FILE = "/pulsar/conf/python-log/python_instance_logging.ini";
/** Without this the instance would set a level of its own over the configured one. */
const KEEP_LEVEL = "sed -i.bak 's/^  Log.setLevel/#&/' /pulsar/instances/python-instance/log.py";

/** The script of a Python instance. */
export function pythonScript(
  component: DefaultedComponent,
  input: ScriptInput<PythonRunner>,
): string {
  const { runner, settings } = input;
  const name = word(component.spec.name);
  return [
    downloadFirst(component, input),
    SHARD,
    KEEP_LEVEL,
    logConfigScript(component, runner),
    words(
      "exec python /pulsar/instances/python-instance/python_instance_main.py --py",
      word(filePath(runner.file, settings)),
      `--logging_directory logs/functions --logging_file ${name}-${SHARD_ID}.log`,
      `--logging_config_file ${LOG_FILE} --install_usercode_dependencies true`,
      instanceArguments(component),
      hasSecrets(component)
        ? "--secrets_provider secretsprovider.EnvironmentBasedSecretsProvider"
        : "",
      stateArguments(component),
    ),
  ].filter((part) => part !== "").join(" && ");
}

/** Writes the log configuration, unless a ConfigMap brings one. */
function logConfigScript(component: DefaultedComponent, { log }: PythonRunner): string {
  if (log?.logConfig) return "";
  const level = log?.level ? pythonLevel(log.level) : undefined;
  const rotation = rotationOf(log?.rotatePolicy, hasLogSidecar(component));
  const text = pythonIni(component.spec.name, {
    level: level ?? "INFO",
    json: log?.format?.toLowerCase() === "json",
    ...(rotation === undefined ? {} : { rotation }),
  });
  const write = `mkdir -p /pulsar/conf/python-log/ logs/functions && echo ${
    quoted(text)
  } > ${LOG_FILE}`;
  return level === undefined
    ? write
    : `${write} && sed -i.bak 's/^level=.*/level=${level}/g' ${LOG_FILE}`;
}
