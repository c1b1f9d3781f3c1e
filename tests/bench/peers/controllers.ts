import { freePorts } from "../../../scripts/control_plane/ports.ts";
import type { PeerPrograms } from "./programs.ts";

/** How many requests the three programs let themselves make. */
export type Speed =
  /** As many as they like, and sixteen applies at a time, as the bare client. */
  | "unbound"
  /** What they do where nobody sets anything: 50 a second each of Flux's, 20 a second Function Mesh. */
  | "as released";

/** A program to start, and where it says how it is. */
export interface Controller {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** `http://…/readyz` */
  readonly readyUrl: string;
  /** `http://…/metrics` */
  readonly metricsUrl: string;
}

/** What the programs are told. */
export interface ControllersPlace {
  /** Where source-controller keeps what it fetched: like a volume it stays from one start to the next. */
  readonly storageFolder: string;
  readonly storagePort: number;
  /** With `tls.crt` and `tls.key`. */
  readonly certificateFolder: string;
  readonly webhookPort: number;
  readonly speed: Speed;
}

/** The three programs, without leader election, on ports that nobody uses yet. */
export function controllers(
  { functionMesh, kustomizeController, sourceController }: PeerPrograms,
  { certificateFolder, speed, storageFolder, storagePort, webhookPort }: ControllersPlace,
): Controller[] {
  const storage = `127.0.0.1:${storagePort}`;
  const ports = freePorts(6).map((port) => `127.0.0.1:${port}`);
  const [sourceHealth = "", sourceMetrics = "", applyHealth = "", applyMetrics = ""] = ports;
  const [meshHealth = "", meshMetrics = ""] = ports.slice(4);
  const isUnbound = speed === "unbound";
  const limits = isUnbound ? ["--kube-api-qps=1000", "--kube-api-burst=1000"] : [];
  const flux = [...limits, "--watch-all-namespaces=false"];
  return [
    controller("source-controller", sourceController, {
      health: sourceHealth,
      metrics: sourceMetrics,
      args: [
        ...flux,
        ...[`--health-addr=${sourceHealth}`, `--metrics-addr=${sourceMetrics}`],
        ...[`--storage-path=${storageFolder}`, `--storage-addr=${storage}`],
        `--storage-adv-addr=${storage}`,
      ],
    }),
    controller("kustomize-controller", kustomizeController, {
      health: applyHealth,
      metrics: applyMetrics,
      args: [
        ...flux,
        ...[`--health-addr=${applyHealth}`, `--metrics-addr=${applyMetrics}`],
        ...(isUnbound ? ["--concurrent-ssa=16"] : []),
      ],
    }),
    controller("function-mesh", functionMesh, {
      health: meshHealth,
      metrics: meshMetrics,
      args: [
        ...limits,
        ...[`--health-probe-addr=${meshHealth}`, `--metrics-addr=${meshMetrics}`],
        ...[`--webhook-port=${webhookPort}`, `--cert-dir=${certificateFolder}`],
      ],
    }),
  ];
}

function controller(
  name: string,
  program: string,
  { args, health, metrics }: {
    readonly health: string;
    readonly metrics: string;
    readonly args: readonly string[];
  },
): Controller {
  const [readyUrl, metricsUrl] = [`http://${health}/readyz`, `http://${metrics}/metrics`];
  return { name, program, args, readyUrl, metricsUrl };
}
