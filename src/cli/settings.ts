import { type BackendConfigNames, DEFAULT_SETTINGS, type Settings } from "#desired";
import { fileSettings } from "./config_file.ts";
import { fileFailure, type FlagValues, UsageError } from "./flag.ts";

/** The settings that flags and the controller configuration file ask for. @throws {UsageError} for a bad file */
export async function settingsFrom(flags: FlagValues): Promise<Settings> {
  const file = flags.text("config-file");
  const fromFile = file === "" ? {} : fileSettings(await readText(file), file);
  return {
    ...DEFAULT_SETTINGS,
    ...fromFile,
    enableInitContainers: flags.boolean("enable-init-containers"),
    addDefaultAffinity: flags.boolean("add-default-affinity"),
    runAsNonRoot: flags.boolean("run-as-non-root"),
    ...podServiceAccountsFrom(flags),
  };
}

function podServiceAccountsFrom(flags: FlagValues): Pick<Settings, "podServiceAccounts"> {
  const names = flags.text("pod-service-accounts").split(",").map((name) => name.trim())
    .filter((name) => name !== "");
  return names.length === 0 ? {} : { podServiceAccounts: names };
}

/** The names that flags give to BackendConfigs. */
export function backendNamesFrom(flags: FlagValues): BackendConfigNames {
  const name = flags.text("global-backend-config");
  const namespace = flags.text("global-backend-config-namespace");
  return {
    ...(name === "" || namespace === "" ? {} : { globalBackendConfig: { namespace, name } }),
    namespacedBackendConfig: flags.text("namespaced-backend-config"),
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new UsageError(`Cannot read the configuration file ${file}: ${fileFailure(error)}`, {
      cause: error,
    });
  }
}
