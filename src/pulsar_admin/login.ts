import {
  boundedBytes,
  type Clock,
  deadline,
  errorText,
  IMPORT_BUDGETS,
  isPlainObject,
  redactedText,
} from "#base";

/** Who asks. */
export interface Login {
  /** The header `Authorization` for a request. */
  header(signal: AbortSignal): Promise<string>;
  /** What no message may repeat: the credentials, and what they were given for. */
  readonly secrets: readonly string[];
}

/** Logs in with a token. */
export function tokenLogin(token: string): Login {
  return { header: () => Promise.resolve(`Bearer ${token}`), secrets: [token] };
}

/** OAuth2 by client credentials, as Pulsar's own clients are told. */
export interface OAuth2Options {
  readonly issuerUrl: URL;
  readonly audience: string;
  readonly scope: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly http?: Deno.HttpClient;
  readonly clock: Pick<Clock, "sleep" | "monotonicMs">;
}

/** It is not known who asks. The message holds no credential. */
export class LoginError extends Error {
  override readonly name = "LoginError";
}

/** A token is used until so long before its end. */
const EARLY_MS = 30_000;
/** Of tokens that tell no end. */
const LIFETIME_SECONDS = 300;

/** Logs in with tokens that an issuer gives for a client's secret. The secret goes over TLS, or to the issuer itself. */
export function oauth2Login(options: OAuth2Options): Login {
  let known: { readonly token: string; readonly untilMs: number } | undefined;
  const secrets = [options.clientSecret];
  return {
    secrets,
    header: async (signal) => {
      const now = options.clock.monotonicMs();
      if (known === undefined || known.untilMs <= now) {
        known = await freshToken(options, signal);
        secrets.push(known.token);
      }
      return `Bearer ${known.token}`;
    },
  };
}

async function freshToken(options: OAuth2Options, signal: AbortSignal) {
  const { audience, clientId, clientSecret, issuerUrl, scope } = options;
  const base = issuerUrl.href.replace(/\/$/, "");
  const about = await answered(new URL(`${base}/.well-known/openid-configuration`), options, {
    signal,
  });
  const endpoint = URL.parse(String(about["token_endpoint"] ?? ""));
  if (endpoint === null) throw new LoginError("Cannot log in: the issuer names no token_endpoint");
  if (endpoint.protocol !== "https:" && endpoint.origin !== issuerUrl.origin) {
    throw new LoginError("Cannot log in: the issuer's token_endpoint is another host without TLS");
  }
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    ...(audience === "" ? {} : { audience }),
    ...(scope === "" ? {} : { scope }),
  });
  const answer = await answered(endpoint, options, { signal, body });
  const { access_token: token, expires_in: seconds } = answer;
  // What is put into a header has to be one.
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new LoginError("Cannot log in: the issuer gives no access_token");
  }
  const lifetime = typeof seconds === "number" && seconds > 0 ? seconds : LIFETIME_SECONDS;
  return { token, untilMs: options.clock.monotonicMs() + lifetime * 1000 - EARLY_MS };
}

async function answered(
  url: URL,
  { clock, http }: OAuth2Options,
  { body, signal }: { readonly signal: AbortSignal; readonly body?: URLSearchParams },
): Promise<Readonly<Record<string, unknown>>> {
  using limit = deadline(IMPORT_BUDGETS.adminAnswerMs, { clock, signal });
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      redirect: "manual",
      signal: limit.signal,
      ...(body === undefined ? {} : { body }),
      ...(http === undefined ? {} : { client: http }),
    });
    const stream = response.body ?? new Blob([]).stream();
    const { bytes, isWhole } = await boundedBytes(stream, {
      bytesMax: IMPORT_BUDGETS.adminAnswerBytes,
      signal: limit.signal,
    });
    if (!response.ok) throw new LoginError(`the issuer answers with status ${response.status}`);
    const answer: unknown = isWhole ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
    if (isPlainObject(answer)) return answer;
    throw new LoginError("the issuer answers with no JSON object");
  } catch (error) {
    signal.throwIfAborted();
    // What a broken answer says is never repeated, in a cause neither: it may be half a token.
    const why = error instanceof SyntaxError
      ? "the issuer answers with no JSON"
      : redactedText(errorText(error));
    throw new LoginError(`Cannot log in: ${why}`);
  }
}
