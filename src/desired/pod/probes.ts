import type { Liveness } from "#api";
import { METRICS_PORT } from "../ports.ts";
import type { Part } from "../tidy.ts";

/**
 * The liveness probe of a runner, or undefined where no period asks for one. Thresholds that are not given are left to
 * Kubernetes' defaults (W-7).
 */
export function livenessProbe(liveness: Liveness | undefined): Part | undefined {
  const period = liveness?.periodSeconds ?? 0;
  if (liveness === undefined || period <= 0) return undefined;
  return {
    httpGet: { path: "/", port: METRICS_PORT.port, scheme: "HTTP" },
    initialDelaySeconds: positive(liveness.initialDelaySeconds),
    timeoutSeconds: period,
    periodSeconds: period,
    successThreshold: positive(liveness.successThreshold),
    failureThreshold: positive(liveness.failureThreshold),
  };
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}
