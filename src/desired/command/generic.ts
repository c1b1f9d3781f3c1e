import type { DefaultedComponent } from "#api";
import {
  downloadFirst,
  hasSecrets,
  instanceArguments,
  type ScriptInput,
  SHARD,
  stateArguments,
} from "./instance.ts";
import { filePath, type GenericRunner } from "./runner.ts";
import { entryOf } from "../tidy.ts";
import { word, words } from "./shell.ts";

/** Providers of secrets by language. Others get their secrets as environment only. */
const SECRETS_PROVIDERS: Readonly<Record<string, string>> = {
  nodejs: "EnvironmentBasedSecretsProvider",
  python: "secrets_provider.EnvironmentBasedSecretsProvider",
};

/** The script of a generic instance. Its images hold pulsarctl and wget. */
export function genericScript(
  component: DefaultedComponent,
  input: ScriptInput<GenericRunner>,
): string {
  const { runner, settings } = input;
  const language = runner.spec.language ?? "";
  const provider = hasSecrets(component) ? entryOf(SECRETS_PROVIDERS, language) : undefined;
  return [
    downloadFirst(component, { ...input, tools: { pulsarctl: true, wget: true } }),
    SHARD,
    words(
      "exec pulsar_rust_instance --function_file",
      word(filePath(runner.file, settings)),
      "--language",
      word(language),
      instanceArguments(component),
      provider === undefined ? "" : `--secrets_provider ${provider}`,
      stateArguments(component),
    ),
  ].filter((part) => part !== "").join(" && ");
}
