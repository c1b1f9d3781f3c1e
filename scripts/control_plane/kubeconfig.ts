/** Who talks to which server. */
export interface Access {
  readonly serverUrl: string;
  /** The certificates that the server's own is checked against, PEM. */
  readonly caPem: string;
  readonly user: string;
  readonly token: string;
  readonly namespace?: string;
}

/** A kubeconfig as JSON, which is YAML too. It holds everything: no other file is needed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { kubeconfigText } from "./kubeconfig.ts";
 * const text = kubeconfigText({ serverUrl: "https://127.0.0.1:1", caPem: "x", user: "ann", token: "t" });
 * assertEquals(JSON.parse(text)["current-context"], "ann");
 * ```
 */
export function kubeconfigText(access: Access): string {
  const { serverUrl, caPem, user, token, namespace } = access;
  const cluster = "meshwright";
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{
        name: cluster,
        cluster: { server: serverUrl, "certificate-authority-data": btoa(caPem) },
      }],
      users: [{ name: user, user: { token } }],
      contexts: [{
        name: user,
        context: { cluster, user, ...(namespace === undefined ? {} : { namespace }) },
      }],
      "current-context": user,
    },
    null,
    2,
  ) + "\n";
}
