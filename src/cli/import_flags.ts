import { errorText, isPlainObject, systemClock } from "#base";
import type { ImportOptions } from "#import";
import { type Login, oauth2Login, tokenLogin } from "#pulsar_admin";
import { fileFailure, type Flag, type FlagValues, UsageError } from "./flag.ts";
import { text } from "./flags.ts";

/** Flags that say which cluster, and who asks. */
export const ADMIN_FLAGS: readonly Flag[] = [
  text(
    "admin-url",
    "PULSAR_ADMIN_URL",
    "",
    "URL",
    "Admin URL of the Pulsar cluster, http://broker:8080",
  ),
  text("token-file", "PULSAR_TOKEN_FILE", "", "FILE", "Log in with the token in this file"),
  text(
    "oauth2-issuer-url",
    "PULSAR_OAUTH2_ISSUER_URL",
    "",
    "URL",
    "Log in by OAuth2 at this issuer",
  ),
  text(
    "oauth2-key-file",
    "PULSAR_OAUTH2_KEY_FILE",
    "",
    "FILE",
    "JSON file with client_id and client_secret, as Pulsar's clients take it",
  ),
  text("oauth2-audience", "PULSAR_OAUTH2_AUDIENCE", "", "TEXT", "Audience of the token"),
  text("oauth2-scope", "PULSAR_OAUTH2_SCOPE", "", "TEXT", "Scope of the token"),
  text(
    "tls-trust-cert",
    "PULSAR_TLS_TRUST_CERT",
    "",
    "FILE",
    "Authority to trust besides the usual ones, PEM",
  ),
  text("tls-cert", "PULSAR_TLS_CERT", "", "FILE", "Log in with this certificate, PEM"),
  text("tls-key", "PULSAR_TLS_KEY", "", "FILE", "Its key, PEM"),
];

/** Flags of what manifests say that no cluster does. */
export const MANIFEST_FLAGS: readonly Flag[] = [
  text(
    "pulsar-config",
    "IMPORT_PULSAR_CONFIG",
    "pulsar",
    "NAME",
    "ConfigMap that says where Pulsar is, for spec.pulsar.pulsarConfig",
  ),
  text(
    "broker-url",
    "IMPORT_BROKER_URL",
    "",
    "URL",
    "Write that ConfigMap too, with this service URL (pulsar://broker:6650) and the admin URL",
  ),
  text(
    "web-service-url",
    "IMPORT_WEB_SERVICE_URL",
    "",
    "URL",
    "Admin URL for that ConfigMap, where pods do not reach that of --admin-url",
  ),
  text(
    "auth-secret",
    "IMPORT_AUTH_SECRET",
    "",
    "NAME",
    "Secret with which instances log in, for spec.pulsar.authSecret",
  ),
  text(
    "tls-secret",
    "IMPORT_TLS_SECRET",
    "",
    "NAME",
    "Secret with their TLS settings, for spec.pulsar.tlsSecret",
  ),
  text("image", "IMPORT_IMAGE", "", "IMAGE", "Image of the runners, for spec.image"),
  text(
    "cluster-name",
    "IMPORT_CLUSTER_NAME",
    "",
    "NAME",
    "Name of the Pulsar cluster, for spec.clusterName",
  ),
  text(
    "mesh",
    "IMPORT_MESH",
    "",
    "NAME",
    "Group what hangs together by topics into FunctionMeshes of this name",
  ),
];

/** What manifests are to say. */
export function importOptions(flags: FlagValues): ImportOptions {
  const members = {
    authSecret: flags.text("auth-secret"),
    tlsSecret: flags.text("tls-secret"),
    image: flags.text("image"),
    clusterName: flags.text("cluster-name"),
    mesh: flags.text("mesh"),
  };
  const said = Object.entries(members).filter(([, value]) => value !== "");
  return { pulsarConfig: flags.text("pulsar-config"), ...Object.fromEntries(said) };
}

/** A web address of a flag. @throws {UsageError} */
export function webAddress(flags: FlagValues, name: string): URL {
  const value = flags.text(name);
  const url = URL.parse(value);
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !isWeb) {
    throw new UsageError(
      `Cannot use --${name}: it is no address that begins with http:// or https://`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`Cannot use --${name}: it holds a user or a password; use --token-file`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`Cannot use --${name}: leave out what follows ? or #`);
  }
  return url;
}

/** The connections that the flags ask for. @throws {UsageError} */
export async function httpClient(flags: FlagValues): Promise<Deno.HttpClient | undefined> {
  const [authority, cert, key] = await Promise.all(
    ["tls-trust-cert", "tls-cert", "tls-key"].map((name) => fileOf(flags, name)),
  );
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("Cannot log in with a certificate: give both --tls-cert and --tls-key");
  }
  if (authority === undefined && cert === undefined) return undefined;
  try {
    return Deno.createHttpClient({
      ...(authority === undefined ? {} : { caCerts: [authority] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  } catch (cause) {
    throw new UsageError(
      "Cannot use the certificates: --tls-trust-cert, --tls-cert or --tls-key is no PEM file",
      {
        cause,
      },
    );
  }
}

/** How requests show who asks; undefined for nobody. @throws {UsageError} */
export async function loginFrom(
  flags: FlagValues,
  http: Deno.HttpClient | undefined,
): Promise<Login | undefined> {
  const token = await fileOf(flags, "token-file");
  const key = await fileOf(flags, "oauth2-key-file");
  const hasIssuer = flags.text("oauth2-issuer-url") !== "";
  if (token !== undefined && (hasIssuer || key !== undefined)) {
    throw new UsageError("Cannot log in twice: give --token-file or --oauth2-…");
  }
  if (token !== undefined) {
    const bare = token.trim().replace(/^token:/, "");
    // What is put into a header has to be one.
    if (/^[\x21-\x7e]+$/.test(bare)) return tokenLogin(bare);
    throw new UsageError("Cannot use --token-file: the file holds no token");
  }
  if (!hasIssuer && key === undefined) return undefined;
  if (!hasIssuer || key === undefined) {
    throw new UsageError(
      "Cannot log in by OAuth2: give both --oauth2-issuer-url and --oauth2-key-file",
    );
  }
  return oauth2Login({
    issuerUrl: webAddress(flags, "oauth2-issuer-url"),
    audience: flags.text("oauth2-audience"),
    scope: flags.text("oauth2-scope"),
    ...clientOf(key),
    clock: systemClock,
    ...(http === undefined ? {} : { http }),
  });
}

function clientOf(text: string): { readonly clientId: string; readonly clientSecret: string } {
  const { client_id: clientId, client_secret: clientSecret } = jsonObject(text);
  if (typeof clientId !== "string" || typeof clientSecret !== "string") {
    throw new UsageError("Cannot use --oauth2-key-file: it holds no client_id and client_secret");
  }
  return { clientId, clientSecret };
}

/** What is wrong with the text is not said: it holds a secret. */
function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw new UsageError(errorText(error), { cause: error });
  }
}

async function fileOf(flags: FlagValues, name: string): Promise<string | undefined> {
  const path = flags.text(name);
  if (path === "") return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(`Cannot read ${path} (--${name}): ${fileFailure(error)}`, {
      cause: error,
    });
  }
}
