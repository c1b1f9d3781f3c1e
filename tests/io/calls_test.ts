/**
 * Whom the program calls (H4 and its like: an address that a tenant chooses is never this machine, the API server or a
 * neighbour's link): a place that is not listed here is one around `refusedAddress`.
 */
import { assertEquals } from "@std/assert";
import { filesWith, SOURCES } from "../support/source_code.ts";

/** Files that open connections, and what holds the address there. */
const CALLERS: Readonly<Record<string, RegExp>> = {
  // The API server, as the kubeconfig or the pod says.
  "kube/node_sender.ts": /endpoint/,
  // The OpenID Connect provider of the kubeconfig, over TLS.
  "kube/oidc_login.ts": /protocol !== "https:"/,
  "kube/sender.ts": /endpoint/,
  // Notifications and brokers.
  "outbound/client.ts": /refusedAddress\(/,
  // Only for the verb `import`, which calls what is on its own command line; see below.
  "pulsar_admin/admin_client.ts": /fetch\(/,
  "pulsar_admin/login.ts": /fetch\(/,
  // A ready pod, where Kubernetes says that it is.
  "reconcile/metrics_poll/instance_client.ts": /fetch\(/,
};

const CALL =
  /(?<![.#\w])fetch\(\s*[\w.]*(url|path)|\bDeno\.(connect|connectTls)\(|\bhttps?\.request\(|new WebSocket\(/;

Deno.test("H4: connections are opened where the address is judged, and nowhere else", () => {
  const callers = filesWith(CALL).filter((path) => !path.startsWith("console/page/"));
  assertEquals(callers, Object.keys(CALLERS));
  for (const [path, guard] of Object.entries(CALLERS)) {
    assertEquals(guard.test(SOURCES.get(path) ?? ""), true, `${path} lacks ${guard}`);
  }
});

Deno.test("git is called for remotes whose address was judged", () => {
  assertEquals(filesWith(/\brefusedAddress\(/), [
    "base/refused_address.ts",
    "git/addresses.ts",
    "outbound/client.ts",
  ]);
});

Deno.test("what calls a Pulsar cluster of somebody's own is part of the verb import alone", () => {
  assertEquals(filesWith(/from "#pulsar_admin"/), [
    "cli/import.ts",
    "cli/import_cluster.ts",
    "cli/import_flags.ts",
  ]);
});
