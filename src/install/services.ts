import type { KubeObject } from "#base";
import {
  type Installation,
  labelsOf,
  localMeta,
  PORTS,
  PROGRAM,
  RUNTIME_NAMES,
  SELECTOR,
} from "./installation.ts";

const METRICS = `${PROGRAM}-metrics`;
/** Tells the Service of the metrics from the others. */
const METRICS_LABEL = { "app.kubernetes.io/component": "metrics" };

/** How others get to the program: metrics, the webhook for the API server, and perhaps console and receiver. */
export function serviceObjects(installation: Installation): KubeObject[] {
  const metrics = service(installation, { name: METRICS, port: 8080, target: "metrics" });
  const labels = { ...labelsOf(installation), ...METRICS_LABEL };
  const consoleService = { name: `${PROGRAM}-console`, port: 443, target: "console" } as const;
  return [
    { ...metrics, metadata: { ...metrics.metadata, labels } },
    ...(installation.receiver
      ? [service(installation, { name: `${PROGRAM}-receiver`, port: 80, target: "receiver" })]
      : []),
    ...(installation.console ? [service(installation, consoleService)] : []),
    service(installation, { name: RUNTIME_NAMES.webhookService, port: 443, target: "webhook" }),
  ];
}

/** Never more than one pod at a time is drained: a single one may be, or its node could not. */
export function disruptionBudget(installation: Installation): KubeObject {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: localMeta(installation, PROGRAM),
    spec: { maxUnavailable: 1, selector: { matchLabels: SELECTOR } },
  };
}

/** Namespaces whose pods may scrape metrics without TLS have this label; so has kubebuilder's own policy. */
const SCRAPERS = { metrics: "enabled" };

/**
 * Who may connect to the program's pods. The API server and the kubelet are no pods that a policy could select, so the
 * webhook's and the health port are open to all, and guard themselves; metrics without TLS are for chosen namespaces.
 */
export function networkPolicy(installation: Installation): KubeObject {
  const { metricsSecure, receiver } = installation;
  const open = [
    PORTS.health,
    PORTS.webhook,
    ...(receiver ? [PORTS.receiver] : []),
    ...(installation.console ? [PORTS.console] : []),
  ];
  const scrapers = [
    { namespaceSelector: { matchLabels: SCRAPERS } },
    // Those of the program's own namespace.
    { podSelector: {} },
  ];
  const port = (number: number) => ({ port: number, protocol: "TCP" });
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: localMeta(installation, PROGRAM),
    spec: {
      podSelector: { matchLabels: SELECTOR },
      policyTypes: ["Ingress"],
      ingress: [
        { ports: [...open, ...(metricsSecure ? [PORTS.metrics] : [])].map(port) },
        ...(metricsSecure ? [] : [{ from: scrapers, ports: [port(PORTS.metrics)] }]),
      ],
    },
  };
}

/** For the Prometheus operator. */
export function serviceMonitor(installation: Installation): KubeObject {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: localMeta(installation, PROGRAM),
    spec: {
      endpoints: [{
        port: "metrics",
        // The label namespace is that of the resource, not of the program.
        honorLabels: true,
        ...(installation.metricsSecure ? secureEndpoint(installation) : {}),
      }],
      selector: { matchLabels: { ...SELECTOR, ...METRICS_LABEL } },
    },
  };
}

/** How a scraper finds whom to trust, and says who it is: with the token of its own pod. */
function secureEndpoint({ namespace }: Installation) {
  return {
    scheme: "https",
    bearerTokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token",
    tlsConfig: {
      ca: { secret: { name: RUNTIME_NAMES.metricsSecret, key: "ca.crt" } },
      serverName: `${METRICS}.${namespace}.svc`,
    },
  };
}

function service(
  installation: Installation,
  { name, port, target }: {
    readonly name: string;
    readonly port: number;
    readonly target: Exclude<keyof typeof PORTS, "health">;
  },
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: localMeta(installation, name),
    spec: {
      ports: [{ name: target, port, protocol: "TCP", targetPort: target }],
      selector: SELECTOR,
    },
  };
}
