import type { Component } from "#api";
import { childMeta } from "./child_meta.ts";
import { selectorLabels, serviceName } from "./names.ts";
import { GRPC_PORT, METRICS_PORT } from "./ports.ts";
import type { Part } from "./tidy.ts";

/** The headless Service that gives the pods of a component their names. */
export function headlessService(component: Component): Part {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: childMeta(component, serviceName(component)),
    spec: {
      clusterIP: "None",
      ports: [GRPC_PORT, METRICS_PORT].map(({ name, port }) => ({ name, port, targetPort: port })),
      selector: selectorLabels(component),
    },
  };
}
