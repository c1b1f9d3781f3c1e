import { systemClock } from "#base";
import { httpCluster, httpTransport } from "#kube";
import { createLogger, createMetrics } from "#telemetry";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { SecureMetrics } from "../../src/secure_metrics.ts";
import { eventually, testCluster } from "../support/control_plane.ts";
import { install, installation } from "../support/installed_program.ts";

const cluster = testCluster();

/** A fresh token of a ServiceAccount. */
async function tokenOf(namespace: string, name: string): Promise<string> {
  return (await cluster.kubectl(["create", "token", name, "-n", namespace])).trim();
}

/** Secure metrics with the rights that `install` gives the program, and no others. */
async function startMetrics(namespace: string) {
  const { serverUrl: server, caPem } = await cluster.access();
  const authorization = `Bearer ${await tokenOf(namespace, "meshwright")}`;
  const asked: string[] = [];
  const transport = httpTransport({
    server,
    certificateAuthority: caPem,
    credentials: () => Promise.resolve({ authorization }),
  }, { onRequest: ({ kind }) => asked.push(kind) });
  const log: string[] = [];
  const metrics = new SecureMetrics({
    address: "127.0.0.1:0",
    namespace,
    metrics: createMetrics(),
    cluster: httpCluster(transport),
    transport,
    clock: systemClock,
    log: createLogger({ sink: (line) => log.push(line) }),
  });
  const over = new AbortController();
  const running = metrics.run(over.signal);
  return {
    log,
    reviews: () => asked.filter((kind) => kind.endsWith("Review")),
    port: () => eventually(() => Promise.resolve(metrics.port ?? false)),
    async [Symbol.asyncDispose]() {
      over.abort();
      await running;
      await metrics[Symbol.asyncDispose]();
      await transport[Symbol.asyncDispose]();
    },
  };
}

/** What a scraper gets that trusts `ca.crt` of the Secret. */
async function scrape(url: string, authority: string, token?: string): Promise<[number, string]> {
  const client = Deno.createHttpClient({ caCerts: [authority] });
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url, { client, headers });
    return [response.status, await response.text()];
  } finally {
    client.close();
  }
}

Deno.test("secure metrics are for bearers of a token that may get /metrics, by a certificate of the Secret (W-52)", async () => {
  const chosen = installation({ namespace: "secure-metrics", metricsSecure: true });
  const { namespace } = chosen;
  await install(cluster, chosen);
  const place = ["-n", namespace];
  for (const name of ["prometheus", "stranger"]) {
    await cluster.kubectl(["create", "serviceaccount", name, ...place]);
  }
  await cluster.kubectl([
    ...["create", "clusterrolebinding", `prometheus.${namespace}`],
    `--clusterrole=meshwright-metrics-reader.${namespace}`,
    `--serviceaccount=${namespace}:prometheus`,
  ]);
  await using metrics = await startMetrics(namespace);
  const url = `https://127.0.0.1:${await metrics.port()}/metrics`;
  const { data } = await cluster.get<{ data: Record<string, string> }>(
    ["secret", "meshwright-metrics-tls", ...place],
  );
  const authority = atob(data["ca.crt"] ?? "");
  const allowed = await tokenOf(namespace, "prometheus");
  const [status, text] = await scrape(url, authority, allowed);
  assertEquals(status, 200);
  assertStringIncludes(text, "function_mesh_reconcile_count");
  const refused = await tokenOf(namespace, "stranger");
  assertEquals(await scrape(url, authority, refused), [403, "this account may not get /metrics\n"]);
  assertEquals(await scrape(url, authority, "made.up.token"), [401, "unknown token\n"]);
  assertEquals(await scrape(url, authority), [401, "show a bearer token\n"]);
  assertEquals((await scrape(url.replace("/metrics", "/healthz"), authority, allowed))[0], 404);
  // Verdicts are remembered: the next scrape asks nobody.
  const before = metrics.reviews().length;
  assertEquals((await scrape(url, authority, allowed))[0], 200);
  assertEquals(metrics.reviews().length, before);
  const unasked = metrics.log.filter((line) => line.includes("Cannot"));
  assertEquals(unasked, []);
  await cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
});

Deno.test("secure metrics answer nothing while the program may not ask who scrapes", async () => {
  const chosen = installation({ namespace: "unasked-metrics", metricsSecure: true });
  const { namespace } = chosen;
  await install(cluster, chosen);
  await cluster.kubectl(["delete", "clusterrolebinding", `meshwright-metrics.${namespace}`]);
  await using metrics = await startMetrics(namespace);
  const url = `https://127.0.0.1:${await metrics.port()}/metrics`;
  const { data } = await cluster.get<{ data: Record<string, string> }>(
    ["secret", "meshwright-metrics-tls", "-n", namespace],
  );
  const token = await tokenOf(namespace, "meshwright");
  const [status, text] = await scrape(url, atob(data["ca.crt"] ?? ""), token);
  assertEquals([status, text], [500, "cannot ask the API server about this token\n"]);
  assertStringIncludes(metrics.log.join(""), "Cannot ask who scrapes metrics");
  assertEquals(metrics.log.join("").includes(token), false);
  await cluster.kubectl(["delete", "namespace", namespace, "--wait=false"]);
});
