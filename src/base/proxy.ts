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
  const isNamed = PROXY_VARIABLES[url.protocol]?.some((name) => Boolean(env(name))) === true;
  if (!isNamed) return false;
  const host = url.hostname.toLowerCase();
  const left = NO_PROXY_VARIABLES.flatMap((name) => (env(name) ?? "").split(","))
    .map((entry) => entry.trim().toLowerCase().replace(/^\*?\./, ""));
  return !left.some((entry) =>
    entry === "*" || (entry !== "" && (host === entry || host.endsWith(`.${entry}`)))
  );
}
