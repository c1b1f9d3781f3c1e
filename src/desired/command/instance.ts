import type { DefaultedComponent } from "#api";
import { functionDetails } from "../details.ts";
import type { Settings } from "../settings.ts";
import {
  certificate,
  credentials,
  downloadScript,
  downloadService,
  pulsarService,
  type Tools,
  toolsOf,
} from "./download.ts";
import { filePath, type Runner } from "./runner.ts";
import { ownVariable, quoted, variable, word, words } from "./shell.ts";

/** Sets the number of the instance, the last part of the pod's name, and says it in the log. */
export const SHARD = "SHARD_ID=${POD_NAME##*-} && echo shardId=${SHARD_ID}";

/** The number of the instance as a word. */
export const SHARD_ID = ownVariable("SHARD_ID");

/** What all scripts of one runtime are made from, besides the component. */
export interface ScriptInput<R extends Runner> {
  readonly runner: R;
  readonly settings: Settings;
}

/** The script that downloads the code first, or "" where the image holds it or an init container fetches it. */
export function downloadFirst(
  component: DefaultedComponent,
  { runner, settings, tools = toolsOf(component) }: ScriptInput<Runner> & {
    readonly tools?: Tools;
  },
): string {
  if (runner.location === "" || settings.enableInitContainers) return "";
  const service = downloadService(component);
  return downloadScript(runner.location, filePath(runner.file, settings), { service, tools });
}

/** The arguments that Java, Python and generic instances share. */
export function instanceArguments(component: DefaultedComponent): string {
  return words(
    `--instance_id ${SHARD_ID} --function_id ${SHARD_ID}${
      word(`-${component.metadata.uid ?? ""}`)
    }`,
    "--function_version 0 --function_details",
    quoted(functionDetails(component)),
    "--pulsar_serviceurl",
    variable("brokerServiceURL"),
    "--max_buffered_tuples 100 --port 9093 --metrics_port 9094 --expected_healthcheck_interval 0",
    "--cluster_name",
    word(component.spec.clusterName),
    clientAuth(component),
    clientTls(component),
  );
}

/** Arguments for the state store, where one is configured. */
export function stateArguments(component: DefaultedComponent): string {
  const url = component.spec.statefulConfig?.pulsar?.serviceUrl;
  return url ? words("--state_storage_serviceurl", word(url)) : "";
}

/** Whether the code gets secrets. */
export function hasSecrets(component: DefaultedComponent): boolean {
  return Object.keys(component.spec.secretsMap ?? {}).length > 0;
}

function clientAuth(component: DefaultedComponent): string {
  const { messaging, oauth2Path } = pulsarService(component);
  const [plugin, parameters] = messaging.authConfig
    ? credentials(messaging.authConfig, oauth2Path) ?? []
    : messaging.authSecret
    ? [variable("clientAuthenticationPlugin"), variable("clientAuthenticationParameters")]
    : [];
  if (plugin === undefined || parameters === undefined) return "";
  return words("--client_auth_plugin", plugin, "--client_auth_params", parameters);
}

function clientTls(component: DefaultedComponent): string {
  const service = pulsarService(component);
  const { tlsConfig, tlsSecret } = service.messaging;
  if (tlsConfig) {
    if (!tlsConfig.enabled) return "--use_tls false";
    return words(
      `--use_tls true --tls_allow_insecure ${tlsConfig.allowInsecure === true}`,
      `--hostname_verification_enabled ${tlsConfig.hostnameVerification === true}`,
      ...certificate("--tls_trust_cert_path", tlsConfig, service),
    );
  }
  if (!tlsSecret) return "--use_tls false";
  return words(
    "--use_tls true --tls_allow_insecure",
    variable("tlsAllowInsecureConnection", "false"),
    "--hostname_verification_enabled",
    variable("tlsHostnameVerificationEnable", "true"),
    "--tls_trust_cert_path",
    variable("tlsTrustCertsFilePath"),
  );
}
