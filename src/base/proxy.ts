/** The variables that name a proxy, for each scheme, and those that take hosts out. */
const PROXY_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  "http:": ["http_proxy", "all_proxy", "ALL_PROXY"],
  "https:": ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
};
const NO_PROXY_VARIABLES = ["no_proxy", "NO_PROXY"];

/**
 * Whether a call goes by the proxy that the environment names: then it is the proxy that finds the host.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isProxied } from "#base";
 * const env = (name: string) => ({ https_proxy: "http://proxy:3128", no_proxy: ".svc,10.0.0.1" })[name];
 * const urls = ["https://hooks.example/a", "https://broker.pulsar.svc", "http://hooks.example"];
 * assertEquals(urls.map((url) => isProxied(new URL(url), env)), [true, false, false]);
 * ```
 */
export function isProxied(url: URL, env: (name: string) => string | undefined): boolean {
  return proxyOf(url, env) !== undefined;
}

/**
 * The proxy that the environment names for a call; undefined where there is none, or the host is left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { proxyOf } from "#base";
 * const env = (name: string) => ({ https_proxy: "http://proxy:3128" })[name];
 * assertEquals(proxyOf(new URL("https://hooks.example/a"), env), "http://proxy:3128");
 * ```
 */
export function proxyOf(
  url: URL,
  env: (name: string) => string | undefined,
): string | undefined {
  const named = PROXY_VARIABLES[url.protocol]?.map(env).find((value) => Boolean(value));
  if (named === undefined) return undefined;
  const host = url.hostname.toLowerCase();
  const left = NO_PROXY_VARIABLES.flatMap((name) => (env(name) ?? "").split(","))
    .map((entry) => entry.trim().toLowerCase().replace(/^\*?\./, ""));
  const isLeftOut = left.some((entry) =>
    entry === "*" || (entry !== "" && (host === entry || host.endsWith(`.${entry}`)))
  );
  return isLeftOut ? undefined : named;
}
