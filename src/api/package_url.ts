/** A package in Pulsar's package service, or a file on a web server. */
export type PackageUrl =
  | {
    readonly type: "function" | "source" | "sink";
    readonly tenant: string;
    readonly namespace: string;
    readonly name: string;
    /** Empty when the URL says none. */
    readonly version: string;
  }
  | { readonly type: "http" | "https"; readonly url: string };

/**
 * What a package location names, or undefined when it is none: the prefix is case-insensitive, empty parts pass,
 * nothing but the package service and http(s) is taken.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePackageUrl } from "#api";
 * assertEquals(parsePackageUrl("function://public/default/fn@v1"),
 *   { type: "function", tenant: "public", namespace: "default", name: "fn", version: "v1" });
 * assertEquals(parsePackageUrl("file:///tmp/fn.jar"), undefined);
 * ```
 */
export function parsePackageUrl(location: string): PackageUrl | undefined {
  const scheme = /^([a-z]+):\/\//i.exec(location)?.[1]?.toLowerCase();
  switch (scheme) {
    case "http":
    case "https":
      return { type: scheme, url: location };
    case "function":
    case "source":
    case "sink":
      return servicePackage(location, scheme);
    default:
      return undefined;
  }
}

function servicePackage(
  location: string,
  type: "function" | "source" | "sink",
): PackageUrl | undefined {
  const [, rest, ...surplus] = location.split("://");
  if (rest === undefined || surplus.length > 0) return undefined;
  const [path = "", version = "", ...versions] = rest.split("@");
  const [tenant, namespace, name, ...parts] = path.split("/");
  if (versions.length > 0 || parts.length > 0) return undefined;
  if (tenant === undefined || namespace === undefined || name === undefined) return undefined;
  return { type, tenant, namespace, name, version };
}
