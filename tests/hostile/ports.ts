/** Every port that the program opens, each with its real server and its real limits. */
import { AdmissionServer } from "#admission";
import { systemClock } from "#base";
import { NumberHistory } from "#console";
import { type ClusterClient, httpCluster, ObjectStore } from "#kube";
import { startReceiver } from "#receiver";
import { createLogger, createMetrics, type Logger, type Server, startServer } from "#telemetry";
import { ConsoleServer } from "../../src/console_server.ts";
import { SecureMetrics } from "../../src/secure_metrics.ts";
import { ownCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { FakeCluster } from "../support/fake_cluster.ts";

/** By what it serves. */
export type PortName =
  | "console"
  | "console over TLS"
  | "metrics and health"
  | "receiver"
  | "secure metrics"
  | "webhook";

/** All there are: a test holds that the program opens no others. */
export const PORT_NAMES: readonly PortName[] = [
  ...["metrics and health", "receiver", "webhook", "secure metrics"] as const,
  ...["console", "console over TLS"] as const,
];

/** A port that listens. */
export interface OpenPort {
  readonly port: number;
  /** Whom to trust, where it speaks TLS. */
  readonly caCerts?: readonly string[];
  /** A path that it serves, and how it answers a bare `POST` or `GET` of it. */
  readonly path: string;
  readonly method: "GET" | "POST";
  /** Headers without which nothing of a body is read. */
  readonly headers: string;
}

/** All ports. Dispose to close them. */
export interface OpenPorts extends AsyncDisposable {
  readonly ports: Readonly<Record<PortName, OpenPort>>;
  readonly log: readonly string[];
}

const ADDRESS = "127.0.0.1:0";
const PROOF = `X-Signature-256: sha256=${"0".repeat(64)}\r\n`;
const TOKEN = "Authorization: Bearer made.up\r\n";

/** Opens all of them. */
export async function openPorts(): Promise<OpenPorts> {
  await using stack = new AsyncDisposableStack();
  const lines: string[] = [];
  const log = createLogger({ sink: (line) => lines.push(line) });
  const health = stack.use(
    await startServer({ address: ADDRESS, live: {}, ready: {}, metrics: createMetrics(), log }),
  ) as Server;
  const cluster = httpCluster(new FakeCluster(systemClock).transport());
  const receiver = stack.use(
    await startReceiver({
      address: ADDRESS,
      cluster,
      readerFor: () => cluster,
      clock: systemClock,
      log,
    }),
  ) as Server;
  const webhook = stack.use(new AdmissionServer({ address: ADDRESS, log }));
  const keys = await ownCertificates(["127.0.0.1"]);
  await webhook.use(keys);
  const secure = await secureMetrics(log, stack);
  const plain = await consolePort(ADDRESS, log, stack);
  const overTls = await consolePort("0.0.0.0:0", log, stack);
  const kept = stack.move();
  return {
    log: lines,
    ports: {
      "metrics and health": {
        port: portOf(health),
        path: "/healthz",
        method: "GET",
        headers: "",
      },
      receiver: { port: portOf(receiver), path: "/receive/a/b", method: "POST", headers: PROOF },
      webhook: {
        port: webhook.port ?? 0,
        caCerts: keys.authorities,
        path: "/validate-compute-functionmesh-io-v1alpha1-function",
        method: "POST",
        headers: "",
      },
      "secure metrics": { ...secure, path: "/metrics", method: "GET", headers: TOKEN },
      console: {
        ...plain,
        path: "/api/explain?kind=Function&namespace=a&name=b",
        method: "GET",
        headers: "",
      },
      "console over TLS": {
        ...overTls,
        path: "/api/stream",
        method: "GET",
        headers: TOKEN,
      },
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function secureMetrics(
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<Pick<OpenPort, "port" | "caCerts">> {
  const transport = new FakeCluster(systemClock).transport();
  const cluster = httpCluster(transport);
  const server = stack.use(
    new SecureMetrics({
      address: ADDRESS,
      namespace: "default",
      metrics: createMetrics(),
      cluster,
      transport,
      clock: systemClock,
      log,
    }),
  );
  const over = new AbortController();
  const running = server.run(over.signal);
  stack.defer(async () => {
    over.abort();
    await running;
  });
  const port = await eventually(() => server.port);
  return { port, caCerts: [await authorityOf(cluster, "meshwright-metrics-tls")] };
}

/** The console with nothing to show. */
async function consolePort(
  address: string,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<Pick<OpenPort, "port" | "caCerts">> {
  const transport = new FakeCluster(systemClock).transport();
  const cluster = httpCluster(transport);
  const source = {
    obstacle: () => undefined,
    cache: () => new ObjectStore(),
    nextLookAtMs: () => undefined,
    numbers: new NumberHistory({ pollMs: 30_000 }),
    cluster,
    program: { version: "0.0.0", server: "" },
    clock: systemClock,
  };
  const page = { "index.html": "", "page.css": "", "page.js": "" };
  const options = { address, source, page, namespace: "default", cluster, transport, log };
  const server = stack.use(await ConsoleServer.open(options));
  const over = new AbortController();
  const running = server.run(over.signal);
  stack.defer(async () => {
    over.abort();
    await running;
  });
  const { port, protocol } = new URL(await eventually(() => server.url));
  const authority = await authorityOf(cluster, "meshwright-console-tls");
  return { port: Number(port), ...(protocol === "https:" ? { caCerts: [authority] } : {}) };
}

/** Whom to trust, as a Secret says it; empty where there is none. */
async function authorityOf(cluster: ClusterClient, name: string): Promise<string> {
  const type = { apiVersion: "v1", kind: "Secret", plural: "secrets", namespaced: true } as const;
  const secret = await cluster.get(type, { namespace: "default", name });
  return atob((secret?.["data"] as Record<string, string> | undefined)?.["ca.crt"] ?? "");
}

function portOf(server: Server): number {
  return Number(new URL(server.url).port);
}
