import { boundedBytes, type Clock, deadline, isPlainObject } from "#base";
import {
  dataField,
  fieldError,
  type KubeconfigEntry,
  pathField,
  textField,
  unusable,
} from "./kubeconfig.ts";

/** What a kubeconfig says of a login at an OpenID Connect provider. */
export interface OidcLogin {
  /** The user of the kubeconfig. */
  readonly user: string;
  readonly idToken?: string;
  /** How to get a newer one, where the kubeconfig says that. */
  readonly refreshing?: OidcRefreshing;
}

/** How a token becomes a newer one. */
export interface OidcRefreshing {
  readonly issuerUrl: URL;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken: string;
  /** Authority of the provider's certificate, PEM; the system's authorities when left out. */
  readonly authority?: string;
}

/** Of an answer of the provider, and how long it may take. */
const [ANSWER_BYTES, ANSWER_MS] = [1024 * 1024, 30_000];
/** A token is used until so long before its end. */
const EARLY_MS = 10_000;

/**
 * Reads `auth-provider` of the name `oidc`, as kubectl does.
 *
 * @throws {StalledError} where it holds neither a token nor how to get one
 */
export async function oidcLogin(
  provider: KubeconfigEntry,
  user: string,
): Promise<OidcLogin> {
  const config: unknown = provider.fields["config"] ?? {};
  if (!isPlainObject(config)) throw fieldError(provider, "config", "write names with texts");
  const entry = { file: provider.file, path: `${provider.path}.config`, fields: config };
  const idToken = textField(entry, "id-token");
  const refreshToken = textField(entry, "refresh-token");
  const said = idToken === undefined ? {} : { idToken };
  if (refreshToken === undefined) {
    if (idToken !== undefined) return { user, ...said };
    throw fieldError(entry, "id-token", "write it, or refresh-token; log in anew to get both");
  }
  const clientId = textField(entry, "client-id");
  if (clientId === undefined) throw fieldError(entry, "client-id", "refresh-token needs it");
  const clientSecret = textField(entry, "client-secret");
  const authority = await authorityOf(entry);
  const refreshing = {
    issuerUrl: issuerOf(entry),
    clientId,
    refreshToken,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(authority === undefined ? {} : { authority }),
  };
  return { user, ...said, refreshing };
}

function issuerOf(entry: KubeconfigEntry): URL {
  const url = URL.parse(textField(entry, "idp-issuer-url") ?? "");
  if (url?.protocol === "https:") return url;
  throw fieldError(entry, "idp-issuer-url", "write https://HOST: refresh-token needs it");
}

async function authorityOf(entry: KubeconfigEntry): Promise<string | undefined> {
  const data = dataField(entry, "idp-certificate-authority-data");
  const path = pathField(entry, "idp-certificate-authority");
  if (data !== undefined || path === undefined) return data;
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw fieldError(
      entry,
      "idp-certificate-authority",
      `name a file that can be read: ${path}`,
      cause,
    );
  }
}

/** Gives a token that has not ended; what it got anew it remembers, and writes nowhere. */
export function oidcTokens(login: OidcLogin, clock: Clock): () => Promise<string> {
  let { idToken, refreshing } = login;
  return async () => {
    if (idToken !== undefined && !hasEnded(idToken, clock.now())) return idToken;
    if (refreshing === undefined) {
      throw noLogin(login, "its id-token has ended, and there is no refresh-token: log in anew");
    }
    const { refreshToken, ...answer } = await refreshed(login, refreshing, clock);
    idToken = answer.idToken;
    // Some providers give each of them once.
    if (refreshToken !== undefined) refreshing = { ...refreshing, refreshToken };
    return idToken;
  };
}

function hasEnded(token: string, nowMs: number): boolean {
  const payload = jsonObject(payloadText(token.split(".")[1] ?? ""));
  const expiry = payload?.["exp"];
  return typeof expiry !== "number" || expiry * 1000 - EARLY_MS <= nowMs;
}

function payloadText(part: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(part, { alphabet: "base64url" }));
  } catch (error) {
    if (error instanceof SyntaxError) return "";
    throw error;
  }
}

async function refreshed(login: OidcLogin, how: OidcRefreshing, clock: Clock) {
  using http = Deno.createHttpClient(
    how.authority === undefined ? {} : { caCerts: [how.authority] },
  );
  const ask = (url: URL, init: RequestInit) => answered(login, { url, init, http, clock });
  const issuer = how.issuerUrl.href.replace(/\/$/, "");
  const about = await ask(new URL(`${issuer}/.well-known/openid-configuration`), {});
  const endpoint = URL.parse(String(about["token_endpoint"] ?? ""));
  if (endpoint?.protocol !== "https:") throw noLogin(login, "its provider names no token_endpoint");
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: how.refreshToken,
  });
  const headers = new Headers();
  if (how.clientSecret === undefined || !takesBasic(about)) {
    body.set("client_id", how.clientId);
    if (how.clientSecret !== undefined) body.set("client_secret", how.clientSecret);
  } else {
    const [id, secret] = [how.clientId, how.clientSecret].map(encodeURIComponent);
    headers.set("authorization", `Basic ${btoa(`${id}:${secret}`)}`);
  }
  const answer = await ask(endpoint, { method: "POST", body, headers });
  const { id_token: idToken, refresh_token: refreshToken } = answer;
  if (typeof idToken !== "string" || !/^[\x21-\x7e]+$/.test(idToken)) {
    throw noLogin(login, "its provider gives no id_token for the refresh-token");
  }
  return { idToken, ...(typeof refreshToken === "string" ? { refreshToken } : {}) };
}

/** Where a provider says nothing, it takes the header. */
function takesBasic(about: Readonly<Record<string, unknown>>): boolean {
  const methods = about["token_endpoint_auth_methods_supported"];
  return !Array.isArray(methods) || methods.includes("client_secret_basic");
}

/** The object that the provider answers with; nothing of an answer is repeated, as it may be a token. */
async function answered(
  login: OidcLogin,
  { clock, http, init, url }: {
    readonly url: URL;
    readonly init: RequestInit;
    readonly http: Deno.HttpClient;
    readonly clock: Clock;
  },
): Promise<Readonly<Record<string, unknown>>> {
  using limit = deadline(ANSWER_MS, { clock });
  const { signal } = limit;
  try {
    const response = await fetch(url, { ...init, client: http, redirect: "manual", signal });
    const stream = response.body ?? new Blob([]).stream();
    const { bytes, isWhole } = await boundedBytes(stream, { bytesMax: ANSWER_BYTES, signal });
    if (!response.ok) throw noLogin(login, `its provider answers with status ${response.status}`);
    const answer = isWhole ? jsonObject(new TextDecoder().decode(bytes)) : undefined;
    if (answer === undefined) throw noLogin(login, "its provider answers with no JSON object");
    return answer;
  } catch (cause) {
    if (limit.isExpired) throw noLogin(login, `no answer of ${url.host} in ${ANSWER_MS} ms`);
    if (cause instanceof TypeError) throw noLogin(login, `no answer of ${url.host}`, cause);
    throw cause;
  }
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function noLogin({ user }: OidcLogin, why: string, cause?: unknown): Error {
  return unusable(`Cannot authenticate as user ${user}: ${why}`, cause);
}
