import type { AuthConfig, Component, Messaging, TlsConfig } from "#api";
import { protoJson } from "../json_text.ts";
import { quoted, variable, word, words } from "./shell.ts";

/** A Pulsar service and where its settings are found in a container. */
export interface Service {
  readonly messaging: Messaging;
  /** Prefix of its environment variables. */
  readonly prefix: "" | "PACKAGE_";
  /** Directory of its OAuth2 key. */
  readonly oauth2Path: string;
  /** Directory of its CA certificate. */
  readonly tlsPath: string;
}

type OAuth2 = NonNullable<AuthConfig["oauth2Config"]>;

const OAUTH2_PLUGIN = "org.apache.pulsar.client.impl.auth.oauth2.AuthenticationOAuth2";
const PULSARCTL_PATH = "export PATH=$PATH:/pulsar/bin &&";
/** Runner images that are known to hold pulsarctl and wget. */
const EQUIPPED_IMAGE =
  /pulsar-functions-(pulsarctl|sn|generic)-(java|python|go|nodejs|base)-runner/;

/** The cluster that a component reads and writes. */
export function pulsarService(component: Component): Service {
  return {
    messaging: component.spec.pulsar ?? {},
    prefix: "",
    oauth2Path: "/etc/oauth2",
    tlsPath: "/etc/tls/pulsar-functions",
  };
}

/** The cluster that packages are downloaded from: the package service where there is one. */
export function downloadService(component: Component): Service {
  const packages = component.spec.pulsarPackageService;
  if (!packages) return pulsarService(component);
  return {
    messaging: packages,
    prefix: "PACKAGE_",
    oauth2Path: "/etc/oauth2-package-service",
    tlsPath: "/etc/tls/pulsar-functions-package-service",
  };
}

/** Which programs an image holds. */
export interface Tools {
  readonly pulsarctl: boolean;
  readonly wget: boolean;
}

/** Which programs the runner's image holds, by its name or by what the spec says. */
export function toolsOf(component: Component): Tools {
  const { image, imageHasPulsarctl, imageHasGet } = component.spec;
  return {
    pulsarctl: holdsTools(image) || imageHasPulsarctl === true,
    wget: holdsTools(image) || imageHasGet === true,
  };
}

/** Whether an image is known by its name to hold pulsarctl and wget. */
export function holdsTools(image: string | undefined): boolean {
  return EQUIPPED_IMAGE.test(image ?? "");
}

/** Whether a package is fetched over http, without Pulsar. */
export function isHttp(location: string): boolean {
  return /^https?:\/\//.test(location);
}

/** The script that downloads a package to `destination`. */
export function downloadScript(
  location: string,
  destination: string,
  { service, tools }: { readonly service: Service; readonly tools: Tools },
): string {
  if (isHttp(location) && tools.wget) {
    return words("wget", word(location), "-O", word(destination));
  }
  const admin = adminScript(service, tools);
  return /^(function|sink|source):\/\//.test(location)
    ? words(admin, "packages download", word(location), "--path", word(destination))
    : words(
      admin,
      "functions download --path",
      word(location),
      "--destination-file",
      word(destination),
    );
}

/** The beginning of an admin call: the program, the cluster and how to authenticate; a subcommand follows. */
export function adminScript(service: Service, tools: Pick<Tools, "pulsarctl">): string {
  return tools.pulsarctl ? words(pulsarctlScript(service), pulsarctlTls(service)) : words(
    "/pulsar/bin/pulsar-admin --admin-url",
    environment(service, "webServiceURL"),
    adminAuth(service),
    adminTls(service),
  );
}

function adminAuth(service: Service): string {
  const { authConfig, authSecret } = service.messaging;
  if (authConfig) {
    const [plugin, parameters] = credentials(authConfig, service.oauth2Path) ?? [];
    if (plugin === undefined || parameters === undefined) return "";
    return words("--auth-plugin", plugin, "--auth-params", parameters);
  }
  if (!authSecret) return "";
  return words(
    "--auth-plugin",
    environment(service, "clientAuthenticationPlugin"),
    "--auth-params",
    environment(service, "clientAuthenticationParameters"),
  );
}

function adminTls(service: Service): string {
  const { tlsConfig, tlsSecret } = service.messaging;
  const trust = "--tls-trust-cert-path";
  if (!tlsConfig) {
    if (!tlsSecret) return "";
    return words(
      "--tls-allow-insecure --tls-enable-hostname-verification",
      trust,
      environment(service, "tlsTrustCertsFilePath"),
    );
  }
  if (!tlsConfig.enabled) return "";
  return words(
    tlsConfig.allowInsecure ? "--tls-allow-insecure" : "",
    tlsConfig.hostnameVerification ? "--tls-enable-hostname-verification" : "",
    ...certificate(trust, tlsConfig, service),
  );
}

