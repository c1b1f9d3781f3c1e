import { withoutEnd } from "#base";
import type { Messaging } from "#api";

/** How to ask a broker's admin API. Holds secrets: never logged, never in a status. */
export interface BrokerAccess {
  /** `http://host:8080`, without a slash at the end. */
  readonly url: string;
  /** The whole header. */
  readonly authorization?: string;
  /** Which version of which Secret that is, and nothing of what it holds. */
  readonly credentials?: string;
  /** Authority of the broker's certificate, PEM; the system's when left out. */
  readonly caPem?: string;
}

/** What the objects that a component names hold; undefined for one that is not there. */
export interface MessagingData {
  /** Of the ConfigMap `pulsarConfig`. */
  readonly config: Readonly<Record<string, string>> | undefined;
  /** Of the Secret `authSecret`, decoded. */
  readonly auth?: Readonly<Record<string, string>> | undefined;
  /** Of the Secret `tlsConfig.certSecretName`, decoded. */
  readonly certificate?: Readonly<Record<string, string>> | undefined;
}

const TOKEN_PLUGINS = [
  "token",
  "org.apache.pulsar.client.impl.auth.AuthenticationToken",
];
const BASIC_PLUGINS = [
  "basic",
  "org.apache.pulsar.client.impl.auth.AuthenticationBasic",
];

/**
 * How to ask the admin API of the Pulsar cluster that a component uses, with the component's own credentials, or why it
 * cannot be asked. Names of objects and plugins only are in the words.
 *
 * What lies in files of the pod (`file:` tokens, client certificates, OAuth2 keys) is not there for this program.
 */
export function brokerAccess(
  messaging: Messaging,
  data: MessagingData,
): BrokerAccess | { readonly problem: string } {
  const name = messaging.pulsarConfig ?? "";
  if (data.config === undefined) return { problem: `ConfigMap ${name} does not exist` };
  const url = data.config["webServiceURL"]?.trim() ?? "";
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    return { problem: `ConfigMap ${name} has no usable webServiceURL` };
  }
  const authorization = authorizationOf(messaging, data);
  if (typeof authorization === "object") return authorization;
  const caPem = data.certificate?.[messaging.tlsConfig?.certSecretKey ?? ""];
  return {
    url: withoutEnd(url, "/"),
    ...(authorization === undefined ? {} : { authorization }),
    ...(caPem === undefined || messaging.tlsConfig?.enabled !== true ? {} : { caPem }),
  };
}

function authorizationOf(
  { authConfig, authSecret }: Messaging,
  { auth }: MessagingData,
): string | undefined | { readonly problem: string } {
  if (authConfig?.oauth2Config) return { problem: "authentication by OAuth2 is not supported" };
  const generic = authConfig?.genericAuth;
  if (generic) {
    const { clientAuthenticationPlugin, clientAuthenticationParameters } = generic;
    return headerOf(clientAuthenticationPlugin ?? "", clientAuthenticationParameters ?? "");
  }
  if (authConfig || !authSecret) return undefined;
  if (auth === undefined) return { problem: `Secret ${authSecret} does not exist` };
  const plugin = auth["clientAuthenticationPlugin"];
  if (plugin === undefined) {
    return { problem: `Secret ${authSecret} has no clientAuthenticationPlugin` };
  }
  return headerOf(plugin, auth["clientAuthenticationParameters"] ?? "");
}

function headerOf(plugin: string, parameters: string): string | { readonly problem: string } {
  const name = plugin.trim();
  if (TOKEN_PLUGINS.includes(name)) return bearer(parameters.trim());
  if (BASIC_PLUGINS.includes(name)) return basic(parameters.trim());
  // What stands in a Secret is shown only where it looks like the name of a class.
  const shown = /^[A-Za-z_$][\w$.]{0,99}$/.test(name) ? name : "this plugin";
  return { problem: `authentication by ${shown} is not supported` };
}

/** `token:…`, the token itself, or `{"token": …}`, as Pulsar's clients take it. */
function bearer(parameters: string): string | { readonly problem: string } {
  if (/^(file|env|data):/.test(parameters)) {
    const [scheme] = parameters.split(":");
    return { problem: `the token is given by ${scheme}:, which only the pod can read` };
  }
  const token = member(parameters, "token") ?? parameters.replace(/^token:/, "");
  if (!/^[\x21-\x7e]+$/.test(token)) return { problem: "the token cannot be sent" };
  return `Bearer ${token}`;
}

/** `{"userId": …, "password": …}` or `user:password`. */
function basic(parameters: string): string | { readonly problem: string } {
  const [user, password] = [member(parameters, "userId"), member(parameters, "password")];
  const pair = user === undefined || password === undefined ? parameters : `${user}:${password}`;
  return `Basic ${new TextEncoder().encode(pair).toBase64()}`;
}

function member(text: string, name: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value: unknown = (JSON.parse(text) as Record<string, unknown>)[name];
    return typeof value === "string" ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
