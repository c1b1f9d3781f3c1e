/** Where a runner answers. */
export interface RunnerPort {
  readonly name: string;
  readonly port: number;
}

/** The instance's own control interface. */
export const GRPC_PORT: RunnerPort = { name: "tcp-grpc", port: 9093 };

/** Metrics, and the answer to the liveness probe. */
export const METRICS_PORT: RunnerPort = { name: "http-metrics", port: 9094 };