function pulsarctlScript(service: Service): string {
  const { authConfig, authSecret } = service.messaging;
  const url = words("--admin-service-url", environment(service, "webServiceURL"));
  if (authConfig?.oauth2Config) return oauth2Context(authConfig.oauth2Config, service, url);
  const generic = authConfig?.genericAuth;
  if (generic) {
    const parameters = quoted(generic.clientAuthenticationParameters ?? "");
    return activated(word(generic.clientAuthenticationPlugin ?? ""), parameters, url);
  }
  if (!authConfig && authSecret) {
    return activated(
      environment(service, "clientAuthenticationPlugin"),
      environment(service, "clientAuthenticationParameters"),
      url,
    );
  }
  return words(PULSARCTL_PATH, "pulsarctl", url);
}

function oauth2Context(oauth2: OAuth2, service: Service, url: string): string {
  return words(
    PULSARCTL_PATH,
    "pulsarctl context set downloader",
    url,
    "--issuer-endpoint",
    word(oauth2.issuerUrl ?? ""),
    "--audience",
    word(oauth2.audience ?? ""),
    "--key-file",
    word(`${service.oauth2Path}/${oauth2.keySecretKey ?? ""}`),
    scopeOption(oauth2.scope),
    "&& pulsarctl oauth2 activate && pulsarctl",
  );
}

/**
 * Scopes with blanks between them are one value. The reference operator hands each of them over as a word, and
 * `pulsarctl context set`, which takes one name, refuses the second.
 */
function scopeOption(scope: string | undefined): string {
  return scope?.trim() ? words("--scope", word(scope)) : "";
}

/** The option of a scope as it is, and as the reference operator writes it; undefined where both are the same. */
export function scopeOptions(scope: string | undefined): readonly [string, string] | undefined {
  const option = scopeOption(scope);
  const split = words(...(scope ?? "").split(/\s+/).filter((text) => text !== "").map(word));
  return option === "" || option === `--scope ${split}` ? undefined : [option, `--scope ${split}`];
}

/** pulsarctl with a plugin: the activation fails for plugins other than OAuth2, which does not matter. */
function activated(plugin: string, parameters: string, url: string): string {
  return words(
    PULSARCTL_PATH,
    "( pulsarctl oauth2 activate --auth-params",
    parameters,
    "|| true ) && pulsarctl --auth-plugin",
    plugin,
    "--auth-params",
    parameters,
    url,
  );
}

function pulsarctlTls(service: Service): string {
  const { tlsConfig, tlsSecret } = service.messaging;
  const trust = "--tls-trust-cert-path";
  if (!tlsConfig) {
    if (!tlsSecret) return "";
    return words(
      `--tls-allow-insecure=${environment(service, "tlsAllowInsecureConnection", "false")}`,
      `--tls-enable-hostname-verification=${
        environment(service, "tlsHostnameVerificationEnable", "true")
      }`,
      trust,
      environment(service, "tlsTrustCertsFilePath"),
    );
  }
  if (!tlsConfig.enabled) return "";
  return words(
    `--tls-allow-insecure=${tlsConfig.allowInsecure === true}`,
    `--tls-enable-hostname-verification=${tlsConfig.hostnameVerification === true}`,
    ...certificate(trust, tlsConfig, service),
  );
}

/** An option with the path of the CA certificate, where a Secret holds one. */
export function certificate(
  option: string,
  tls: TlsConfig,
  service: Pick<Service, "tlsPath">,
): string[] {
  return hasCertificate(tls) ? [option, word(`${service.tlsPath}/${tls.certSecretKey}`)] : [];
}

/** Whether a Secret with a CA certificate is named. */
export function hasCertificate(tls: TlsConfig | undefined): tls is TlsConfig {
  return Boolean(tls?.certSecretName) && Boolean(tls?.certSecretKey);
}

/** Plugin and parameters of a configured authentication, as words of a script. */
export function credentials(auth: AuthConfig, oauth2Path: string): [string, string] | undefined {
  if (auth.oauth2Config) return [OAUTH2_PLUGIN, quoted(oauth2Json(auth.oauth2Config, oauth2Path))];
  if (!auth.genericAuth) return undefined;
  const { clientAuthenticationPlugin, clientAuthenticationParameters } = auth.genericAuth;
  return [word(clientAuthenticationPlugin ?? ""), quoted(clientAuthenticationParameters ?? "")];
}

/** Both spellings of each name: Pulsar's clients in Java, C++ and Go read different ones. */
function oauth2Json(oauth2: OAuth2, path: string): string {
  const file = `${path}/${oauth2.keySecretKey ?? ""}`;
  return protoJson({
    credentials_url: `file://${file}`,
    privateKey: file,
    private_key: file,
    issuerUrl: oauth2.issuerUrl ?? "",
    issuer_url: oauth2.issuerUrl ?? "",
    audience: oauth2.audience ?? "",
    scope: oauth2.scope ?? "",
  });
}

function environment(service: Service, name: string, fallback?: string): string {
  return variable(`${service.prefix}${name}`, fallback);
}
