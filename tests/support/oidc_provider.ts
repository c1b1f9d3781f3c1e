import type { TestAuthority } from "./certificates.ts";

/** An OpenID Connect provider on loopback that exchanges refresh tokens, each once. */
export interface OidcProvider extends AsyncDisposable {
  readonly url: string;
  /** A token that ends at a time, in milliseconds since 1970. */
  token(endsMs: number): Promise<string>;
  /** What the next exchange takes. */
  readonly refreshToken: string;
  /** Forms that came for an exchange, with who said to be the client. */
  readonly exchanges: readonly { readonly client: string | null; readonly form: URLSearchParams }[];
}

/** Of the one client that the provider knows. */
export const OIDC_CLIENT = { id: "meshwright", secret: "a secret" } as const;
/** The subject of all tokens. */
export const OIDC_SUBJECT = "ann";
const SIGNING = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const HOUR_MS = 3_600_000;

/** Starts a provider with a certificate for 127.0.0.1. */
export async function oidcProvider({ cert, key }: TestAuthority): Promise<OidcProvider> {
  const pair = await crypto.subtle.generateKey(
    { ...SIGNING, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign", "verify"],
  );
  const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const exchanges: { client: string | null; form: URLSearchParams }[] = [];
  let refreshToken = "refresh 0";
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, cert, key }, answer);
  const url = `https://127.0.0.1:${server.addr.port}`;
  async function token(endsMs: number): Promise<string> {
    const payload = { iss: url, aud: OIDC_CLIENT.id, sub: OIDC_SUBJECT };
    const times = { iat: Math.floor(Date.now() / 1000) - 60, exp: Math.floor(endsMs / 1000) };
    const text = [{ alg: "RS256", kid: "k" }, { ...payload, ...times }].map((part) =>
      base64url(new TextEncoder().encode(JSON.stringify(part)))
    ).join(".");
    const bytes = new TextEncoder().encode(text);
    const signature = await crypto.subtle.sign(SIGNING.name, pair.privateKey, bytes);
    return `${text}.${base64url(new Uint8Array(signature))}`;
  }
  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/keys") {
      return Response.json({ keys: [{ ...jwk, kid: "k", alg: "RS256", use: "sig" }] });
    }
    if (pathname === "/.well-known/openid-configuration") {
      const places = { issuer: url, jwks_uri: `${url}/keys`, token_endpoint: `${url}/token` };
      return Response.json(places);
    }
    const form = new URLSearchParams(await request.text());
    exchanges.push({ client: request.headers.get("authorization"), form });
    if (form.get("refresh_token") !== refreshToken) {
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    refreshToken = `refresh ${exchanges.length}`;
    const id = await token(Date.now() + HOUR_MS);
    return Response.json({ id_token: id, refresh_token: refreshToken });
  }
  return {
    url,
    token,
    exchanges,
    get refreshToken() {
      return refreshToken;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
