import type { AuthConfig, Component } from "#api";
import { isPlainObject } from "#base";
import { pulsarService } from "../command/download.ts";
import { hasLogSidecar } from "../command/runner.ts";
import { quoted } from "../command/shell.ts";
import { type Part, someOf } from "../tidy.ts";
import { exact, plain, POD_NAME, serviceEnvFrom, uniqueByName } from "./env.ts";
import { LOG_PATH, mountsOf, type OwnVolume } from "./volumes.ts";

const FILEBEAT_IMAGE = "streamnative/filebeat:v0.6.0";
const CONFIG_FILE = "/usr/share/filebeat/config/filebeat.yaml";
const TOKEN_PLUGIN = "org.apache.pulsar.client.impl.auth.AuthenticationToken";
const OAUTH2_PLUGIN = "org.apache.pulsar.client.impl.auth.oauth2.AuthenticationOAuth2";

/** Configuration of the log sidecar. filebeat itself puts the variables in; the shell sees none of them. */
const CONFIG = `filebeat.inputs:
  - type: log
    enabled: true
    paths:
      - ${LOG_PATH}/*.log
output.pulsar:
  fast_fail: true
  url: "\${brokerServiceURL}"
  topic: "\${logTopic}"
  name: "\${POD_NAME}"
  token: "\${clientAuthenticationParameters:}"
  oauth2:
    enabled: \${oauth2Enabled:false}
    issuerUrl: "\${oauth2IssuerUrl:}"
    privateKey: "\${oauth2PrivateKey:}"
    audience: "\${oauth2Audience:}"
    scope: "\${oauth2Scope:}"
logging.level: info
`;

/**
 * The sidecar that sends log files to the log topic, where one is asked for. None where the parameters
 * of a generic OAuth2 plugin cannot be read: it could not authenticate.
 */
export function logAgent(component: Component, own: readonly OwnVolume[]): Part[] {
  const { logTopic } = component.spec;
  const { messaging, oauth2Path } = pulsarService(component);
  const auth = authVariables(messaging.authConfig, oauth2Path);
  if (!logTopic || !hasLogSidecar(component) || auth === undefined) return [];
  const script = `echo ${
    quoted(CONFIG)
  } > ${CONFIG_FILE} && /usr/share/filebeat/filebeat -e -c ${CONFIG_FILE}`;
  return [{
    name: "filebeat",
    image: component.spec.filebeatImage || FILEBEAT_IMAGE,
    imagePullPolicy: "IfNotPresent",
    command: ["/bin/sh", "-c", "--", script],
    env: uniqueByName([
      ...(component.spec.pod?.env ?? []),
      exact("logTopic", logTopic),
      POD_NAME,
      ...auth,
    ]),
    // Of two sources of a variable the later counts: here the reference lists the authentication last.
    envFrom: someOf(serviceEnvFrom(pulsarService(component), "tls first")),
    volumeMounts: mountsOf("filebeat", component, own),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      runAsUser: 1000,
    },
  }];
}

/** How filebeat authenticates: variables of the configuration above. Undefined where that cannot be known. */
function authVariables(auth: AuthConfig | undefined, oauth2Path: string): Part[] | undefined {
  const generic = auth?.genericAuth;
  if (generic) {
    const parameters = generic.clientAuthenticationParameters ?? "";
    if (generic.clientAuthenticationPlugin === TOKEN_PLUGIN) {
      return [exact("clientAuthenticationParameters", parameters)];
    }
    return generic.clientAuthenticationPlugin === OAUTH2_PLUGIN ? parsedVariables(parameters) : [];
  }
  const oauth2 = auth?.oauth2Config;
  if (!oauth2) return [];
  return oauth2Variables({
    issuerUrl: oauth2.issuerUrl,
    audience: oauth2.audience,
    privateKey: `${oauth2Path}/${oauth2.keySecretKey ?? ""}`,
    scope: oauth2.scope,
  });
}

function parsedVariables(parameters: string): Part[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(parameters);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isPlainObject(parsed)) return undefined;
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (value !== null && typeof value !== "string") return undefined;
    texts.set(name, value ?? "");
  }
  return oauth2Variables({
    issuerUrl: texts.get("issuerUrl"),
    audience: texts.get("audience"),
    privateKey: texts.get("privateKey"),
    scope: texts.get("scope"),
  });
}

function oauth2Variables(
  oauth2: Readonly<Record<"issuerUrl" | "audience" | "privateKey" | "scope", string | undefined>>,
): Part[] {
  return [
    plain("oauth2Enabled", "true"),
    exact("oauth2IssuerUrl", oauth2.issuerUrl ?? ""),
    exact("oauth2Audience", oauth2.audience ?? ""),
    exact("oauth2PrivateKey", oauth2.privateKey ?? ""),
    ...(oauth2.scope ? [exact("oauth2Scope", oauth2.scope)] : []),
  ];
}
