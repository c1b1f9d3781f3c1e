import type { BackendConfig } from "#api";
import type { KubeObject, ObjectKey } from "#base";
import type { Facts } from "./settings.ts";

/** Which BackendConfigs count, as the program was told. */
export interface BackendConfigNames {
  /** The one for all namespaces; none when left out. */
  readonly globalBackendConfig?: ObjectKey;
  /** Name of the one in each resource's namespace; empty for none. */
  readonly namespacedBackendConfig: string;
}

/**
 * The BackendConfigs that apply to the resources of a namespace.
 *
 * @param find looks one up where they are known
 */
export function backendFacts(
  namespace: string,
  { globalBackendConfig, namespacedBackendConfig: name }: BackendConfigNames,
  find: (key: ObjectKey) => KubeObject | undefined,
): Facts {
  const global = globalBackendConfig === undefined ? undefined : find(globalBackendConfig);
  const namespaced = name === "" ? undefined : find({ namespace, name });
  return {
    ...(global === undefined ? {} : { globalBackendConfig: global as BackendConfig }),
    ...(namespaced === undefined ? {} : { namespacedBackendConfig: namespaced as BackendConfig }),
  };
}
